//! Names in a tree: adding, changing and removing them.

use super::error::FileError;
use super::node::{FileType, Inode, Kind, Node};
use super::place::{Place, is_name, without_end};
use super::tree::{ROOT, Tree};
use std::sync::Arc;

type Result<T = ()> = std::result::Result<T, FileError>;

impl Tree {
    pub fn create_directory(&mut self, start: Inode, path: &str, now: u64) -> Result {
        // A link with this name exists, whatever it leads to.
        let place = self.resolve(start, without_end(path), false)?;
        if place.node.is_some() {
            return Err(FileError::Exist);
        }
        self.insert(&place, Node::directory(now).kind, now).map(drop)
    }

    pub fn symlink(&mut self, start: Inode, path: &str, target: &str, now: u64) -> Result {
        if target.starts_with('/') {
            return Err(FileError::NotPermitted);
        }
        // An operating system too looks at the target when it has found the directory.
        let place = self.resolve(start, path, false)?;
        if target.is_empty() {
            return Err(FileError::NoEntry);
        }
        if target.contains('\0') {
            return Err(FileError::Invalid);
        }
        if target.len() > self.limits.path_bytes {
            return Err(FileError::NameTooLong);
        }
        if let Some(existing) = place.node {
            let is_directory = self.node(existing)?.file_type() == FileType::Directory;
            let is_wrong = place.is_directory && !is_directory;
            return Err(if is_wrong { FileError::NotDirectory } else { FileError::Exist });
        }
        if place.is_directory {
            return Err(FileError::NoEntry);
        }
        self.take_bytes(target.len() as u64)?;
        let inserted = self.insert(&place, Kind::Link(target.into()), now);
        if inserted.is_err() {
            self.bytes -= target.len() as u64;
        }
        inserted.map(drop)
    }

    /// Returns the target of a symbolic link.
    pub fn read_link(&self, start: Inode, path: &str) -> Result<Arc<str>> {
        let place = self.resolve(start, path, false)?;
        match &self.node(place.existing()?)?.kind {
            Kind::Link(target) => Ok(Arc::clone(target)),
            Kind::Directory(_) => Err(FileError::Invalid),
            _ if place.is_directory => Err(FileError::NotDirectory),
            _ => Err(FileError::Invalid),
        }
    }

    /// Gives a file a second name.
    pub fn link(&mut self, from: (Inode, &str), to: (Inode, &str), now: u64) -> Result {
        // An operating system too finds both directories before it looks for the names.
        let old = self.resolve(from.0, from.1, false)?;
        let new = self.resolve(to.0, to.1, false)?;
        let inode = old.existing()?;
        if new.node.is_some() {
            return Err(FileError::Exist);
        }
        let is_directory = self.node(inode)?.file_type() == FileType::Directory;
        if old.is_directory && !is_directory {
            return Err(FileError::NotDirectory);
        }
        if new.is_directory {
            return Err(FileError::NoEntry);
        }
        if is_directory {
            return Err(FileError::NotPermitted);
        }
        self.check_writable(inode)?;
        self.check_writable(new.parent)?;
        self.check_count()?;
        let _ = self.reach(new.parent, &new.name)?;
        self.set_entry(new.parent, &new.name, Some(inode), now)?;
        let node = self.node_mut(inode)?;
        node.links += 1;
        node.times.changed = now;
        self.more_names += 1;
        Ok(())
    }

    /// Removes the name of a file or link. Returns the node if that was its last name: who has it open keeps it.
    pub fn unlink(&mut self, start: Inode, path: &str, now: u64) -> Result<Option<Inode>> {
        let place = self.resolve(start, path, false)?;
        let inode = place.existing()?;
        if self.node(inode)?.file_type() == FileType::Directory {
            return Err(FileError::IsDirectory);
        }
        if place.is_directory {
            return Err(FileError::NotDirectory);
        }
        self.check_writable(place.parent)?;
        self.check_writable(inode)?;
        self.set_entry(place.parent, &place.name, None, now)?;
        self.drop_name(inode, now)
    }

    pub fn remove_directory(
        &mut self,
        start: Inode,
        path: &str,
        now: u64,
    ) -> Result<Option<Inode>> {
        let place = self.resolve(start, path, false)?;
        let inode = place.existing()?;
        if place.name.is_empty() {
            return Err(FileError::Invalid);
        }
        if !self.entries(inode)?.is_empty() {
            return Err(FileError::NotEmpty);
        }
        self.check_writable(place.parent)?;
        self.check_writable(inode)?;
        self.set_entry(place.parent, &place.name, None, now)?;
        self.drop_name(inode, now)
    }

