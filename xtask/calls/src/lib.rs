//! Runs one module in several variants that must do the same. Imported functions return zeros; imported
//! memories, tables and globals are new.

mod compare;
mod guest;
mod imported;

pub use compare::{Comparison, Exactness, Patience, Variant, compare};
pub use imported::Imported;

use std::path::Path;
use std::time::Duration;
use wasmport::EngineConfig;
use wasmport::engine::Target;

/// The result of a function; the message of an error is all there is to tell.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Time limits for one module: an emulator is slow, above all with an interpreter in it.
const PATIENCE: Patience =
    Patience { all: Duration::from_secs(600), export: Duration::from_secs(180) };

/// Maximum number of characters of a difference in messages.
const MAX_TEXT: usize = 300;

/// Calls the exports of all modules in the output folder of an import, on this machine and in its
/// interpreter. Returns a line for each module, which is the same on every machine.
///
/// # Errors
///
/// Fails if the folder holds no output of an import, or a module does not load.
pub fn lines(folder: &Path) -> Result<Vec<String>> {
    let imported = Imported::new(folder)?;
    let engine = EngineConfig::new().fuel(true);
    let mut targets = vec![Target::host()];
    // The artifact for interpreters is for little-endian machines.
    if cfg!(target_endian = "little") {
        targets.push(Target::PORTABLE);
    }
    let runtimes = imported.runtimes(&engine, &targets)?;
    let mut lines = Vec::new();
    for name in imported.modules() {
        let variants = imported.variants(name, &runtimes, engine)?;
        let found = compare(&variants, Exactness::SameCode, PATIENCE);
        let name = printable(name);
        lines.push(match &found.not_run {
            Some(why) => format!("{name}: not run: {why}"),
            None => format!(
                "{name}: {} calls, {} traps, digest {}",
                found.same,
                found.trapped,
                found.digest()
            ),
        });
        lines.extend(found.differences.iter().map(|text| format!("{name}: DIFFERENT: {text}")));
    }
    Ok(lines)
}

/// Shortens and escapes a text for one line.
pub fn shortened(text: &str) -> String {
    let mut short: String = printable(text).chars().take(MAX_TEXT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Escapes control characters and line ends: names in a wasm file are hostile text.
pub fn printable(text: &str) -> String {
    wasmport::support::printable(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_line_ends_are_escaped() {
        assert_eq!(printable("\x1b[31m `é`\n"), "\\u{1b}[31m `é`\\n");
    }
}
