//! `Files`: what generators return, relative paths with their contents.

use crate::error::Error;
use crate::fs;
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

    /// Paths and contents, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Writes those that differ from what is there, each at once.
    ///
    /// Artifacts go before the wrappers that include them: an interrupted run leaves no wrapper
    /// without its artifact.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written; those before it are complete.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let (wrappers, artifacts): (Vec<_>, Vec<_>) =
            self.iter().partition(|(path, _)| path.ends_with(".rs"));
        for (path, bytes) in artifacts.into_iter().chain(wrappers) {
            let path = folder.join(path);
            let there = fs::len(&path) == Some(bytes.len() as u64) && fs::read(&path)? == bytes;
            if !there {
                fs::write_atomically(&path, bytes)?;
            }
        }
        Ok(())
    }

    /// Paths and digests.
    pub(crate) fn digests(&self) -> BTreeMap<String, Digest> {
        self.iter().map(|(path, bytes)| (path.to_string(), Digest::of(bytes))).collect()
    }
}
