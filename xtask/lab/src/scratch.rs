//! Scratch crates: compiles generated code as a program would and returns the errors by file.

use crate::{files, messages};
use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Messages of one compilation.
#[derive(Default)]
pub(crate) struct Findings {
    /// The first error in each line, by file below the folder.
    pub errors: BTreeMap<PathBuf, BTreeMap<usize, String>>,
    /// The first error outside of these files.
    pub elsewhere: Option<String>,
    /// Compiled files, by the target's name.
    pub artifacts: BTreeMap<String, Vec<PathBuf>>,
}

/// Copies the lock file of this repository, for the versions that it is tested with.
pub(crate) fn write_lock(folder: &Path) -> crate::Result {
    let lock = files::read(&crate::root().join("Cargo.lock"))?;
    files::write(&folder.join("Cargo.lock"), lock)
}

/// Runs cargo in `folder`; errors are those of files below it that `is_generated` selects.
pub(crate) fn cargo(
    folder: &Path,
    args: &[&str],
    target_dir: &Path,
    is_generated: impl Fn(&Path) -> bool,
) -> crate::Result<Findings> {
    let mut findings = Findings::default();
    let mut cargo = crate::cargo();
    cargo.args(args).args(["--message-format=json", "--target-dir"]).arg(target_dir);
    // Each run compiles most files only once.
    cargo.env("CARGO_INCREMENTAL", "0").current_dir(folder);
    let is_built = messages::read(&mut cargo, |message| {
        findings.read(message, folder, &is_generated);
        Ok(())
    })?;
    if !is_built && findings.errors.is_empty() {
        findings.elsewhere.get_or_insert(format!("`cargo {}` failed", args.join(" ")));
    }
    Ok(findings)
}

/// Returns the target folder of this name. All runs share it: only the first one compiles Wasmtime.
pub(crate) fn target_dir(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // Cargo runs in another folder.
    let target = target.and_then(|target| std::path::absolute(target).ok());
    target.unwrap_or_else(|| crate::root().join("target")).join(name)
}

impl Findings {
    fn read(&mut self, message: Message, root: &Path, is_generated: impl Fn(&Path) -> bool) {
        match message {
            Message::CompilerMessage(message) => self.add(&message.message, root, is_generated),
            Message::CompilerArtifact(artifact) => {
                let files = artifact.filenames.into_iter().chain(artifact.executable);
                let files = files.map(Into::into).collect();
                self.artifacts.insert(artifact.target.name, files);
            }
            _ => {}
        }
    }

    fn add(&mut self, diagnostic: &Diagnostic, root: &Path, is_generated: impl Fn(&Path) -> bool) {
        if !matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Ice) {
            return;
        }
        let text = || diagnostic.rendered.as_ref().unwrap_or(&diagnostic.message).clone();
        match location(diagnostic, root, is_generated) {
            Some((file, line)) => {
                self.errors.entry(file).or_default().entry(line).or_insert_with(text);
            }
            None => drop(self.elsewhere.get_or_insert_with(text)),
        }
    }
}

/// Returns the file and line of an error; if it is in a macro, those of the call.
fn location(
    diagnostic: &Diagnostic,
    root: &Path,
    is_generated: impl Fn(&Path) -> bool,
) -> Option<(PathBuf, usize)> {
    let at = |span: &DiagnosticSpan| {
        let file = below(&span.file_name, root).filter(|file| is_generated(file))?;
        Some((file, span.line_start))
    };
    let mut spans = diagnostic.spans.iter().filter(|span| span.is_primary);
    spans.find_map(|span| callers(span).find_map(at))
}

fn callers(span: &DiagnosticSpan) -> impl Iterator<Item = &DiagnosticSpan> {
    std::iter::successors(Some(span), |span| Some(&span.expansion.as_ref()?.span))
}

/// Makes a file relative to the folder; rustc names it either way.
fn below(file: &str, root: &Path) -> Option<PathBuf> {
    Some(root.join(file).strip_prefix(root).ok()?.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_below_the_folder_or_elsewhere() {
        let at = |file| below(file, Path::new("/scratch"));
        assert_eq!(at("src/assets/a/b.rs").as_deref(), Some(Path::new("src/assets/a/b.rs")));
        assert_eq!(at("/scratch/src/b.rs").as_deref(), Some(Path::new("src/b.rs")));
        assert_eq!(at("/repository/crates/wasmport/src/macros.rs"), None);
    }
}
