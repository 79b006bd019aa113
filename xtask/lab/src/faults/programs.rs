//! The test programs of the workspace, and what they report of single tests.

use super::Test;
use crate::libtest::{self, Outcome};
use crate::{Result, messages, root};
use cargo_metadata::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A test program.
pub(super) struct Program {
    path: PathBuf,
    /// The root of its source, below the root of the repository.
    source: String,
    /// The folder of its package.
    package: PathBuf,
}

impl Program {
    /// Builds all test programs, as `cargo test --workspace` does.
    pub fn build() -> Result<Vec<Self>> {
        let mut cargo = crate::cargo();
        cargo.args([
            "test",
            "--workspace",
            "--tests",
            "--no-run",
            "--message-format",
            "json-render-diagnostics",
        ]);
        let mut programs = Vec::new();
        let is_built = messages::read(cargo.current_dir(root()), |message| {
            programs.extend(Self::of(message)?);
            Ok(())
        })?;
        if is_built { Ok(programs) } else { Err("the tests do not compile".into()) }
    }

    /// Returns the test program that a message of cargo names.
    fn of(message: Message) -> Result<Option<Self>> {
        let Message::CompilerArtifact(artifact) = message else { return Ok(None) };
        let Some(path) = artifact.executable.filter(|_| artifact.profile.test) else {
            return Ok(None);
        };
        let source = artifact.target.src_path.as_std_path().strip_prefix(root())?;
        let package = artifact.manifest_path.parent().ok_or("a manifest has no folder")?;
        let source = source.display().to_string().replace('\\', "/");
        Ok(Some(Self { path: path.into(), source, package: package.into() }))
    }

    pub fn name(&self) -> &str {
        &self.source
    }

    /// Returns whether the source file is part of the program. Modules are below `main.rs` or `lib.rs`, or in
    /// the folder of the root's name.
    pub fn contains(&self, file: &str) -> bool {
        is_part(&self.source, file)
    }

    /// Runs all tests of faults and returns the outcomes of these. A test that the program does not have was
    /// not compiled for this system.
    pub fn run(&self, tests: Vec<Test>) -> Result<BTreeMap<Test, Outcome>> {
        let mut command = Command::new(&self.path);
        command.arg("fault_").current_dir(&self.package).env("CARGO_MANIFEST_DIR", &self.package);
        let output = command.output()?;
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            eprintln!("{text}{errors}");
        }
        let reported: Vec<_> = libtest::outcomes(&text).collect();
        let has_ended = libtest::has_ended(&text);
        let outcome = |test: Test| {
            let modules = modules(&test.file);
            let of_test = |(name, outcome): &(&str, Outcome)| {
                let (above, function) = name.rsplit_once("::").unwrap_or(("", name));
                (function == test.name && is_within(above, &modules)).then_some(*outcome)
            };
            let crashed = (!has_ended).then_some(Outcome::Failed);
            let outcome = reported.iter().find_map(of_test).or(crashed)?;
            Some((test, outcome))
        };
        Ok(tests.into_iter().filter_map(outcome).collect())
    }
}

/// Returns whether a source file belongs to the program with this root.
fn is_part(source: &str, file: &str) -> bool {
    let stem = source.trim_end_matches(".rs");
    let folder = ["/main", "/lib"].iter().find_map(|name| stem.strip_suffix(name)).unwrap_or(stem);
    source == file || Path::new(file).starts_with(folder)
}

/// Returns the file's path as a path of modules, which ends with that of the file.
fn modules(file: &str) -> String {
    file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::")
}

/// Returns whether a module is that of a file, or within it.
fn is_within(mut module: &str, file: &str) -> bool {
    loop {
        let is_end = file.strip_suffix(module).is_some_and(|rest| rest.ends_with("::"));
        // The root's own path is empty.
        if is_end || module.is_empty() || module == "tests" {
            return true;
        }
        let Some((above, _)) = module.rsplit_once("::") else { return false };
        module = above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_programs() {
        assert!(is_part("a/tests/it/main.rs", "a/tests/it/store.rs"));
        assert!(is_part("a/tests/cli.rs", "a/tests/cli/store.rs"));
        assert!(is_part("a/src/lib.rs", "a/src/fs/mod.rs"));
        assert!(!is_part("a/tests/it/main.rs", "b/tests/it/store.rs"));
        assert!(!is_part("a/tests/cli.rs", "a/tests/client.rs"));
        assert_eq!(modules("a/src/fs/mod.rs"), "a::src::fs");
        let is_in = |module: &str, file: &str| is_within(module, &modules(file));
        assert!(is_in("fs::tests", "a/src/fs/tests.rs") && is_in("fs::tests", "a/src/fs.rs"));
        assert!(is_in("fs::unix::deep", "a/src/fs/mod.rs") && is_in("tests", "a/src/lib.rs"));
        assert!(is_in("", "a/tests/cli.rs"));
        assert!(!is_in("fs::tests", "a/src/dir.rs") && !is_in("s::tests", "a/src/fs.rs"));
    }
}
