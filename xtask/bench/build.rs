//! Imports what is measured: `assets`, and modules with few and with many exports.

#[path = "src/exports.rs"]
mod exports;

use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out_dir = std::env::var("OUT_DIR")?;
    let made = Path::new(&out_dir).join("made");
    fs::create_dir_all(&made)?;
    for (name, count) in [("few", 3), ("many", 2_000)] {
        fs::write(made.join(format!("{name}.wat")), exports::wat(count))?;
    }
    let mut strings = wasmport_build::AssetSettings::matching("strings.wat");
    strings.api = Some("fn echo(text: &str) -> String;".into());
    // Not `import`, which would have cargo watch the files that were just written.
    let report = wasmport_build::configure()
        .root("assets")
        .root("../../fixtures/assets/components/shelf.wasm")
        .root(made)
        .asset(strings)
        .out_dir(Path::new(&out_dir).join("wasmport"))
        .run(&())?;
    for path in
        ["build.rs", "src/exports.rs", "assets", "../../fixtures/assets/components/shelf.wasm"]
    {
        println!("cargo::rerun-if-changed={path}");
    }
    match report.failures().next() {
        Some((_, error)) => Err(error.to_string().into()),
        None => Ok(()),
    }
}
