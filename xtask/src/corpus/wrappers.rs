//! The corpus' scratch crate: compiles all wrappers, with warnings denied.

use crate::{files, scratch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
            let findings = self.cargo_check()?;
            if findings.errors.is_empty() {
                return findings.elsewhere.map_or(Ok(failed), |error| {
                    Err(format!("compiling the wrappers: {error}").into())
                });
            }
            for (file, errors) in findings.errors {
                files::write(&self.0.path().join(&file), "//! Left out: it does not compile.\n")?;
                failed.extend(wrapper(&file).zip(errors.into_values().next()));
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
        scratch::write_lock(folder)
    }

    fn cargo_check(&self) -> crate::Result<scratch::Findings> {
        let is_wrapper = |file: &Path| wrapper(file).is_some();
        let target_dir = scratch::target_dir("scratch");
        let mut findings = scratch::cargo(self.0.path(), &["check"], &target_dir, is_wrapper)?;
        // Nobody will use it again, and the next run's has another name.
        for file in findings.made.remove(NAME).iter().flatten() {
            files::remove(file);
        }
        Ok(findings)
    }
}

/// The name of the wrapper that a file of the crate is.
fn wrapper(file: &Path) -> Option<String> {
    let relative = file.strip_prefix("src/assets").ok()?;
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
