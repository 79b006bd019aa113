//! `AssetSource`: where the bytes of artifacts come from that are not in the program itself.

use crate::fs::read_expecting;
use crate::{Artifact, Asset};
use std::io;
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

    /// The folder at `path` relative to the folder that this program's file is in.
    ///
    /// # Errors
    ///
    /// Where the system does not say where the program is.
    pub fn beside_program(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut folder = std::env::current_exe()?;
        folder.pop();
        Ok(Self(folder.join(path)))
    }

    /// The folder that the environment variable `variable` names.
    ///
    /// # Errors
    ///
    /// Where it is not set, or empty.
    pub fn from_env(variable: &str) -> io::Result<Self> {
        match std::env::var_os(variable) {
            Some(path) if !path.is_empty() => Ok(Self(path.into())),
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("the environment variable `{variable}` does not name a folder"),
            )),
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(Path::new(path))
    }
}

impl AssetSource for Folder {
    fn read(&self, _: &Asset, artifact: &Artifact, path: &str) -> io::Result<Vec<u8>> {
        read_expecting(&self.path(path), artifact.bytes())
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