    /// Gives a node another name, and returns the node that had it before if that was its last.
    pub fn rename(
        &mut self,
        from: (Inode, &str),
        to: (Inode, &str),
        now: u64,
    ) -> Result<Option<Inode>> {
        let old = self.resolve(from.0, from.1, false)?;
        let new = self.resolve(to.0, to.1, false)?;
        if old.name.is_empty() || new.name.is_empty() {
            return Err(FileError::Invalid);
        }
        let inode = old.existing()?;
        let kind = self.node(inode)?.file_type();
        if kind != FileType::Directory && (old.is_directory || new.is_directory) {
            return Err(FileError::NotDirectory);
        }
        if kind == FileType::Directory && self.contains(inode, new.parent)? {
            return Err(FileError::Invalid);
        }
        // As on Linux, whatever the kinds of both are.
        if let Some(replaced) = new.node
            && self.contains(replaced, old.parent)?
        {
            return Err(FileError::NotEmpty);
        }
        if new.node == Some(inode) {
            return Ok(None);
        }
        if let Some(replaced) = new.node {
            match (kind, self.node(replaced)?.file_type()) {
                (FileType::Directory, FileType::Directory)
                    if !self.entries(replaced)?.is_empty() =>
                {
                    return Err(FileError::NotEmpty);
                }
                (FileType::Directory, FileType::Directory) => {}
                (FileType::Directory, _) => return Err(FileError::NotDirectory),
                (_, FileType::Directory) => return Err(FileError::IsDirectory),
                _ => {}
            }
        }
        self.check_writable(old.parent)?;
        self.check_writable(inode)?;
        self.check_writable(new.parent)?;
        if let Some(replaced) = new.node {
            self.check_writable(replaced)?;
        }
        // Someone has it open, but it has no name any more.
        if self.node(new.parent)?.links == 0 {
            return Err(FileError::NoEntry);
        }
        let reaches = self.moved_reaches(inode, new.parent, &new.name)?;
        self.set_entry(old.parent, &old.name, None, now)?;
        self.set_entry(new.parent, &new.name, Some(inode), now)?;
        let node = self.node_mut(inode)?;
        node.parent = new.parent;
        node.times.changed = now;
        self.set_reaches(&reaches);
        match new.node {
            Some(replaced) => self.drop_name(replaced, now),
            None => Ok(None),
        }
    }

    /// Puts a file at a name of a directory, in place of the one that may be there.
    pub fn place(&mut self, directory: Inode, name: &str, kind: Kind) -> Result<Inode> {
        if !is_name(name) {
            return Err(FileError::Invalid);
        }
        let place = self.resolve(directory, name, false)?;
        let node = Node::new(kind, 0);
        let size = node.size();
        if let Some(replaced) = place.node {
            let former = self.node(replaced)?;
            if former.file_type() == FileType::Directory {
                return Err(FileError::IsDirectory);
            }
            // Before the former file goes, which has its bytes for itself unless it has other names.
            let freed = if former.links == 1 { former.size() } else { 0 };
            let bytes = (self.bytes - freed).checked_add(size).ok_or(FileError::FileTooLarge)?;
            if bytes > self.limits.bytes {
                return Err(FileError::InsufficientSpace);
            }
            if let Some(unnamed) = self.unlink(directory, name, 0)? {
                self.forget(unnamed);
            }
        }
        self.take_bytes(size)?;
        let inserted = self.insert(&Place { node: None, ..place }, node.kind, 0);
        if inserted.is_err() {
            self.bytes -= size;
        }
        inserted
    }

    /// Returns whether `inode` is the directory `directory` or contains it.
    fn contains(&self, inode: Inode, directory: Inode) -> Result<bool> {
        let mut here = directory;
        while here != inode {
            if here == ROOT {
                return Ok(false);
            }
            here = self.node(here)?.parent;
        }
        Ok(true)
    }

    /// Takes a name from a node, and returns the node if it was its last.
    fn drop_name(&mut self, inode: Inode, now: u64) -> Result<Option<Inode>> {
        let node = self.node_mut(inode)?;
        node.links -= 1;
        node.times.changed = now;
        if node.links == 0 {
            return Ok(Some(inode));
        }
        self.more_names -= 1;
        Ok(None)
    }
}
