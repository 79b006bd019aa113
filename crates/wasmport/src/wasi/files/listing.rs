//! `Listing`: the names in a virtual directory at one time.

use crate::vfs::{Disk, FileType, Inode};
use rpds::RedBlackTreeMapSync;
use std::ops::Bound;
use std::sync::Arc;

/// The names that a directory had when it was listed, without `.` and `..`. It takes constant time and shares the
/// directory's memory.
pub(in crate::wasi) struct Listing {
    disk: Disk,
    entries: RedBlackTreeMapSync<Arc<str>, Inode>,
    /// The last name that was returned.
    last: Option<Arc<str>>,
    /// The number of names up to the last one.
    count: u64,
}

/// A name in a directory.
pub(in crate::wasi) struct ListedName {
    pub name: Arc<str>,
    pub inode: Inode,
    pub kind: FileType,
    /// The number of names up to this one, with those of removed files.
    pub count: u64,
}

impl Listing {
    pub fn new(disk: &Disk, entries: RedBlackTreeMapSync<Arc<str>, Inode>) -> Self {
        Self { disk: disk.clone(), entries, last: None, count: 0 }
    }

    /// Returns the next name in order, without those of files that were removed meanwhile.
    pub fn peek(&self) -> Option<ListedName> {
        let start = self.last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let left = self.entries.range::<str, _>((start, Bound::Unbounded));
        let state = self.disk.lock();
        left.zip(self.count + 1..).find_map(|((name, inode), count)| {
            let kind = state.tree.stat(*inode).ok()?.kind;
            Some(ListedName { name: Arc::clone(name), inode: *inode, kind, count })
        })
    }

    /// Continues behind a name.
    pub fn advance(&mut self, listed: &ListedName) {
        self.last = Some(Arc::clone(&listed.name));
        self.count = listed.count;
    }

    /// Continues behind the first `count` names.
    pub fn seek(&mut self, count: u64) {
        let count = count.min(self.entries.size() as u64);
        if count != self.count {
            let last = count.checked_sub(1).and_then(|last| usize::try_from(last).ok());
            self.last = last.and_then(|last| self.entries.keys().nth(last).cloned());
            self.count = count;
        }
    }
}

impl Iterator for Listing {
    type Item = (FileType, Arc<str>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.peek()?;
        self.advance(&next);
        Some((next.kind, next.name))
    }
}
