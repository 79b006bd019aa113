//! The methods of `Importer` about a project that need no import: list, expand, plan and clean.

use super::Importer;
use crate::error::Error;
use crate::fs;
use crate::listing::{self, Listing};
use crate::run::{self, Cleaned, Expanded, ImportPlan, Progress};
use std::path::Path;

/// Writes a file of a command atomically, and creates its folder.
///
/// # Errors
///
/// Fails with [`Error::File`] if the file cannot be written.
#[doc(hidden)]
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write_atomically(path, bytes)
}

impl Importer {
    /// Lists the assets that the settings select, and compares their outputs with the sources. It compiles and
    /// writes nothing.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Settings`] if the settings contradict each other, and with [`Error::File`] if the
    /// manifest cannot be read.
    pub fn list(&self) -> Result<Listing, Error> {
        listing::list(self.settings())
    }

    /// Returns the wrapper of the asset or interface that `wanted` names: by its name, such as `shapes/wide`, its
    /// Rust module, such as `assets::shapes::wide`, its source below an import root, or the path of its file. The
    /// text is that of the last import; without one it is generated, and no artifact is compiled or written.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`] if the project has no such asset, and with [`Error::Asset`] if the wrapper
    /// cannot be generated.
    pub fn expand(&self, wanted: &str) -> Result<Expanded, Error> {
        run::expand(self.complete()?, wanted)
    }

    /// Returns what [`run`](Self::run) would import and remove, and why. It compiles and writes nothing, not even
    /// into the cache.
    ///
    /// # Errors
    ///
    /// Fails if the settings contradict each other, or the manifest or the lock file cannot be read.
    pub fn plan(&self) -> Result<ImportPlan, Error> {
        run::plan(self.complete()?)
    }

    /// Removes the outputs of all imports into the output folder: the files that the manifest names, and the
    /// manifest. A file that was changed after its import stays, and so do the lock file and the cache. A dry run
    /// removes nothing. It waits for a running import.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Manifest`] if the manifest is damaged, with [`Error::Arguments`] if it lists nothing,
    /// and with [`Error::File`] if a file cannot be removed.
    pub fn clean(&self, is_dry_run: bool, progress: &dyn Progress) -> Result<Cleaned, Error> {
        run::clean(self.settings(), is_dry_run, progress)
    }
}
