//! The source of a dynamic asset, read within bounds.

use super::asset::{DynamicAsset, Input};
use super::parse::is_text;
use crate::error::{Error, NotKept, Result};
use crate::fs;
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// Length in bytes up to which text is parsed, unless another is chosen: parsing takes many times the memory.
const LARGEST_TEXT: u64 = 64 << 20;

impl<C: Clone> DynamicAsset<C> {
    /// Returns the asset with the content of its file in memory, so that all that is made of it is of one source. Name,
    /// source and settings stay.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or is too long.
    pub(crate) fn in_memory(&self) -> Result<Self> {
        let Input::File(path) = &self.input else { return Ok(self.clone()) };
        Ok(self.with_content(self.read_file(path)?, path.clone()))
    }
}

impl<C> DynamicAsset<C> {
    /// Returns its bytes, which are not too many, and the name of their source.
    pub(super) fn source(&self) -> Result<(Cow<'_, [u8]>, String)> {
        let of_file = |path: &Path| path.display().to_string();
        let (code, source) = match &self.input {
            Input::Bytes(bytes) => (Cow::Borrowed(bytes.as_slice()), self.name.clone()),
            Input::Read(bytes, path) => (Cow::Borrowed(bytes.as_slice()), of_file(path)),
            Input::File(path) => (Cow::Owned(self.read_file(path)?), of_file(path)),
            Input::Kept(digest) => return Err(self.not_kept(*digest, NotKept::Missing)),
        };
        let largest = if is_text(&code) { LARGEST_TEXT } else { fs::LARGEST };
        let limit = self.max_bytes.unwrap_or(largest);
        if code.len() as u64 > limit {
            return Err(self.too_large(limit));
        }
        Ok((code, source))
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>> {
        let limit = self.max_bytes.unwrap_or(fs::LARGEST);
        fs::read_within(path, limit).map_err(|source| match source.kind() {
            io::ErrorKind::FileTooLarge => self.too_large(limit),
            _ => Error::File { asset: self.name.clone(), path: path.to_owned(), source },
        })
    }

    fn too_large(&self, limit: u64) -> Error {
        Error::SourceTooLarge { asset: self.name.clone(), limit }
    }
}
