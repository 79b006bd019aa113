//! `Files`: the outputs of an import, relative paths with their contents.

use crate::error::Error;
use crate::fs;
use crate::project::outputs;
use std::collections::BTreeMap;
use std::path::Path;
use wasmport::Digest;

/// Generated files by their path relative to the output folder, with `/` between parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), bytes.into());
    }

    /// Returns paths and contents, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Writes the files whose content differs from the disk, each atomically. `before_each` is called right
    /// before each file is written.
    ///
    /// Artifacts are written before the wrappers that include them, so an interrupted run leaves no
    /// wrapper without its artifact.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Occupied`] if a file that no import wrote is in the way, and with
    /// [`Error::OutputLink`] if a symbolic link is; then nothing is written. Fails with [`Error::File`] if
    /// a file cannot be written; the files before it are complete.
    pub(crate) fn write(&self, folder: &Path, before_each: impl Fn()) -> Result<(), Error> {
        let (wrappers, artifacts): (Vec<_>, Vec<_>) =
            self.iter().partition(|(path, _)| path.ends_with(".rs"));
        let mut changed = Vec::new();
        for (output, bytes) in artifacts.into_iter().chain(wrappers) {
            let path = folder.join(output);
            let is_current = fs::len(&path) == Some(bytes.len() as u64)
                && fs::read_at_most(&path, bytes.len() as u64)? == bytes;
            if !is_current {
                let path = outputs::locate(folder, output)?;
                outputs::refuse_occupied(output, &path)?;
                changed.push((path, bytes));
            }
        }
        for (path, bytes) in changed {
            before_each();
            fs::write_atomically(&path, bytes)?;
        }
        Ok(())
    }

    /// Returns paths and digests.
    pub(crate) fn digests(&self) -> BTreeMap<String, Digest> {
        self.iter().map(|(path, bytes)| (path.to_string(), fs::content_digest_of(bytes))).collect()
    }
}
