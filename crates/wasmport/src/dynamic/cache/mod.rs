//! `ModuleCache`: compiled code of dynamic assets in folders, which programs and commands share.

mod functions;
mod layer;

pub(super) use functions::{Functions, Pack};
use layer::{HEADER, Kind, Layer, Lock};

use super::compiled::{Compiled, Facts};
use crate::digest::Digest;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A folder of modules and components that a program compiled, so that it need not compile them again.
///
/// Its files run as machine code. So either only the program's user can change them
/// ([`open`](Self::open)), or a key that only the program has authenticates them
/// ([`with_key`](Self::with_key)). Damaged or unauthentic files count as missing. Errors of the folder
/// cost time, but never fail a load.
///
/// A file is for the WebAssembly, the engine configuration, Wasmtime's version and a level of CPU, and says which
/// proposals the code uses. So a cache that [`cargo wasmport precompile`](https://github.com/wasmport/wasmport) fills on
/// another machine serves all programs with the same configuration, whatever their cargo features are.
///
/// Processes that want the same code at once wait for the first one. Beside the code it keeps the functions of the
/// last versions of each asset, by its name, so that the next version compiles little more than what changed.
///
/// The files lie in its subfolder `wasmport-modules`. Nothing else is read or removed.
#[derive(Clone)]
pub struct ModuleCache {
    /// The folder that is written to.
    own: Layer,
    /// The folders that are read if it has nothing.
    below: Vec<Layer>,
}

impl ModuleCache {
    /// Opens the folder at `path`, and creates it if it is missing. It stays this folder, whatever happens
    /// to the path.
    ///
    /// On Unix the folder must belong to this user, no other user may write to it or to a folder above it,
    /// except to one with the sticky bit, such as `/tmp`, and it must not be a symbolic link. A file counts
    /// if it belongs to this user alone. Other systems do not say who may write to a folder: use
    /// [`with_key`](Self::with_key) there.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::UnsafeCache`](crate::Error::UnsafeCache) if it cannot be created, if another user can
    /// change it, and elsewhere than on Unix.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Layer::open(path.into()).map(Self::of)
    }

    /// Uses the folder at `path`, and authenticates its files with a secret key. The folder may belong to
    /// anyone.
    pub fn with_key(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self::of(Layer::with_key(path.into(), key))
    }

    /// Reads from the folder at `path`, whose files a secret key authenticates, and writes nothing: for the folder of
    /// an image that was filled before. What it lacks is compiled for this program alone, or for the cache that is
    /// [`above`](Self::above) it.
    pub fn read_only(path: impl Into<PathBuf>, key: [u8; 32]) -> Self {
        Self::of(Layer::with_key(path.into(), key).read_only())
    }

    /// Reads a secret key from a file with 64 hexadecimal digits, such as the output of `openssl rand -hex 32`. On Unix the
    /// file must be this user's, and no other user may read or write it, or root's, and no other user may write it: the
    /// secrets of containers are files of root that all users of the container may read.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::CacheKey`] if the file cannot be read, has anything else, or others may know or change it.
    pub fn read_key(path: impl AsRef<Path>) -> Result<[u8; 32]> {
        let path = path.as_ref();
        let refused = |source| Error::CacheKey { path: path.to_owned(), source };
        let bytes = crate::fs::read_key(path).map_err(refused)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let key = Digest::from_hex(text.trim()).ok_or_else(|| {
            refused(std::io::Error::other("it does not have 64 hexadecimal digits"))
        })?;
        Ok(*key.as_bytes())
    }

    fn of(own: Layer) -> Self {
        Self { own, below: Vec::new() }
    }

    /// Reads from `below` what this cache lacks. Only this cache is written to: below it no folder is created, and the time
    /// of last use stays.
    #[must_use]
    pub fn above(mut self, below: &Self) -> Self {
        self.below.extend(below.layers().map(Layer::read_only));
        self
    }

    /// Limits its size in bytes: beyond that it removes the least recently used files. Default: 1 GiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.own.max_bytes = bytes;
        self
    }

    /// Limits the number of its files: beyond that it removes the least recently used. Default: no limit.
    #[must_use]
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.own.max_entries = entries;
        self
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.own).chain(&self.below)
    }

    /// Returns this cache without those below.
    pub(super) fn alone(&self) -> Self {
        Self::of(self.own.clone())
    }

    /// Returns the code of a digest, if it is authentic and this program has its proposals.
    pub(crate) fn find(&self, digest: Digest) -> Option<Compiled> {
        self.get(digest).filter(Compiled::has_proposals)
    }

    pub(super) fn get(&self, digest: Digest) -> Option<Compiled> {
        self.layers().find_map(|layer| Compiled::decode(layer.get(Kind::Module, digest)?, HEADER))
    }

    /// Stores code.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::CacheWrite`]. A program that loads goes on: the code is compiled again the next time.
    pub(super) fn put(&self, digest: Digest, facts: &Facts, artifact: &[u8]) -> Result<()> {
        let bytes = Compiled::encode(vec![0; HEADER], facts, artifact);
        let bytes = bytes.ok_or_else(|| std::io::ErrorKind::FileTooLarge.into());
        let stored = bytes.and_then(|bytes| self.own.put(Kind::Module, digest, bytes));
        let path = || self.own.folder.clone();
        stored.map_err(|source| Error::CacheWrite { path: path(), source })
    }

    /// Waits until no other process compiles for this digest.
    pub(super) fn lock(&self, digest: Digest) -> Option<Lock> {
        self.own.lock(digest)
    }

    /// Returns the functions that were kept under a digest.
    pub(super) fn functions(&self, digest: Digest) -> Pack {
        let pack = self
            .layers()
            .find_map(|layer| Pack::decode(layer.get(Kind::Functions, digest)?.get(HEADER..)?));
        pack.unwrap_or_default()
    }

    pub(super) fn put_functions(&self, digest: Digest, pack: &Pack) {
        if let Some(pack) = pack.encode() {
            // Functions that are not stored are compiled again.
            let _ = self.own.put(Kind::Functions, digest, [vec![0; HEADER], pack].concat());
        }
    }
}

impl std::fmt::Debug for ModuleCache {
    /// Omits the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModuleCache").field("folder", &self.own.folder).finish_non_exhaustive()
    }
}
