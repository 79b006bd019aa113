//! The scratch crate: all wrappers as a library, with warnings denied, and a program that uses them.

use crate::{files, scratch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PROGRAM: &str = "program";

/// As strict as a program that includes wrappers may be.
const LIB: &str = "\
//! Every wrapper of the import.
#![deny(warnings, missing_docs, unsafe_code)]

/// The wrappers.
pub mod assets;
";

/// What takes the place of files that do not compile, by folder: a wrapper, and the program's
/// module for it, which has the same name.
const LEFT_OUT: &[(&str, &str)] = &[
    ("src/assets", "//! Left out: it does not compile.\n"),
    ("src/calls", "pub fn call(_: &mut crate::Run) {}\n"),
];

/// A crate in a temporary folder.
pub struct Scratch(TempDir);

/// What became of the crate.
pub struct Built {
    /// The wrappers that failed, each with its first error.
    pub failed: BTreeMap<String, String>,
    pub program: PathBuf,
}

impl Scratch {
    pub fn new() -> crate::Result<Self> {
        Ok(Self(tempfile::Builder::new().prefix("wasmport-smith-").tempdir()?))
    }

    /// Where the sources are.
    pub fn src(&self) -> PathBuf {
        self.0.path().join("src")
    }

    /// Where the import is to put its output.
    pub fn out_dir(&self) -> PathBuf {
        self.src().join("assets")
    }

    /// rustc does not come to the types and lints of any wrapper while it cannot parse or resolve
    /// one of them: each round leaves out those that failed before.
    pub fn build(&self) -> crate::Result<Built> {
        self.write_crate()?;
        let mut failed = BTreeMap::new();
        loop {
            // Where the conformance tests' programs are built: their dependencies are the same.
            let target_dir = scratch::target_dir("conformance/target");
            let is_generated = |file: &Path| wrapper(file).is_some();
            let mut findings =
                scratch::cargo(self.0.path(), &["build"], &target_dir, is_generated)?;
            if findings.errors.is_empty() {
                if let Some(error) = findings.elsewhere {
                    return Err(format!("compiling the wrappers: {error}").into());
                }
                let program = findings.made.remove(PROGRAM).and_then(|mut files| files.pop());
                let program = program.ok_or("cargo has made no program")?;
                return Ok(Built { failed, program });
            }
            for (file, errors) in findings.errors {
                for (wrapper, error) in wrapper(&file).into_iter().zip(errors.into_values()) {
                    self.leave_out(&wrapper)?;
                    failed.entry(wrapper).or_insert(error);
                }
            }
        }
    }

    fn leave_out(&self, wrapper: &str) -> crate::Result {
        LEFT_OUT.iter().try_for_each(|(folder, text)| {
            files::write(&self.0.path().join(folder).join(format!("{wrapper}.rs")), text)
        })
    }

    fn write_crate(&self) -> crate::Result {
        let folder = self.0.path();
        let manifest = format!(
            "[package]\nname = \"wasmport_scratch\"\nedition = \"2024\"\n\n\
             [[bin]]\nname = {PROGRAM:?}\npath = \"src/main.rs\"\n\n[workspace]\n\n\
             [dependencies]\nwasmport = {{ path = {:?}, features = [\"gc\", \"threads\"] }}\n\n\
             [profile.dev]\ndebug = false\nincremental = false\npanic = \"abort\"\n\n\
             [profile.dev.package.\"*\"]\nopt-level = 2\n",
            crate::root().join("crates/wasmport")
        );
        files::write(&folder.join("Cargo.toml"), manifest)?;
        files::write(&folder.join("src/lib.rs"), LIB)?;
        let main = files::read(&crate::root().join("fixtures/smith/main.rs"))?;
        files::write(&folder.join("src/main.rs"), main)?;
        scratch::write_lock(folder)
    }
}

/// The name of the wrapper that a file of the crate is, or is for.
fn wrapper(file: &Path) -> Option<String> {
    let relative = LEFT_OUT.iter().find_map(|(folder, _)| file.strip_prefix(folder).ok())?;
    let is_wrapper = relative.file_name()? != "mod.rs";
    is_wrapper.then(|| relative.with_extension("").to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_wrappers_or_elsewhere() {
        let at = |file| wrapper(Path::new(file));
        assert_eq!(at("src/assets/m1.rs").as_deref(), Some("m1"));
        assert_eq!(at("src/calls/m1.rs").as_deref(), Some("m1"));
        assert_eq!(at("src/assets/mod.rs"), None);
        assert_eq!(at("src/main.rs"), None);
    }
}
