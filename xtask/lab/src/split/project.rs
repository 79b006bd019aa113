//! A project whose import is split, with the command, the cache and the key that its jobs have.

use crate::files;
use crate::processes::complete;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use walkdir::WalkDir;

/// The number of parts, as in all recipes.
pub(super) const PARTS: u32 = 4;

/// Targets for which every build of this program has a code generator.
const TARGETS: &str = r#"targets = ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu+v3", "portable", "source"]"#;

/// A project.
pub(super) struct Project {
    base: TempDir,
    /// The outputs of an import on one machine.
    expected: Outputs,
    out_dir: &'static str,
}

type Outputs = BTreeMap<PathBuf, Vec<u8>>;

/// The results of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub items: u64,
    pub cached: u64,
}

impl Project {
    /// The fixtures of this repository, for several targets.
    pub fn fixtures() -> crate::Result<Self> {
        let project = Self::empty("generated/src/assets")?;
        files::copy_fixtures(&project.folder())?;
        let settings = files::read(&project.folder().join("wasmport.toml"))?;
        let settings = settings.replace(r#"targets = ["x86_64-unknown-linux-gnu"]"#, TARGETS);
        // The interpreter has no shared memories.
        let settings = settings + "\n[[asset]]\nmatch = \"**\"\nunsupported = \"skip\"\n";
        project.complete(&settings)
    }

    /// A few small assets.
    pub fn small() -> crate::Result<Self> {
        let project = Self::empty("src/assets")?;
        for number in 0..5 {
            let text = format!("(module (func (export \"f\") (result i32) (i32.const {number})))");
            files::write(&project.folder().join(format!("assets/a{number}.wat")), text)?;
        }
        project.complete(TARGETS)
    }

    fn empty(out_dir: &'static str) -> crate::Result<Self> {
        Ok(Self { base: tempfile::tempdir()?, expected: Outputs::new(), out_dir })
    }

    /// Writes what jobs need, and imports on one machine.
    fn complete(mut self, settings: &str) -> crate::Result<Self> {
        files::write(&self.folder().join("wasmport.toml"), settings)?;
        files::write(&self.base.path().join("key"), "5".repeat(64))?;
        let lab = std::env::current_exe()?.display().to_string();
        let reports = self.reports();
        files::write(&reports.join(".keep"), "")?;
        // Cargo starts it with `wasmport` first. Its reports tell what was compiled.
        let command = format!(
            "#!/bin/sh\nshift\ncommand=$1\nshift\nreport=$(mktemp '{}/XXXXXXXX')\n\
             '{lab}' \"$command\" --config wasmport.toml --format json \"$@\" > \"$report\"\n",
            reports.display()
        );
        files::write_program(&self.base.path().join("bin/cargo-wasmport"), &command)?;
        let mut alone = Command::new(&lab);
        alone.args(["import", "--config", "wasmport.toml", "--no-cache", "--quiet"]);
        let _ = complete(alone.current_dir(self.folder()))?;
        self.expected = self.outputs(&self.folder())?;
        self.forget()?;
        Ok(self)
    }

    /// Removes the outputs.
    pub fn forget(&self) -> crate::Result {
        files::remove(&self.folder().join("wasmport.lock"));
        Ok(std::fs::remove_dir_all(self.folder().join(self.out_dir))?)
    }

    pub fn base(&self) -> &Path {
        self.base.path()
    }

    pub fn folder(&self) -> PathBuf {
        self.base.path().join("project")
    }

    fn reports(&self) -> PathBuf {
        self.base.path().join("reports")
    }

    /// Adds what a job has in its environment.
    pub fn environment(&self, command: &mut Command) -> crate::Result {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let own = self.base.path().join("bin");
        let paths = std::iter::once(own).chain(std::env::split_paths(&paths));
        command.env("PATH", std::env::join_paths(paths)?);
        command.env("WASMPORT_CACHE_DIR", self.base.path().join("cache"));
        command.env("WASMPORT_CACHE_KEY_FILE", self.base.path().join("key"));
        Ok(())
    }

    /// Returns the number of artifacts in the cache.
    pub fn artifacts(&self) -> usize {
        let entries = WalkDir::new(self.base.path().join("cache/records")).into_iter().flatten();
        let is_artifact = |path: &Path| path.to_string_lossy().contains("/records/artifact-");
        entries.filter(|entry| entry.file_type().is_file() && is_artifact(entry.path())).count()
    }

    /// Returns the number of artifacts that an import compiles.
    pub fn expected_artifacts(&self) -> usize {
        let is_artifact =
            |path: &Path| path.extension().is_some_and(|extension| extension == "cwasm");
        self.expected.keys().filter(|path| is_artifact(path)).count()
    }

    /// Returns the results of the parts that came to their end, in the order of the parts.
    pub fn parts(&self) -> crate::Result<BTreeMap<u64, Part>> {
        let mut parts = BTreeMap::new();
        for entry in WalkDir::new(self.reports()).min_depth(1) {
            let text = files::read(entry?.path())?;
            let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let number = |key: &str| report["part"][key].as_u64();
            if let (Some(part), Some(items), Some(cached)) =
                (number("part"), number("items"), number("cached"))
                && parts.insert(part, Part { items, cached }).is_some()
            {
                return Err(format!("part {part} came to its end twice").into());
            }
        }
        Ok(parts)
    }

    /// Compares the outputs in a folder with those of an import on one machine, and prints what was compiled.
    pub fn compare(&self, engine: &str, folder: impl AsRef<Path>) -> crate::Result {
        if self.outputs(folder.as_ref())? != self.expected {
            return Err("the outputs differ from those of an import on one machine".into());
        }
        let parts = self.parts()?;
        if parts.len() != PARTS as usize {
            return Err(format!("not all parts came to their end: {parts:?}").into());
        }
        let items: u64 = parts.values().map(|part| part.items).sum();
        println!("{engine}: {items} items in {PARTS} parts, outputs as on one machine");
        Ok(())
    }

    /// Checks that one part, which was killed, found what it had stored, and that no other part found anything.
    pub fn check_killed(&self, engine: &str, killed: u64) -> crate::Result {
        let parts = self.parts()?;
        let of_killed = parts.get(&killed).copied().unwrap_or_default();
        if of_killed.cached == 0 || of_killed.cached == of_killed.items {
            return Err(format!("part {killed} was not killed in the middle: {of_killed:?}").into());
        }
        let others = parts.iter().filter(|(part, _)| **part != killed);
        let twice: u64 = others.map(|(_, part)| part.cached).sum();
        if twice > 0 {
            return Err(
                format!("{twice} items of other parts were compiled twice: {parts:?}").into()
            );
        }
        println!(
            "{engine}: part {killed} was killed with {} of its {} items done; another job compiled the other {}",
            of_killed.cached,
            of_killed.items,
            of_killed.items - of_killed.cached
        );
        Ok(())
    }

    fn outputs(&self, folder: &Path) -> crate::Result<Outputs> {
        files::contents(folder, &["wasmport.lock", self.out_dir])
    }
}
