//! `AssetSource`: the place that artifacts outside of the program come from.

use super::any::AnyAsset;
use super::artifact::Artifact;
use crate::fs::read_expecting;
use std::io;
use std::path::{Path, PathBuf};

/// Reads artifacts that are not embedded in the program.
///
/// Its bytes are not trusted: the [`Runtime`](crate::Runtime) verifies their digest before it uses
/// them.
pub trait AssetSource: Send + Sync {
    /// Reads `artifact`, which the importer wrote to `path` below its output folder.
    ///
    /// # Errors
    ///
    /// Fails if the bytes cannot be read, with [`io::ErrorKind::NotFound`] if they do not exist.
    fn read(&self, asset: &AnyAsset, artifact: &Artifact, path: &str) -> io::Result<Vec<u8>>;

    /// Returns the place of `path`, for messages.
    fn describe(&self, path: &str) -> String;
}

/// A folder that holds the importer's output.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Returns the folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Returns the folder at `path` relative to the folder of the program's file.
    ///
    /// # Errors
    ///
    /// Fails if the system does not report the program's path.
    pub fn beside_program(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut folder = std::env::current_exe()?;
        folder.pop();
        Ok(Self(folder.join(path)))
    }

    /// Returns the folder that the environment variable `variable` names.
    ///
    /// # Errors
    ///
    /// Fails if it is unset or empty.
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
    fn read(&self, _: &AnyAsset, artifact: &Artifact, path: &str) -> io::Result<Vec<u8>> {
        read_expecting(&self.path(path), artifact.bytes())
    }

    fn describe(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }
}

/// The source of a runtime that was built without one.
#[derive(Debug)]
pub(crate) struct NoSource;

impl AssetSource for NoSource {
    fn read(&self, _: &AnyAsset, _: &Artifact, _: &str) -> io::Result<Vec<u8>> {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the runtime has no folder to read from; pass one with `Runtime::builder(…).source(Folder::new(…))`",
        ))
    }

    fn describe(&self, path: &str) -> String {
        path.into()
    }
}
