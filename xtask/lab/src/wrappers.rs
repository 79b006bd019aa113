//! A crate of all wrappers of an import, compiled with warnings denied, and optionally a program that
//! uses them.

use crate::{files, scratch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The crate's name in a program.
pub(crate) const NAME: &str = "wasmport_wrappers";

/// Source of the library, as strict as a program that includes wrappers may be.
const LIB: &str = "\
//! Every wrapper of the import.
#![deny(warnings, missing_docs, unsafe_code)]

/// The wrappers.
pub mod assets;
";

/// Replacement for a file that does not compile, by its folder: the wrapper's, and the part of the
/// program that uses it.
const LEFT_OUT: &[(&str, &str)] = &[
    ("src/assets", "//! Left out: it does not compile.\n"),
    ("src/calls", "pub fn call(_: &mut crate::Run) {}\n"),
];

/// A crate in a temporary folder, with the import's output as its only module.
pub(crate) struct Wrappers(TempDir);

/// Result of building the crate.
pub(crate) struct Outcome {
    /// The wrappers that failed, each with its first error.
    pub failed: BTreeMap<String, String>,
    /// The program, if the crate has one.
    pub program: Option<PathBuf>,
}

impl Wrappers {
    pub fn new() -> crate::Result<Self> {
        let folder = tempfile::Builder::new().prefix("wasmport-wrappers-").tempdir();
        Ok(Self(folder.map_err(|e| format!("cannot create a temporary folder: {e}"))?))
    }

    /// Returns the output folder for the import.
    pub fn out_dir(&self) -> PathBuf {
        self.src().join("assets")
    }

    /// Returns the folder of the program, which has a file `calls/NAME.rs` for each wrapper.
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

    /// Compiles in rounds, each without the wrappers that failed before: rustc checks no types and
    /// lints while it cannot parse or resolve one of the files.
    fn compile(&self, command: &str) -> crate::Result<Outcome> {
        self.write_crate()?;
        let mut failed = BTreeMap::new();
        loop {
            let findings = self.cargo(command)?;
            if findings.errors.is_empty() {
                if let Some(error) = findings.elsewhere {
                    return Err(format!("compiling the wrappers: {error}").into());
                }
                let mut artifacts = findings.artifacts.into_values().flatten();
                let program =
                    artifacts.find(|file| file.file_stem().is_some_and(|stem| stem == "program"));
                return Ok(Outcome { failed, program });
            }
            for (file, errors) in findings.errors {
                let Some(wrapper) = wrapper(&file) else { continue };
                for (folder, text) in LEFT_OUT {
                    let path = self.0.path().join(folder).join(format!("{wrapper}.rs"));
                    if path.exists() {
                        files::write(&path, text)?;
                    }
                }
                self.unlist(&wrapper)?;
                failed.extend(errors.into_values().next().map(|error| (wrapper, error)));
            }
        }
    }

    /// Removes a wrapper from the list of all assets.
    fn unlist(&self, wrapper: &str) -> crate::Result {
        let path = self.out_dir().join("mod.rs");
        let item = format!("{}::ASSET.as_any()", wrapper.replace('/', "::"));
        // A short list is on one line, a long one has a line per item.
        let text = files::read(&path)?.replace(&format!("{item}, "), "");
        files::write(&path, text.replace(&format!("{item},\n"), "\n").replace(&item, ""))
    }

    fn write_crate(&self) -> crate::Result {
        let folder = self.0.path();
        let program = self.src().join("main.rs").exists();
        let program =
            if program { "[[bin]]\nname = \"program\"\npath = \"src/main.rs\"\n\n" } else { "" };
        // Hyper and rustls, which few wrappers need.
        let http = if self.any_contains("__require_wasi_http")? { ", \"wasi-http\"" } else { "" };
        let manifest = format!(
            "[package]\nname = \"{NAME}\"\nedition = \"2024\"\n\n[workspace]\n\n{program}\
             [dependencies]\nwasmport = {{ path = {:?}, features = [\"component-model-async\", \"gc\", \"threads\", \"wasi-p3\"{http}] }}\n",
            crate::root().join("crates/wasmport")
        );
        files::write(&folder.join("Cargo.toml"), &manifest)?;
        files::write(&folder.join("src/lib.rs"), LIB)?;
        scratch::write_lock(folder)
    }

    /// Returns whether a wrapper has this text.
    fn any_contains(&self, text: &str) -> crate::Result<bool> {
        for entry in walkdir::WalkDir::new(self.out_dir()) {
            let entry = entry.map_err(|e| format!("cannot list the wrappers: {e}"))?;
            let is_wrapper = entry.path().extension().is_some_and(|extension| extension == "rs");
            if is_wrapper && files::read(entry.path())?.contains(text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn cargo(&self, command: &str) -> crate::Result<scratch::Findings> {
        let is_wrapper = |file: &Path| wrapper(file).is_some();
        let target_dir = scratch::target_dir("scratch");
        let mut findings = scratch::cargo(self.0.path(), &[command], &target_dir, is_wrapper)?;
        // The next run's library has another name.
        for file in findings.artifacts.remove(NAME).iter().flatten() {
            files::remove(file);
        }
        Ok(findings)
    }
}

/// Returns the name of the wrapper that a file of the crate is or uses.
fn wrapper(file: &Path) -> Option<String> {
    let folders = LEFT_OUT.iter().find_map(|(folder, _)| file.strip_prefix(folder).ok());
    let relative = folders?;
    let is_wrapper = relative.file_name()? != "mod.rs";
    is_wrapper.then(|| relative.with_extension("").to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_wrappers_or_elsewhere() {
        let at = |file| wrapper(Path::new(file));
        assert_eq!(at("src/assets/a/b.rs").as_deref(), Some("a/b"));
        assert_eq!(at("src/assets/a/mod.rs"), None);
        assert_eq!(at("src/lib.rs"), None);
    }
}
