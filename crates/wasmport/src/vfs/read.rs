//! Files as the program reads them back.

use super::content::{Content, zeros};
use super::error::FileError;
use super::files::{Entry, Files, FilesError, Result, failed, relative};
use super::limits::FileLimits;
use super::node::Stat;
use super::tree::ROOT;
use super::walk::Walk;
use std::iter;
use std::ops::Range;

impl Files {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Fails if there is no file at the path, or if its bytes cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        self.content(path, Content::to_vec)
    }

    /// Reads a part of a file; what is behind its end is missing.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::read`].
    pub fn read_range(&self, path: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.content(path, |content| {
            let end = range.end.min(content.len());
            let mut bytes = zeros(end.saturating_sub(range.start))?;
            let count = content.read(range.start, &mut bytes)?;
            bytes.truncate(count);
            Ok(bytes)
        })
    }

    /// Reads a file as text.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::read`], and with [`FileError::Invalid`] if the bytes are not UTF-8.
    pub fn read_to_string(&self, path: &str) -> Result<String> {
        let bytes = self.read(path)?;
        String::from_utf8(bytes).map_err(|error| FilesError {
            cause: Some(error.to_string()),
            ..failed(path, FileError::Invalid)
        })
    }

    /// Returns the metadata of a file, directory or link. Links are followed.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn stat(&self, path: &str) -> Result<Stat> {
        let stat = self.find(path).and_then(|inode| self.tree.stat(inode));
        stat.map_err(|source| failed(path, source))
    }

    /// Returns the metadata of a file, directory or link. A link that the path ends in is not followed.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn symlink_stat(&self, path: &str) -> Result<Stat> {
        let stat = match relative(path) {
            "" => self.tree.stat(ROOT),
            path => {
                self.tree.resolve(ROOT, path, false).and_then(|place| self.tree.stat_at(&place))
            }
        };
        stat.map_err(|source| failed(path, source))
    }

    /// Returns the target of a symbolic link.
    ///
    /// # Errors
    ///
    /// Fails if there is no link at the path.
    pub fn read_link(&self, path: &str) -> Result<String> {
        let target = self.tree.read_link(ROOT, relative(path));
        target.map(|target| target.to_string()).map_err(|source| failed(path, source))
    }

    /// Returns whether there is something at a path. Links are followed.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    /// Returns whether a file or directory is read-only for guests.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn is_read_only(&self, path: &str) -> Result<bool> {
        let node = self.find(path).and_then(|inode| self.tree.node(inode));
        node.map(|node| node.is_read_only).map_err(|source| failed(path, source))
    }

    /// Returns what is in a directory, in the order of names. The paths begin with that of the directory.
    ///
    /// # Errors
    ///
    /// Fails if there is no directory at the path.
    pub fn read_dir(&self, path: &str) -> Result<Vec<Entry>> {
        let entries = self.find(path).and_then(|inode| self.tree.entries(inode));
        let entries = entries.map_err(|source| failed(path, source))?;
        let directory = relative(path).trim_end_matches('/');
        let entry = |(name, inode): (&std::sync::Arc<str>, &u64)| {
            let path =
                if directory.is_empty() { name.to_string() } else { format!("{directory}/{name}") };
            let stat = self.tree.stat(*inode).map_err(|source| failed(&path, source))?;
            Ok(Entry { path, stat })
        };
        entries.iter().map(entry).collect()
    }

    /// Returns everything below the root, directories before what is in them, in the order of names.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.walk().collect()
    }

    /// Returns an iterator over what [`Self::entries`] lists, which needs no memory for all of them.
    pub fn walk(&self) -> impl Iterator<Item = Entry> + '_ {
        let mut walk = Walk::new(&self.tree);
        iter::from_fn(move || {
            let (path, inode) = walk.next()?;
            let path = path.to_owned();
            Some(Entry { path, stat: self.tree.stat(inode).ok()? })
        })
    }

    /// Returns the number of files, directories and links below the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.nodes.size() - 1
    }

    /// Returns whether the root is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of bytes in all files and links, as [`FileLimits::bytes`] counts them.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.tree.bytes
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> FileLimits {
        self.tree.limits
    }

    /// Reads from the content of a file.
    fn content<R>(
        &self,
        path: &str,
        read: impl FnOnce(&Content) -> std::result::Result<R, FileError>,
    ) -> Result<R> {
        let inode = self.find(path).map_err(|source| failed(path, source))?;
        let content = self.tree.file(inode).map_err(|source| failed(path, source))?;
        read(content).map_err(|source| {
            let cause = content.failure().filter(|_| source == FileError::Io).map(str::to_owned);
            FilesError { cause, ..failed(path, source) }
        })
    }
}
