//! `Node`: a file, a directory or a symbolic link.

use super::content::Content;
use super::device::DeviceNode;
use super::error::FileError;
use rpds::RedBlackTreeMapSync;
use std::sync::Arc;

/// Number of a node, which it keeps as long as it exists.
pub(crate) type Inode = u64;

/// The kind of a file, directory, link or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A character device.
    CharacterDevice,
}

/// Times in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When it was first read after its content changed; reads after that one do not count.
    pub accessed: u64,
    /// When its content last changed.
    pub modified: u64,
    /// When its content, times or names last changed.
    pub changed: u64,
}

/// The metadata of a file, directory, link or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// Its inode number, which does not change as long as it exists and is not used again.
    pub inode: u64,
    /// Its kind.
    pub kind: FileType,
    /// The number of its names.
    pub links: u64,
    /// Size in bytes: of a link, that of its target; of a directory or device 0.
    pub size: u64,
    /// Its times.
    pub times: Times,
}

pub(crate) type Entries = RedBlackTreeMapSync<Arc<str>, Inode>;

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    File(Content),
    Directory(Entries),
    Link(Arc<str>),
    Device(DeviceNode),
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    /// The directory that a directory is in.
    pub parent: Inode,
    pub links: u64,
    /// Length in bytes of a directory's path from the root.
    pub reach: usize,
    pub times: Times,
    /// Whether it was mounted read-only: neither content nor names change.
    pub is_read_only: bool,
}

impl Node {
    pub fn new(kind: Kind, now: u64) -> Self {
        let times = Times { accessed: now, modified: now, changed: now };
        Self { kind, parent: 0, links: 1, reach: 0, times, is_read_only: false }
    }

    pub fn directory(now: u64) -> Self {
        Self::new(Kind::Directory(Entries::new_sync()), now)
    }

    pub fn file_type(&self) -> FileType {
        match self.kind {
            Kind::File(_) => FileType::File,
            Kind::Directory(_) => FileType::Directory,
            Kind::Link(_) => FileType::Link,
            Kind::Device(_) => FileType::CharacterDevice,
        }
    }

    /// Returns the bytes of a file.
    pub fn file(&self) -> Result<&Content, FileError> {
        match &self.kind {
            Kind::File(content) => Ok(content),
            Kind::Directory(_) => Err(FileError::IsDirectory),
            Kind::Link(_) => Err(FileError::Loop),
            Kind::Device(_) => Err(FileError::Invalid),
        }
    }

    /// Version of [`Self::file`] for a change.
    pub fn file_mut(&mut self) -> Result<&mut Content, FileError> {
        let _ = self.file()?;
        match &mut self.kind {
            Kind::File(content) => Ok(content),
            _ => Err(FileError::Invalid),
        }
    }

    pub fn check_writable(&self) -> Result<(), FileError> {
        if self.is_read_only { Err(FileError::ReadOnly) } else { Ok(()) }
    }

    pub fn size(&self) -> u64 {
        match &self.kind {
            Kind::File(content) => content.len(),
            Kind::Directory(_) | Kind::Device(_) => 0,
            Kind::Link(target) => target.len() as u64,
        }
    }

    pub fn stat(&self, inode: Inode) -> Stat {
        Stat {
            inode,
            kind: self.file_type(),
            links: self.links,
            size: self.size(),
            times: self.times,
        }
    }

    pub fn modify(&mut self, now: u64) {
        self.times.modified = now;
        self.times.changed = now;
    }
}
