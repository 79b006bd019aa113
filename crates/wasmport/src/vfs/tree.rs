//! `Tree`: directories, files and links, of which a clone takes constant time.

use super::content::Content;
use super::device::Device;
use super::error::FileError;
use super::limits::FileLimits;
use super::node::{Entries, FileType, Inode, Kind, Node, Stat};
use super::place::{Place, without_end};
use rpds::RedBlackTreeMapSync;
use std::sync::Arc;

type Result<T = ()> = std::result::Result<T, FileError>;

/// The number of the root.
pub(crate) const ROOT: Inode = 1;

/// Directories, files and links. A clone shares everything until one of them changes.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub nodes: RedBlackTreeMapSync<Inode, Node>,
    pub limits: FileLimits,
    pub(super) next: Inode,
    /// Number of bytes in all files and links.
    pub(super) bytes: u64,
    /// Number of names of files beyond the first of each.
    pub(super) more_names: u64,
    /// Whether there are devices, or were.
    pub(super) has_devices: bool,
}

/// How a new time is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewTime {
    /// It stays.
    Keep,
    /// The time of the session's clock.
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

/// How a path is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenOptions {
    /// Follow the path if it ends in a symbolic link.
    pub follow: bool,
    /// Make a file if there is none.
    pub create: bool,
    /// Fail if something has this name.
    pub exclusive: bool,
    /// Fail if it is not a directory.
    pub directory: bool,
    /// Cut the file to no bytes.
    pub truncate: bool,
    /// It is opened for writing.
    pub write: bool,
}

impl Tree {
    pub fn new(limits: FileLimits) -> Self {
        let nodes = RedBlackTreeMapSync::new_sync().insert(ROOT, Node::directory(0));
        Self { nodes, limits, next: ROOT + 1, bytes: 0, more_names: 0, has_devices: false }
    }

    /// Returns the number of the next node.
    #[cfg(feature = "snapshot")]
    pub fn next(&self) -> Inode {
        self.next
    }

    /// Returns the tree with other limits, if it is within them.
    #[cfg(feature = "snapshot")]
    pub fn with_limits(&self, limits: FileLimits) -> Option<Self> {
        // Its own limits mostly are no larger: all paths need not be visited then.
        let own = self.limits;
        let is_short = own.path_bytes <= limits.path_bytes && own.name_bytes <= limits.name_bytes;
        let fits = self.bytes <= limits.bytes
            && self.count() <= limits.files
            && (is_short || self.longest().fits(limits));
        fits.then(|| Self { limits, ..self.clone() })
    }

    /// Returns its limits, lower by what `other` has more than it.
    pub(super) fn limits_without(&self, other: &Self) -> FileLimits {
        let bytes = other.bytes.saturating_sub(self.bytes);
        let files = other.count().saturating_sub(self.count());
        FileLimits {
            bytes: self.limits.bytes.saturating_sub(bytes),
            files: self.limits.files.saturating_sub(files),
            ..self.limits
        }
    }

    /// Returns the number of nodes and further names, as [`FileLimits::files`] counts them.
    pub(super) fn count(&self) -> u64 {
        self.nodes.size() as u64 + self.more_names
    }

    /// Fails if there is no room for another node or name.
    pub(super) fn check_count(&self) -> Result {
        if self.count() >= self.limits.files { Err(FileError::InsufficientSpace) } else { Ok(()) }
    }

    pub fn node(&self, inode: Inode) -> Result<&Node> {
        self.nodes.get(&inode).ok_or(FileError::NoEntry)
    }

    pub(super) fn node_mut(&mut self, inode: Inode) -> Result<&mut Node> {
        self.nodes.get_mut(&inode).ok_or(FileError::NoEntry)
    }

    /// Returns the entries of a directory.
    pub fn entries(&self, inode: Inode) -> Result<&Entries> {
        match &self.node(inode)?.kind {
            Kind::Directory(entries) => Ok(entries),
            _ => Err(FileError::NotDirectory),
        }
    }

    pub fn file(&self, inode: Inode) -> Result<&Content> {
        self.node(inode)?.file()
    }

    /// Returns the device of a node.
    pub fn device(&self, inode: Inode) -> Result<&Arc<dyn Device>> {
        match &self.node(inode)?.kind {
            Kind::Device(node) => Ok(&node.0),
            _ => Err(FileError::NoDevice),
        }
    }

    pub fn stat(&self, inode: Inode) -> Result<Stat> {
        Ok(self.node(inode)?.stat(inode))
    }

    /// Returns what is known of the node at a place.
    pub fn stat_at(&self, place: &Place) -> Result<Stat> {
        let stat = self.stat(place.existing()?)?;
        if place.is_directory && stat.kind != FileType::Directory {
            return Err(FileError::NotDirectory);
        }
        Ok(stat)
    }

