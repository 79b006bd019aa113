//! A project in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};
use wasmport_build::{AssetReport, Importer, Report, Settings};

/// Files with their contents, by path below a project.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A project: `wasmport.toml` and folders beside it.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    /// Creates a project of these files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        // In memory where there is such a folder: syncing files takes most of the time of an import.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
        let project = Self(tempfile::Builder::new().prefix("fuzz-").tempdir_in(folder).unwrap());
        for (path, bytes) in files {
            let path = project.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        project
    }

    /// Creates a project of these files, which an earlier one had.
    pub fn of(files: &Files) -> Self {
        Self::new(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())))
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Returns its settings, which must be valid.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::from_file(&self.path("wasmport.toml")).unwrap();
        settings.jobs = Some(1);
        settings
    }

    pub fn importer(&self) -> Importer {
        Importer::new(self.settings())
    }

    pub fn import(&self) -> Report {
        self.importer().run(&()).unwrap()
    }

    /// Returns all files below a folder, without locks and unfinished files of the importer.
    pub fn files(&self, folder: &str) -> Files {
        let entries = WalkDir::new(self.path(folder)).into_iter().map(Result::unwrap);
        let is_own =
            |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(".wasmport-");
        let files = entries.filter(|entry| entry.file_type().is_file() && !is_own(entry));
        let file = |entry: DirEntry| {
            let path = entry.path().strip_prefix(self.0.path()).unwrap();
            (path.to_str().unwrap().replace('\\', "/"), fs::read(entry.path()).unwrap())
        };
        files.map(file).collect()
    }
}

/// Checks the wrapper of the only asset, and that a failure is no caught panic. Returns whether it was
/// imported.
pub(crate) fn check(project: &Project, report: &Report) -> bool {
    let asset: &AssetReport = &report.assets[0];
    if let Some(error) = &asset.error {
        assert!(!format!("{error:?} {error}").contains("panicked"), "{error}");
        return false;
    }
    let wrapper = fs::read_to_string(project.path("out/any.rs")).unwrap();
    syn::parse_file(&wrapper).unwrap();
    true
}
