//! `Files`: the virtual files of a guest, as the program makes and reads them.

use super::content::Content;
use super::device::{Device, DeviceNode};
use super::error::FileError;
use super::limits::FileLimits;
use super::node::{Inode, Kind, Stat};
use super::source::{FileSource, LazyBytes};
use super::tree::{ROOT, Tree};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// An operation of [`Files`] failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("virtual file `{path}`: {source}{}", shown(cause.as_deref()))]
#[non_exhaustive]
pub struct FilesError {
    /// The path.
    pub path: String,
    /// The reason.
    pub source: FileError,
    /// The reason why the bytes of a lazily read file could not be read.
    pub cause: Option<String>,
}

fn shown(cause: Option<&str>) -> String {
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}

pub(super) type Result<T = ()> = std::result::Result<T, FilesError>;

/// Directories, files and links in memory, which a [`Wasi`](crate::wasi::Wasi) shows to a guest.
///
/// Paths are relative to the root, with `/` between names; a `/` in front does not matter. A clone takes constant time,
/// and both change on their own: each session of a `Wasi` has a clone.
///
/// ```
/// # fn main() -> Result<(), wasmport::vfs::FilesError> {
/// use wasmport::vfs::Files;
///
/// let mut files = Files::new();
/// files.write("etc/motd", "hello")?;
/// files.embed("lib/table.bin", b"\x01\x02")?;
/// let before = files.clone();
/// files.write("etc/motd", "bye")?;
/// assert_eq!(before.read("etc/motd")?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Files {
    pub(super) tree: Tree,
}

/// A file, directory or link of [`Files`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its path from the root.
    pub path: String,
    /// Its metadata.
    pub stat: Stat,
}

impl Default for Files {
    fn default() -> Self {
        Self::new()
    }
}