    /// Opens a path: returns the node, which is new if the options say so.
    pub fn open(
        &mut self,
        start: Inode,
        path: &str,
        options: OpenOptions,
        now: u64,
    ) -> Result<Inode> {
        let is_new = options.create && options.exclusive;
        if options.create && path.ends_with('/') {
            let place = self.resolve(start, without_end(path), false)?;
            let is_start = place.name.is_empty();
            return Err(if is_new && is_start { FileError::Exist } else { FileError::IsDirectory });
        }
        let place = self.resolve(start, path, options.follow && !is_new)?;
        // The target of a link may end in `/` too.
        if options.create && !is_new && place.is_directory {
            return Err(FileError::IsDirectory);
        }
        let Some(inode) = place.node else {
            if !options.create {
                return Err(FileError::NoEntry);
            }
            if options.directory {
                return Err(FileError::Invalid);
            }
            return self.insert(&place, Kind::File(Content::default()), now);
        };
        if is_new {
            return Err(FileError::Exist);
        }
        let kind = self.node(inode)?.file_type();
        match kind {
            FileType::Link => return Err(FileError::Loop),
            FileType::File | FileType::CharacterDevice
                if options.directory || place.is_directory =>
            {
                return Err(FileError::NotDirectory);
            }
            // Writing to a device changes no file, and it has no size.
            FileType::CharacterDevice => return Ok(inode),
            FileType::Directory if options.write || options.create || options.truncate => {
                return Err(FileError::IsDirectory);
            }
            _ => {}
        }
        if options.write || options.truncate {
            self.check_writable(inode)?;
        }
        if options.truncate {
            self.set_len(inode, 0, now)?;
        }
        Ok(inode)
    }

    /// Copies bytes of a file, and returns how many there were.
    pub fn read(&self, inode: Inode, offset: u64, to: &mut [u8]) -> Result<usize> {
        self.file(inode)?.read(offset, to)
    }

    /// Writes into a file, and returns how many bytes were written.
    pub fn write(&mut self, inode: Inode, offset: u64, bytes: &[u8], now: u64) -> Result<usize> {
        let bytes = &bytes[..bytes.len().min(self.limits.write_bytes)];
        let node = self.nodes.get_mut(&inode).ok_or(FileError::NoEntry)?;
        node.check_writable()?;
        let end = offset.checked_add(bytes.len() as u64).ok_or(FileError::FileTooLarge)?;
        let content = node.file_mut()?;
        if bytes.is_empty() {
            // The file did not change.
            return Ok(0);
        }
        content.prepare_write(offset, bytes.len())?;
        self.bytes = self.limits.add(self.bytes, end.saturating_sub(content.len()))?;
        content.write(offset, bytes)?;
        node.modify(now);
        Ok(bytes.len())
    }

    pub fn set_len(&mut self, inode: Inode, len: u64, now: u64) -> Result {
        self.check_writable(inode)?;
        let content = self.file(inode)?;
        content.prepare_set_len(len)?;
        let before = content.len();
        match len.checked_sub(before) {
            Some(more) => self.take_bytes(more)?,
            None => self.bytes -= before - len,
        }
        let node = self.node_mut(inode)?;
        if let Kind::File(content) = &mut node.kind {
            content.set_len(len)?;
        }
        node.modify(now);
        Ok(())
    }

    pub fn set_times(
        &mut self,
        inode: Inode,
        accessed: NewTime,
        modified: NewTime,
        now: u64,
    ) -> Result {
        self.check_writable(inode)?;
        let times = &mut self.node_mut(inode)?.times;
        for (time, new) in [(&mut times.accessed, accessed), (&mut times.modified, modified)] {
            match new {
                NewTime::Keep => {}
                NewTime::Now => *time = now,
                NewTime::At(nanos) => *time = nanos,
            }
        }
        times.changed = now;
        Ok(())
    }

    /// Returns whether a read sets the time of the last access. As with `relatime` of Linux, the first after a change does:
    /// to read the clock at each would cost a twentieth of a read.
    pub fn is_first_read(&self, inode: Inode) -> bool {
        let node = self.node(inode);
        node.is_ok_and(|node| !node.is_read_only && node.times.accessed <= node.times.modified)
    }

    /// Notes that a file or directory was read.
    pub fn touch(&mut self, inode: Inode, now: u64) {
        if self.is_first_read(inode)
            && let Ok(node) = self.node_mut(inode)
        {
            node.times.accessed = now;
        }
    }

    /// Removes a node that has no name and that nobody has open.
    pub fn forget(&mut self, inode: Inode) {
        if let Some(node) = self.nodes.get(&inode)
            && node.links == 0
        {
            self.bytes -= node.size();
            let _ = self.nodes.remove_mut(&inode);
        }
    }

    /// Adds a node with the name of a free place.
    pub(super) fn insert(&mut self, place: &Place, kind: Kind, now: u64) -> Result<Inode> {
        self.check_writable(place.parent)?;
        self.check_count()?;
        let reach = self.reach(place.parent, &place.name)?;
        let inode = self.next;
        let next = inode.checked_add(1).ok_or(FileError::InsufficientSpace)?;
        self.set_entry(place.parent, &place.name, Some(inode), now)?;
        self.next = next;
        self.has_devices |= matches!(kind, Kind::Device(_));
        let node = Node { parent: place.parent, reach, ..Node::new(kind, now) };
        self.nodes.insert_mut(inode, node);
        Ok(inode)
    }

    pub(super) fn set_entry(
        &mut self,
        directory: Inode,
        name: &Arc<str>,
        inode: Option<Inode>,
        now: u64,
    ) -> Result {
        let node = self.node_mut(directory)?;
        let Kind::Directory(entries) = &mut node.kind else { return Err(FileError::NotDirectory) };
        // Someone has it open, but it has no name any more.
        if node.links == 0 {
            return Err(FileError::NoEntry);
        }
        match inode {
            Some(inode) => entries.insert_mut(Arc::clone(name), inode),
            None => drop(entries.remove_mut(name)),
        }
        node.modify(now);
        Ok(())
    }

    pub(super) fn check_writable(&self, inode: Inode) -> Result {
        self.node(inode)?.check_writable()
    }

    pub(super) fn take_bytes(&mut self, more: u64) -> Result {
        self.bytes = self.limits.add(self.bytes, more)?;
        Ok(())
    }
}
