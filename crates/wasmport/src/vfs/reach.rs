//! The length of paths from the root: no node is at one that is longer than the limit.
//!
//! A guest can make directories in directories that it has open, so that each path which it gives is
//! short. Without this limit, a list of all paths could be larger than all memory.

use super::error::FileError;
use super::limits::FileLimits;
use super::node::{FileType, Inode, Kind, Node};
use super::tree::Tree;
use super::walk::Walk;

type Result<T> = std::result::Result<T, FileError>;

impl Tree {
    /// Returns the length of the path of a name in a directory.
    pub(super) fn reach(&self, directory: Inode, name: &str) -> Result<usize> {
        self.check_reach(joined(self.node(directory)?.reach, name.len()))
    }

    /// Returns the directories whose paths change when a node moves, with the new lengths.
    pub(super) fn moved_reaches(
        &self,
        inode: Inode,
        directory: Inode,
        name: &str,
    ) -> Result<Vec<(Inode, usize)>> {
        let node = self.node(inode)?;
        let reach = self.reach(directory, name)?;
        if node.file_type() != FileType::Directory || node.reach == reach {
            return Ok(Vec::new());
        }
        let mut moved = vec![(inode, reach)];
        let mut walk = Walk::from(self, inode);
        while let Some((path, inode)) = walk.next() {
            let reach = self.check_reach(joined(reach, path.len()))?;
            if self.node(inode)?.file_type() == FileType::Directory {
                moved.push((inode, reach));
            }
        }
        Ok(moved)
    }

    /// Returns the lengths of the longest path, name and target of a link.
    pub(super) fn longest(&self) -> Longest {
        let mut walk = Walk::new(self);
        let mut longest = Longest::default();
        while let Some((path, inode)) = walk.next() {
            let name = path.rsplit('/').next().unwrap_or_default();
            longest.path = longest.path.max(path.len());
            longest.name = longest.name.max(name.len());
            if let Ok(Node { kind: Kind::Link(target), .. }) = self.node(inode) {
                longest.target = longest.target.max(target.len());
            }
        }
        longest
    }

    pub(super) fn set_reaches(&mut self, reaches: &[(Inode, usize)]) {
        for (inode, reach) in reaches {
            if let Ok(node) = self.node_mut(*inode) {
                node.reach = *reach;
            }
        }
    }

    pub(super) fn check_reach(&self, reach: usize) -> Result<usize> {
        if reach > self.limits.path_bytes { Err(FileError::NameTooLong) } else { Ok(reach) }
    }
}

/// The largest lengths in a tree in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Longest {
    /// That of a path below the root.
    pub path: usize,
    pub name: usize,
    /// That of the target of a link.
    pub target: usize,
}

impl Longest {
    /// Returns whether they are within limits.
    pub fn fits(self, limits: FileLimits) -> bool {
        self.path.max(self.target) <= limits.path_bytes && self.name <= limits.name_bytes
    }
}

/// Returns the length of a path in a directory, both given by their lengths.
pub(super) fn joined(directory: usize, path: usize) -> usize {
    if directory == 0 { path } else { directory + 1 + path }
}
