//! The scratch crate: compiles generated wrappers as a program would, with warnings denied.

use super::files;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use tempfile::TempDir;

const NAME: &str = "wasmport_corpus";

/// As strict as a program that includes wrappers may be.
const LIB: &str = "\
//! Every wrapper of the corpus.
#![deny(warnings, missing_docs, unsafe_code)]

/// The wrappers.
pub mod assets;
";

/// A crate in a temporary folder, with the import's output as its only module.
pub(super) struct Scratch(TempDir);

/// What one compilation said.
#[derive(Default)]
struct Findings {
    /// By wrapper, the first error in it.
    wrappers: BTreeMap<String, String>,
    /// The first error that is in no wrapper.
    elsewhere: Option<String>,
}

impl Scratch {
    pub fn new() -> crate::Result<Self> {
        let folder = tempfile::Builder::new().prefix("wasmport-corpus-").tempdir();
        Ok(Self(folder.map_err(|e| format!("cannot create a temporary folder: {e}"))?))
    }

    /// Where the import is to put its output.
    pub fn out_dir(&self) -> PathBuf {
        self.0.path().join("src/assets")
    }

    /// Compiles the wrappers; returns those that failed, each with its first error.
    ///
    /// rustc does not come to the types and lints of any wrapper while it cannot parse or resolve
    /// one of them: each round leaves out those that failed before.
    pub fn check(&self) -> crate::Result<BTreeMap<String, String>> {
        self.write_crate()?;
        let mut failed = BTreeMap::new();
        loop {
            let Findings { wrappers, elsewhere } = self.cargo_check()?;
            if wrappers.is_empty() {
                return elsewhere.map_or(Ok(failed), |error| {
                    Err(format!("compiling the wrappers: {error}").into())
                });
            }
            for (wrapper, error) in wrappers {
                let path = self.out_dir().join(format!("{wrapper}.rs"));
                files::write(&path, "//! Left out: it does not compile.\n")?;
                failed.insert(wrapper, error);
            }
        }
    }

    fn write_crate(&self) -> crate::Result {
        let folder = self.0.path();
        let manifest = format!(
            "[package]\nname = \"{NAME}\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nwasmport = {{ path = {:?}, features = [\"gc\", \"threads\"] }}\n",
            crate::root().join("crates/wasmport")
        );
        files::write(&folder.join("Cargo.toml"), &manifest)?;
        files::write(&folder.join("src/lib.rs"), LIB)?;
        // The versions that this repository is tested with.
        let lock = files::read(&crate::root().join("Cargo.lock"))?;
        files::write(&folder.join("Cargo.lock"), &lock)
    }

    fn cargo_check(&self) -> crate::Result<Findings> {
        let mut child = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["check", "--message-format=json", "--target-dir"])
            .arg(target_dir())
            .current_dir(self.0.path())
            // Each run compiles everything once, in a folder that no other run has.
            .env("CARGO_INCREMENTAL", "0")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start cargo: {e}"))?;
        let mut findings = Findings::default();
        if let Some(stdout) = child.stdout.take() {
            findings.read(stdout, self.0.path())?;
        }
        if !child.wait()?.success() && findings.wrappers.is_empty() {
            findings.elsewhere.get_or_insert("`cargo check` failed".into());
        }
        Ok(findings)
    }
}

/// One folder for all runs, so that only the first one compiles Wasmtime.
fn target_dir() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // The child runs in another folder.
    let target = target.and_then(|target| std::path::absolute(target).ok());
    target.unwrap_or_else(|| crate::root().join("target")).join("scratch")
}

impl Findings {
    fn read(&mut self, stdout: ChildStdout, root: &Path) -> crate::Result {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            match message? {
                Message::CompilerMessage(message) => self.add(&message.message, root),
                // Nobody will use it again, and the next run's has another name.
                Message::CompilerArtifact(artifact) if artifact.target.name == NAME => {
                    artifact.filenames.iter().for_each(|file| files::remove(file.as_ref()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, diagnostic: &Diagnostic, root: &Path) {
        if !matches!(diagnostic.level, DiagnosticLevel::Error | DiagnosticLevel::Ice) {
            return;
        }
        let text = || diagnostic.rendered.as_ref().unwrap_or(&diagnostic.message).clone();
        match wrapper(diagnostic, root) {
            Some(wrapper) => drop(self.wrappers.entry(wrapper).or_insert_with(text)),
            None => drop(self.elsewhere.get_or_insert_with(text)),
        }
    }
}

/// The name of the wrapper that an error is in, of a macro's error the one that calls it.
fn wrapper(diagnostic: &Diagnostic, root: &Path) -> Option<String> {
    let mut spans = diagnostic.spans.iter().filter(|span| span.is_primary);
    spans.find_map(|span| callers(span).find_map(|span| wrapper_at(&span.file_name, root)))
}

fn callers(span: &DiagnosticSpan) -> impl Iterator<Item = &DiagnosticSpan> {
    std::iter::successors(Some(span), |span| Some(&span.expansion.as_ref()?.span))
}

fn wrapper_at(file: &str, root: &Path) -> Option<String> {
    // rustc names files relative to the crate, or in full.
    let path = root.join(file);
    let relative = path.strip_prefix(root.join("src/assets")).ok()?;
    let is_wrapper = relative.file_name()? != "mod.rs";
    is_wrapper.then(|| relative.with_extension("").to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_wrappers_or_elsewhere() {
        let at = |file| wrapper_at(file, Path::new("/scratch"));
        assert_eq!(at("src/assets/a/b.rs").as_deref(), Some("a/b"));
        assert_eq!(at("/scratch/src/assets/b.rs").as_deref(), Some("b"));
        assert_eq!(at("src/assets/a/mod.rs"), None);
        assert_eq!(at("src/lib.rs"), None);
        assert_eq!(at("/repository/crates/wasmport/src/macros.rs"), None);
    }
}