impl Files {
    /// Creates an empty root with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(FileLimits::default())
    }

    /// Creates an empty root with these limits.
    #[must_use]
    pub fn with_limits(limits: FileLimits) -> Self {
        Self { tree: Tree::new(limits) }
    }

    /// Writes a file, with the directories that it needs. What the file was before is replaced.
    ///
    /// # Errors
    ///
    /// Fails if the path is invalid, is a directory or leads through a file, or if a limit is reached.
    pub fn write(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<&mut Self> {
        let bytes: Vec<u8> = bytes.into();
        self.place(path, Kind::File(Content::from(Bytes::from(bytes))))
    }

    /// Adds a file whose bytes are in the program. They are copied only where a guest changes them.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write`].
    pub fn embed(&mut self, path: &str, bytes: &'static [u8]) -> Result<&mut Self> {
        self.place(path, Kind::File(Content::from(Bytes::from_static(bytes))))
    }

    /// Adds files whose bytes are in the program, each with its path.
    ///
    /// ```
    /// # fn main() -> Result<(), wasmport::vfs::FilesError> {
    /// use wasmport::vfs::Files;
    ///
    /// let mut files = Files::new();
    /// files.embed_all(&[("lib/a.txt", b"a"), ("lib/b.txt", b"b")])?;
    /// assert_eq!(files.read("lib/b.txt")?, b"b");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the first that fails, like [`Self::write`]; those before it were added.
    pub fn embed_all(&mut self, files: &[(&str, &'static [u8])]) -> Result<&mut Self> {
        for (path, bytes) in files {
            let _ = self.embed(path, bytes)?;
        }
        Ok(self)
    }

    /// Adds a character device, which each session opens for itself.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write`].
    pub fn device(&mut self, path: &str, device: impl Device) -> Result<&mut Self> {
        self.place(path, Kind::Device(DeviceNode(Arc::new(device))))
    }

    /// Adds a file whose bytes are read when a guest or the program first needs them.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write`].
    pub fn source(&mut self, path: &str, source: impl FileSource + 'static) -> Result<&mut Self> {
        let lazy = LazyBytes::new(source.size(), source);
        self.place(path, Kind::File(Content::from(lazy)))
    }

    /// Adds a directory, with those that it needs. One that exists stays.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write`].
    pub fn create_dir_all(&mut self, path: &str) -> Result<&mut Self> {
        self.directories(path).map_err(|source| failed(path, source))?;
        Ok(self)
    }

    /// Adds a symbolic link to a path relative to its directory.
    ///
    /// # Errors
    ///
    /// Fails if something has this name, and like [`Self::write`].
    pub fn symlink(&mut self, path: &str, target: &str) -> Result<&mut Self> {
        let (parent, name) = parted(path);
        let linked =
            self.directories(parent).and_then(|parent| self.tree.symlink(parent, name, target, 0));
        linked.map_err(|source| failed(path, source))?;
        Ok(self)
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn place(&mut self, path: &str, kind: Kind) -> Result<&mut Self> {
        let (parent, name) = parted(path);
        let placed =
            self.directories(parent).and_then(|parent| self.tree.place(parent, name, kind));
        placed.map_err(|source| failed(path, source))?;
        Ok(self)
    }

    /// Returns the directory at a path, and makes those that are missing.
    pub(super) fn directories(&mut self, path: &str) -> std::result::Result<Inode, FileError> {
        let mut here = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let place = self.tree.resolve(here, name, true)?;
            here = match place.node {
                Some(node) => node,
                None => {
                    self.tree.create_directory(here, name, 0)?;
                    self.tree.resolve(here, name, true)?.existing()?
                }
            };
            let _ = self.tree.entries(here)?;
        }
        Ok(here)
    }

    pub(super) fn find(&self, path: &str) -> std::result::Result<Inode, FileError> {
        match relative(path) {
            "" => Ok(ROOT),
            path => self.tree.resolve(ROOT, path, true)?.existing(),
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("nodes", &self.tree.nodes.size()).finish_non_exhaustive()
    }
}

impl From<&Tree> for Files {
    fn from(tree: &Tree) -> Self {
        Self { tree: tree.clone() }
    }
}

/// Returns a path relative to the root.
pub(super) fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Parts a path into its directory and its last name.
pub(super) fn parted(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

pub(super) fn failed(path: &str, source: FileError) -> FilesError {
    FilesError { path: path.to_owned(), source, cause: None }
}

#[cfg(test)]
mod tests {
    use super::super::node::FileType;
    use super::*;

    #[test]
    fn entries_are_in_the_order_of_names() {
        let mut files = Files::new();
        files.write("/b/y", "1").unwrap().write("b/x", "22").unwrap().write("a", "").unwrap();
        files.symlink("b/z", "x").unwrap();
        let paths: Vec<_> =
            files.entries().into_iter().map(|e| (e.path, e.stat.size, e.stat.kind)).collect();
        let (file, link) = (FileType::File, FileType::Link);
        let expected = [
            ("a", 0, file),
            ("b", 0, FileType::Directory),
            ("b/x", 2, file),
            ("b/y", 1, file),
            ("b/z", 1, link),
        ];
        assert_eq!(paths, expected.map(|(path, size, kind)| (path.to_owned(), size, kind)));
        assert_eq!(files.read("b/z").unwrap(), b"22");
    }

    #[test]
    fn errors_name_the_path() {
        let mut files = Files::new();
        files.write("a", "x").unwrap();
        let error = |result: Result<&mut Files>| result.map(drop).unwrap_err().source;
        assert_eq!(error(files.write("a/b", "")), FileError::NotDirectory);
        assert_eq!(error(files.write("", "")), FileError::Invalid);
        assert_eq!(error(files.write("x/..", "")), FileError::Invalid);
        assert_eq!(error(files.write("../x", "")), FileError::NotPermitted);
        assert_eq!(error(files.write("nul\0", "")), FileError::Invalid);
        assert_eq!(
            files.read("none").unwrap_err().to_string(),
            "virtual file `none`: no such file or directory"
        );
    }

    #[test]
    fn what_is_read_only_keeps_its_name() {
        let mut files = Files::new();
        files
            .write("lib/a", "1")
            .unwrap()
            .write("own/b", "2")
            .unwrap()
            .set_read_only("lib")
            .unwrap();
        files.write("file", "3").unwrap().set_read_only("file").unwrap();
        let tree = &mut files.tree;
        let refused = Some(FileError::ReadOnly);
        for path in ["lib", "file", "lib/a"] {
            assert_eq!(tree.rename((ROOT, path), (ROOT, "own/c"), 0).err(), refused);
        }
        for path in ["file", "lib/a"] {
            assert_eq!(tree.unlink(ROOT, path, 0).err(), refused);
            assert_eq!(tree.rename((ROOT, "own/b"), (ROOT, path), 0).err(), refused);
        }
        assert_eq!(tree.remove_directory(ROOT, "lib", 0).err(), Some(FileError::NotEmpty));
        assert_eq!(tree.rename((ROOT, "own/b"), (ROOT, "own/c"), 0).err(), None);
        let paths: Vec<_> = files.entries().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["file", "lib", "lib/a", "own", "own/c"]);
    }

    #[test]
    fn limits_hold_for_the_program_too() {
        let limits = FileLimits { bytes: 10, files: 3, ..FileLimits::default() };
        let mut files = Files::with_limits(limits);
        files.write("a", "12345678").unwrap();
        assert_eq!(
            files.write("b", "123").map(drop).unwrap_err().source,
            FileError::InsufficientSpace
        );
        files.write("a", "1").unwrap().write("b", "123").unwrap();
        assert_eq!(
            files.write("c", "").map(drop).unwrap_err().source,
            FileError::InsufficientSpace
        );
    }
}
