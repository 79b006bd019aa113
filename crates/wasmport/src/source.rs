//! `AssetSource`: where the bytes of artifacts come from that are not in the program itself.

use crate::{Artifact, Asset};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Reads artifacts that are not embedded.
///
/// What it returns is not trusted: the [`Runtime`](crate::Runtime) checks the digest that stands in
/// the program before anything else looks at the bytes.
pub trait AssetSource: Send + Sync {
    /// The bytes of `artifact`, which was written to `path` relative to the importer's output.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read; [`io::ErrorKind::NotFound`] where there are none.
    fn read(&self, asset: &Asset, artifact: &Artifact, path: &str) -> io::Result<Vec<u8>>;

    /// Where that would be, for messages.
    fn describe(&self, path: &str) -> String;
}

/// A folder that holds the importer's output.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(Path::new(path))
    }
}

impl AssetSource for Folder {
    #[expect(clippy::disallowed_methods, reason = "the runtime's error has what `describe` says")]
    fn read(&self, _: &Asset, artifact: &Artifact, path: &str) -> io::Result<Vec<u8>> {
        let len = artifact.bytes();
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        // A longer file is refused all the same, and need not be read to its end.
        std::fs::File::open(self.path(path))?
            .take(len.saturating_add(1))
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn describe(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }
}

/// The source of a runtime that was given none.
#[derive(Debug)]
pub(crate) struct NoSource;

impl AssetSource for NoSource {
    fn read(&self, _: &Asset, _: &Artifact, _: &str) -> io::Result<Vec<u8>> {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the runtime has no folder to read from; give it one with `Runtime::builder(…).source(Folder::new(…))`",
        ))
    }

    fn describe(&self, path: &str) -> String {
        path.into()
    }
}
