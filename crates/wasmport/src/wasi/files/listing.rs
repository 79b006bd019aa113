//! `Listing`: the names in a virtual directory at one time.

use super::slots::{HeldNames, Slots};
use crate::vfs::{Disk, FileError, FileType, Inode, State};
use rpds::RedBlackTreeMapSync;
use std::ops::Bound;
use std::sync::Arc;

/// The names that a directory had when it was listed, without `.` and `..`. It takes constant time and shares the
/// directory's memory until that changes.
pub(in crate::wasi) struct Listing {
    disk: Disk,
    directory: Inode,
    names: RedBlackTreeMapSync<Arc<str>, Inode>,
    _held: HeldNames,
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
    /// The number of names up to this one, with those that were removed.
    pub count: u64,
}

impl Listing {
    /// Lists a directory of a locked disk.
    ///
    /// # Errors
    ///
    /// Fails if it is no directory, or the session's listings hold too many names.
    pub fn new(
        disk: &Disk,
        state: &State,
        directory: Inode,
        slots: &Slots,
    ) -> Result<Self, FileError> {
        let names = state.tree.entries(directory)?.clone();
        let _held = slots.hold_names(names.size() as u64)?;
        Ok(Self { disk: disk.clone(), directory, names, _held, last: None, count: 0 })
    }

    /// Returns the next name in order, without those that were removed meanwhile.
    pub fn peek(&self) -> Option<ListedName> {
        let start = self.last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let left = self.names.range::<str, _>((start, Bound::Unbounded));
        let state = self.disk.lock();
        let now = state.tree.entries(self.directory).ok()?;
        left.zip(self.count + 1..).find_map(|((name, _), count)| {
            let inode = *now.get(name)?;
            let kind = state.tree.stat(inode).ok()?.kind;
            Some(ListedName { name: Arc::clone(name), inode, kind, count })
        })
    }

    /// Continues behind a name.
    pub fn advance(&mut self, listed: &ListedName) {
        self.last = Some(Arc::clone(&listed.name));
        self.count = listed.count;
    }

    /// Continues behind the first `count` names.
    pub fn seek(&mut self, count: u64) {
        let count = count.min(self.names.size() as u64);
        if count != self.count {
            let last = count.checked_sub(1).and_then(|last| usize::try_from(last).ok());
            self.last = last.and_then(|last| self.names.keys().nth(last).cloned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{FileLimits, Files};
    use crate::wasi::files::open_file::OpenFile;

    /// Returns the root of a disk with these files, and the slots of a session that has it.
    fn root(limits: FileLimits, names: &[&str]) -> (OpenFile, Slots) {
        let mut files = Files::with_limits(limits);
        for name in names {
            files.write(name, *name).unwrap();
        }
        let disk = Disk::new(files.tree().clone());
        (OpenFile::mounted(&disk), Slots::new(&[("/".into(), disk)]))
    }

    #[test]
    fn removed_names_are_left_out_although_their_files_exist() {
        let (root, slots) = root(FileLimits::default(), &["a", "b", "c", "d"]);
        let mut listing = root.list(&slots, 0).unwrap();
        let (first, inode) = (listing.peek().unwrap(), root.stat_at("d", false).unwrap().inode);
        assert_eq!(&*first.name, "a");
        listing.advance(&first);
        root.link_at(false, "b", &root, "e", 0).unwrap();
        root.unlink_file_at("b", 0).unwrap();
        root.rename_at("d", &root, "c", 0).unwrap();
        let second = listing.peek().unwrap();
        assert_eq!((&*second.name, second.inode, second.count), ("c", inode, 3));
        listing.advance(&second);
        assert!(listing.peek().is_none());
        // Places are those of the names that there were.
        listing.seek(1);
        assert_eq!(&*listing.next().unwrap().1, "c");
    }

    #[test]
    fn listings_hold_a_bounded_number_of_names() {
        let limits = FileLimits { files: 4, ..FileLimits::default() };
        let (root, slots) = root(limits, &["a", "b", "c"]);
        let listings = [root.list(&slots, 0).unwrap(), root.list(&slots, 0).unwrap()];
        assert_eq!(root.list(&slots, 0).map(drop), Err(FileError::TooManyOpen));
        drop(listings);
        assert!(root.list(&slots, 0).is_ok());
    }
}
