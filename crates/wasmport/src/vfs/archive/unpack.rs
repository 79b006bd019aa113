//! `Unpacker`: the rules for entries of archives, the same for tar and zip.

use super::error::{ArchiveError, shown};
use crate::vfs::Files;
use crate::vfs::content::Content;
use crate::vfs::error::FileError;
use crate::vfs::limits::FileLimits;
use crate::vfs::node::{FileType, Inode, Kind, Times};
use crate::vfs::tree::{ROOT, Tree};

type Result<T = ()> = std::result::Result<T, ArchiveError>;

/// An entry but for what it contains.
#[derive(Clone, Copy)]
pub(super) struct Meta<'a> {
    pub name: &'a str,
    pub times: Times,
    pub is_read_only: bool,
}

/// A tree that entries are added to.
///
/// No name leads out of it: parts `..` and absolute names are refused, and so are names that lead through a link.
pub(super) struct Unpacker {
    tree: Tree,
    /// Values that are set when all entries are there, because new names change them.
    later: Vec<(Inode, Times, bool)>,
    /// The directory of the last entry.
    last: (String, Inode),
}

impl Unpacker {
    pub fn new(limits: FileLimits) -> Self {
        Self { tree: Tree::new(limits), later: Vec::new(), last: (String::new(), ROOT) }
    }

    #[cfg(feature = "vfs-zip")]
    pub fn limits(&self) -> FileLimits {
        self.tree.limits
    }

    pub fn finish(mut self) -> Files {
        for (inode, times, is_read_only) in self.later {
            if let Ok(node) = self.tree.node_mut(inode) {
                node.times = times;
                node.is_read_only = is_read_only;
            }
        }
        Files { tree: self.tree }
    }

    /// Fails if a file of this size does not fit, before its bytes are read.
    pub fn check_room(&self, meta: Meta<'_>, size: u64) -> Result {
        let bytes = self.tree.bytes.checked_add(size);
        if bytes.is_none_or(|bytes| bytes > self.tree.limits.bytes) {
            return Err(ArchiveError::tree(meta.name, FileError::InsufficientSpace));
        }
        Ok(())
    }

    pub fn add_file(&mut self, meta: Meta<'_>, content: Content) -> Result {
        self.add(meta, Kind::File(content))
    }

    pub fn add_symlink(&mut self, meta: Meta<'_>, target: &str) -> Result {
        if target.is_empty() || target.contains('\0') {
            return Err(ArchiveError::damaged(meta.name, "the target of the link is no path"));
        }
        if target.len() > self.tree.limits.path_bytes {
            return Err(ArchiveError::tree(meta.name, FileError::NameTooLong));
        }
        self.add(meta, Kind::Link(target.into()))
    }

    pub fn add_directory(&mut self, meta: Meta<'_>) -> Result {
        let parts = parts(meta.name)?;
        let inode = self.directories(meta.name, &parts)?;
        self.later.push((inode, meta.times, meta.is_read_only));
        Ok(())
    }

    /// Gives an entry that was added before a second name.
    pub fn add_hard_link(&mut self, meta: Meta<'_>, original: &str) -> Result {
        let missing = || {
            ArchiveError::damaged(meta.name, format!("no entry `{}` is before it", shown(original)))
        };
        let mut inode = ROOT;
        for part in parts(original)? {
            let entries = self.tree.entries(inode).map_err(|_| missing())?;
            inode = *entries.get(part).ok_or_else(missing)?;
        }
        let node = self.tree.node(inode).map_err(|_| missing())?;
        let (times, is_read_only) = (node.times, node.is_read_only);
        if node.file_type() == FileType::Directory {
            return Err(ArchiveError::damaged(meta.name, "it is a hard link to a directory"));
        }
        let (parent, name) = self.free_name(meta.name)?;
        let linked = self.tree.add_name(parent, name, inode);
        linked.map_err(|error| ArchiveError::tree(meta.name, error))?;
        self.later.push((inode, times, is_read_only));
        Ok(())
    }

    fn add(&mut self, meta: Meta<'_>, kind: Kind) -> Result {
        let (parent, name) = self.free_name(meta.name)?;
        let placed = self.tree.place(parent, name, kind).and_then(|inode| {
            let node = self.tree.node_mut(inode)?;
            node.times = meta.times;
            node.is_read_only = meta.is_read_only;
            Ok(())
        });
        placed.map_err(|error| ArchiveError::tree(meta.name, error))
    }

    /// Returns the directory of a name, and its last part, which nothing has yet.
    fn free_name<'a>(&mut self, name: &'a str) -> Result<(Inode, &'a str)> {
        let parts = parts(name)?;
        let Some((last, directory)) = parts.split_last() else {
            return Err(ArchiveError::name(name, "is that of the root"));
        };
        let parent = self.directories(name, directory)?;
        let entries = self.tree.entries(parent).map_err(|error| ArchiveError::tree(name, error))?;
        if entries.contains_key(*last) {
            return Err(ArchiveError::Duplicate { entry: shown(name) });
        }
        Ok((parent, last))
    }

    /// Returns the directory of these parts, and adds those that are missing.
    fn directories(&mut self, entry: &str, parts: &[&str]) -> Result<Inode> {
        let path = parts.join("/");
        // Entries mostly follow those of the same directory, or the directory itself.
        let (mut here, known) = match path.strip_prefix(&self.last.0) {
            Some("") => return Ok(self.last.1),
            Some(rest) if rest.starts_with('/') => (self.last.1, self.last.0.split('/').count()),
            _ => (ROOT, 0),
        };
        for (index, part) in parts.iter().enumerate().skip(known) {
            here = match self
                .tree
                .entries(here)
                .ok()
                .and_then(|entries| entries.get(*part).copied())
            {
                None => {
                    let kind = Kind::Directory(Default::default());
                    let added = self.tree.place(here, part, kind);
                    added.map_err(|error| ArchiveError::tree(entry, error))?
                }
                Some(found) => {
                    self.check_directory(entry, &parts[..=index], found)?;
                    found
                }
            };
        }
        self.last = (path, here);
        Ok(here)
    }

    fn check_directory(&self, entry: &str, parts: &[&str], inode: Inode) -> Result {
        let kind = self.tree.node(inode).map(|node| node.file_type());
        match kind.map_err(|error| ArchiveError::tree(entry, error))? {
            FileType::Directory => Ok(()),
            FileType::Link => Err(ArchiveError::ThroughLink {
                entry: shown(entry),
                link: shown(&parts.join("/")),
            }),
            FileType::File | FileType::CharacterDevice => {
                let cause = format!("`{}` is a file and a directory", shown(&parts.join("/")));
                Err(ArchiveError::damaged(entry, cause))
            }
        }
    }
}

/// Parts a name, without parts that mean nothing.
fn parts(name: &str) -> Result<Vec<&str>> {
    if name.is_empty() {
        return Err(ArchiveError::name(name, "is empty"));
    }
    if name.starts_with('/') {
        return Err(ArchiveError::name(name, "is absolute"));
    }
    if name.contains('\0') {
        return Err(ArchiveError::name(name, "has a NUL byte"));
    }
    let parts: Vec<_> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err(ArchiveError::name(name, "leads upwards by `..`"));
    }
    Ok(parts)
}
