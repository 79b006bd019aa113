//! `Source`: a file on disk or in a revision, which is read when it is compared.

use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::error::Error;
use crate::fs;
use crate::tool::{Git, LfsPointer};
use std::path::{Path, PathBuf};

/// A file of a side.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A file on disk.
    File(PathBuf),
    /// A file of a revision.
    Blob {
        git: Git,
        /// The name of the object.
        id: String,
        bytes: u64,
        /// `REV:PATH`, for messages.
        name: PathBuf,
    },
}

impl Source {
    /// Returns the path, for messages.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Blob { name: path, .. } => path,
        }
    }

    /// Returns whether both are the same object of a repository.
    pub fn is_same_object(&self, other: &Self) -> bool {
        let id = |source: &Self| match source {
            Self::Blob { id, .. } => Some(id.clone()),
            Self::File(_) => None,
        };
        id(self).is_some() && id(self) == id(other)
    }

    /// Reads the file. In place of a pointer of Git LFS it returns the file, if the repository has it.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be read, or is larger than `limit`.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, AssetError> {
        let refused = |e: String| AssetError::new(self.path(), Stage::Read, e);
        match self {
            Self::File(path) => {
                let bytes = fs::read_at_most(path, limit.saturating_add(1));
                let bytes = bytes.map_err(|e| refused(reason(e)))?;
                if bytes.len() as u64 > limit { Err(self.too_large(limit)) } else { Ok(bytes) }
            }
            Self::Blob { bytes, .. } if *bytes > limit => Err(self.too_large(limit)),
            Self::Blob { git, id, bytes, .. } => {
                let bytes = git.blob(id, *bytes).map_err(|e| refused(e.to_string()))?;
                match LfsPointer::parse(&bytes) {
                    Some(pointer) => self.behind(git, &pointer, limit, bytes),
                    None => Ok(bytes),
                }
            }
        }
    }

    /// Reads the file that a pointer stands for, else returns the pointer.
    fn behind(
        &self,
        git: &Git,
        pointer: &LfsPointer,
        limit: u64,
        text: Vec<u8>,
    ) -> Result<Vec<u8>, AssetError> {
        if pointer.bytes > limit {
            return Err(self.too_large(limit));
        }
        let found = git.folder().ok().map(|folder| pointer.path(&folder));
        let found = found.and_then(|path| fs::read_at_most(&path, limit.saturating_add(1)).ok());
        // Another length is a download that did not end.
        Ok(found.filter(|bytes| bytes.len() as u64 == pointer.bytes).unwrap_or(text))
    }

    fn too_large(&self, limit: u64) -> AssetError {
        let message = format!("the file has more than {} MiB", limit >> 20);
        AssetError::new(self.path(), Stage::Read, message).kind(AssetErrorKind::Limit)
    }
}

/// Returns the reason of an error about a file without its path.
fn reason(error: Error) -> String {
    match error {
        Error::File { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
