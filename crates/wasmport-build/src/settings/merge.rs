//! `Merge`: the settings of an import that takes the results of other jobs.

use std::path::{Path, PathBuf};

/// An import whose artifacts other jobs have compiled: [`Importer::merge`](crate::Importer::merge).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Merge {
    folders: Vec<PathBuf>,
    parts: Option<u32>,
    compiles_missing: bool,
}

impl Merge {
    /// Takes the artifacts from the cache alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over the results in a cache folder that a job has left.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
        self
    }

    /// Names for each missing artifact the part of so many that compiles it.
    pub fn parts(mut self, parts: u32) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Compiles missing artifacts, instead of refusing to import.
    pub fn compile_missing(mut self) -> Self {
        self.compiles_missing = true;
        self
    }

    /// Returns the cache folders.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(PathBuf::as_path)
    }

    /// Returns the number of parts, if it is known.
    #[must_use]
    pub fn number_of_parts(&self) -> Option<u32> {
        self.parts
    }

    /// Returns whether missing artifacts are compiled.
    #[must_use]
    pub fn compiles_missing(&self) -> bool {
        self.compiles_missing
    }
}
