//! The scratch crate: compiles generated wrappers as a program would, with warnings denied.

use super::files;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use tempfile::TempDir;

const NAME: &str = "wasmport_scratch";

/// As strict as a program that includes wrappers may be.
const LIB: &str = "\
//! Every wrapper of the import.
#![deny(warnings, missing_docs, unsafe_code)]

/// The wrappers.
pub mod assets;
";

/// What takes the place of a file that does not compile, by its folder. A program's part for a
/// wrapper is left out with it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("assets", "//! Left out: it does not compile.\n"),
    ("calls", "pub fn call(_: &mut crate::Run) {}\n"),
];

/// A crate in a temporary folder, with the import's output as its only module; beside it may be a
/// program that uses the wrappers, each in a module of `calls` that has its name.
pub(crate) struct Scratch(TempDir);

/// What became of the crate.
pub(crate) struct Outcome {
    /// The wrappers that failed, each with its first error.
    pub failed: BTreeMap<String, String>,
    /// The program, where it was built.
    pub program: Option<PathBuf>,
}

/// What one compilation said.
#[derive(Default)]
struct Findings {
    /// By wrapper, the first error in it.
    wrappers: BTreeMap<String, String>,
    /// The first error that is in no wrapper.
    elsewhere: Option<String>,
    program: Option<PathBuf>,
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

    /// Where the sources are.
    pub fn src(&self) -> PathBuf {
        self.0.path().join("src")
    }

    /// Compiles the wrappers; returns those that failed, each with its first error.
    pub fn check(&self) -> crate::Result<BTreeMap<String, String>> {
        Ok(self.compile("check")?.failed)
    }

    /// Builds the program. Its executable stays until the caller removes it.
    pub fn build(&self) -> crate::Result<Outcome> {
        self.compile("build")
    }

    /// rustc does not come to the types and lints of any wrapper while it cannot parse or resolve
    /// one of them: each round leaves out those that failed before.
    fn compile(&self, command: &str) -> crate::Result<Outcome> {
        self.write_crate()?;
        let mut failed = BTreeMap::new();
        loop {
            let Findings { wrappers, elsewhere, program } = self.cargo(command)?;
            if wrappers.is_empty() {
                return elsewhere.map_or(Ok(Outcome { failed, program }), |error| {
                    Err(format!("compiling the wrappers: {error}").into())
                });
            }
            for (wrapper, error) in wrappers {
                self.leave_out(&wrapper)?;
                failed.insert(wrapper, error);
            }
        }
    }

    fn leave_out(&self, wrapper: &str) -> crate::Result {
        for (folder, text) in LEFT_OUT {
            let path = self.src().join(folder).join(format!("{wrapper}.rs"));
            if path.exists() {
                files::write(&path, text)?;
            }
        }
        Ok(())
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

    fn cargo(&self, command: &str) -> crate::Result<Findings> {
        let mut child = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args([command, "--message-format=json", "--target-dir"])
            // One folder for all runs, so that only the first one compiles Wasmtime.
            .arg(target_dir().join("scratch"))
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
            findings.elsewhere.get_or_insert("cargo failed".into());
        }
        Ok(findings)
    }
}

/// Cargo's target folder.
pub(crate) fn target_dir() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // The child runs in another folder.
    let target = target.and_then(|target| std::path::absolute(target).ok());
    target.unwrap_or_else(|| crate::root().join("target"))
}

impl Findings {
    fn read(&mut self, stdout: ChildStdout, root: &Path) -> crate::Result {
        let mut left = Vec::new();
        for message in Message::parse_stream(BufReader::new(stdout)) {
            match message? {
                Message::CompilerMessage(message) => self.add(&message.message, root),
                // Nobody will use it again, and the next run's has another name.
                Message::CompilerArtifact(artifact) if artifact.target.name == NAME => {
                    match artifact.executable {
                        Some(program) => self.program = Some(program.into()),
                        None => left.extend(artifact.filenames),
                    }
                }
                _ => {}
            }
        }
        left.iter().for_each(|file| files::remove(file.as_ref()));
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
    let below = |folder| path.strip_prefix(root.join("src").join(folder)).ok();
    let relative = LEFT_OUT.iter().find_map(|(folder, _)| below(folder))?;
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
        assert_eq!(at("src/calls/b.rs").as_deref(), Some("b"));
        assert_eq!(at("src/assets/a/mod.rs"), None);
        assert_eq!(at("src/lib.rs"), None);
        assert_eq!(at("/repository/crates/wasmport/src/macros.rs"), None);
    }
}
