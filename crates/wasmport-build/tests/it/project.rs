//! A project in a temporary folder, to be imported.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use wasmport::Digest;
use wasmport_build::{
    AssetError, AssetReport, CacheSettings, Error, Importer, Report, Settings, Stage, StageReport,
    Status, configure,
};

pub const CALC: &str = r#"(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))"#;

/// A module with imports and exports of several kinds.
pub const PLUGIN: &str = r#"(module
    (import "env" "now" (func (result f64)))
    (memory (export "memory") 1)
    (global (export "heap") i32 (i32.const 0))
    (func (export "get_a") (param i32) (result i32) local.get 0)
    (func (export "get_b"))
    (func (export "other")))"#;

/// The key of the caches of projects.
pub const KEY: [u8; 32] = [7; 32];

pub struct Project(tempfile::TempDir);

impl Project {
    pub fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::create_dir(project.assets()).unwrap();
        fs::write(project.cache_key(), format!("{}\n", Digest::from_bytes(KEY))).unwrap();
        project
    }

    /// A project with these assets.
    pub fn with(files: &[(&str, &[u8])]) -> Self {
        let project = Self::new();
        files.iter().for_each(|(path, bytes)| project.write(path, bytes));
        project
    }

    pub fn assets(&self) -> PathBuf {
        self.0.path().join("assets")
    }

    pub fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.assets().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn importer(&self) -> Importer {
        configure().root(self.assets()).out_dir(self.out()).cache(self.cache())
    }

    fn cache_key(&self) -> PathBuf {
        self.path().join("cache-key")
    }

    /// A cache of the project's own.
    pub fn cache(&self) -> CacheSettings {
        let mut cache = CacheSettings::default();
        cache.dir = Some(self.path().join("cache"));
        cache.key_file = Some(self.cache_key());
        cache
    }

    /// What this `wasmport.toml` says.
    pub fn settings(&self, text: &str) -> Result<Settings, Error> {
        let path = self.path().join("wasmport.toml");
        fs::write(&path, text).unwrap();
        let mut settings = Settings::from_file(&path)?;
        settings.cache.dir.get_or_insert(self.path().join("cache"));
        settings.cache.key_file.get_or_insert(self.cache_key());
        Ok(settings)
    }

    /// An importer with this `wasmport.toml`.
    pub fn configured(&self, text: &str) -> Importer {
        Importer::new(self.settings(text).unwrap()).out_dir(self.out())
    }

    /// Imports with this `wasmport.toml`.
    pub fn import_with(&self, text: &str) -> Report {
        self.configured(text).run(&()).unwrap()
    }

    /// The artifact of an asset for a target, as it is stored.
    pub fn artifact(&self, report: &Report, source: &str, target: &str) -> Vec<u8> {
        let artifacts = &asset(report, source).artifacts;
        let artifact = artifacts.iter().find(|artifact| artifact.target.to_string() == target);
        fs::read(self.out().join(&artifact.unwrap().path)).unwrap()
    }

    pub fn manifest(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.out().join("wasmport.json")).unwrap()).unwrap()
    }

    pub fn import(&self) -> Report {
        self.importer().run(&()).unwrap()
    }

    /// The error of a run that imports nothing.
    pub fn import_error(&self) -> Error {
        self.importer().run(&()).unwrap_err()
    }

    /// The wrapper of an asset.
    pub fn wrapper(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(format!("{name}.rs"))).unwrap()
    }

    /// All output files with their contents.
    pub fn outputs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        snapshot(&self.out())
    }
}

/// Text without the path of the project.
pub fn shown(project: &Project, text: String) -> String {
    text.replace(&format!("{}/", project.path().display()), "")
}

pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let bytes = fs::read(entry.path()).unwrap();
            (entry.path().strip_prefix(folder).unwrap().to_path_buf(), bytes)
        })
        .collect()
}

/// An asset of a run, which must not have failed.
pub fn asset<'a>(report: &'a Report, source: &str) -> &'a AssetReport {
    let asset = report.assets.iter().find(|asset| asset.source == source).unwrap();
    assert!(asset.error.is_none(), "{}", asset.error.as_ref().unwrap());
    asset
}

/// What a stage did to the only asset of a run.
pub fn stage(report: &Report, stage: Stage) -> &StageReport {
    let asset = asset(report, &report.assets[0].source);
    let found = asset.stages.iter().find(|report| report.stage == stage);
    found.unwrap_or_else(|| panic!("no {stage} in {:?}", asset.stages))
}

/// The statuses of a run, by source.
pub fn statuses(report: &Report) -> Vec<(&str, Status)> {
    report.assets.iter().map(|asset| (asset.source.as_str(), asset.status)).collect()
}

/// The only failure of a run.
pub fn failure(report: &Report) -> &AssetError {
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    failures[0].1
}

/// The failure of importing one file of this content beside a good one, which must be imported.
pub fn failure_of(name: &str, bytes: &[u8]) -> AssetError {
    let project = Project::with(&[("good.wat", CALC.as_bytes()), (name, bytes)]);
    let report = project.import();
    assert!(statuses(&report).contains(&("good.wat", Status::Imported)));
    assert!(project.out().join("good.rs").exists());
    let error = failure(&report);
    assert!(error.path.ends_with(name), "{error}");
    assert!(error.help.is_some() || error.message.contains("-->"), "no way out: {error}");
    error.clone()
}

/// A module in the binary format.
pub fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}
