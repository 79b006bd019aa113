//! Trees in trees: mounts, and what is removed with a directory.

use super::error::FileError;
use super::files::{Files, Result, failed};
use super::node::{Entries, Inode, Kind, Node};
use super::reach::joined;
use super::tree::{ROOT, Tree};
use super::walk::Walk;

type Done<T = ()> = std::result::Result<T, FileError>;

impl Files {
    /// Mounts other files at a directory, which is made if it is missing. What it contained is removed.
    ///
    /// The bytes are shared, and both change on their own. Times, links and what is read-only are those of `files`;
    /// the limits stay those of this.
    ///
    /// ```
    /// # fn main() -> Result<(), wasmport::vfs::FilesError> {
    /// use wasmport::vfs::Files;
    ///
    /// let mut library = Files::new();
    /// library.write("os.py", "import sys")?.set_read_only("")?;
    /// let mut files = Files::new();
    /// files.mount("usr/lib", &library)?.write("tmp/x", "1")?;
    /// assert_eq!(files.read("usr/lib/os.py")?, b"import sys");
    /// assert!(files.write("usr/lib/new", "").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the path is invalid or leads through a file, if a directory that has to change, or anything in it that
    /// would be removed, is read-only, or if a limit is reached; nothing was mounted then.
    pub fn mount(&mut self, path: &str, files: &Self) -> Result<&mut Self> {
        // A clone takes constant time; it is dropped if something fails.
        let mut new = self.clone();
        let mounted =
            new.directories(path).and_then(|directory| new.tree.graft(directory, &files.tree));
        mounted.map_err(|source| failed(path, source))?;
        *self = new;
        Ok(self)
    }
}

impl Tree {
    /// Replaces what is in a directory by another tree.
    fn graft(&mut self, directory: Inode, other: &Self) -> Done {
        self.check_removable(directory)?;
        self.remove_below(directory);
        // The numbers of the other tree, behind all of this one.
        let first = self.next;
        self.next = first.checked_add(other.next).ok_or(FileError::InsufficientSpace)?;
        let base = self.node(directory)?.reach;
        let inode_of = |inode: Inode| if inode == ROOT { directory } else { first + inode };
        self.take_bytes(other.bytes)?;
        self.more_names += other.more_names;
        self.has_devices |= other.has_devices;
        let mut longest = other.longest();
        if longest.path > 0 {
            longest.path = joined(base, longest.path);
        }
        if !longest.fits(self.limits) {
            return Err(FileError::NameTooLong);
        }
        for (inode, node) in &other.nodes {
            // Without a name it was only open.
            if node.links == 0 {
                self.bytes -= node.size();
                continue;
            }
            let kind = match &node.kind {
                Kind::Directory(entries) => {
                    let entries =
                        entries.iter().map(|(name, inode)| (name.clone(), inode_of(*inode)));
                    Kind::Directory(entries.collect::<Entries>())
                }
                kind => kind.clone(),
            };
            let mut new = Node { kind, parent: inode_of(node.parent), ..node.clone() };
            if *inode == ROOT {
                let root = self.node(directory)?;
                (new.parent, new.reach) = (root.parent, root.reach);
            } else {
                new.reach = if node.reach == 0 { 0 } else { joined(base, node.reach) };
                self.check_count()?;
            }
            self.nodes.insert_mut(inode_of(*inode), new);
        }
        Ok(())
    }

    /// Gives a file or link another name, which is free.
    pub(super) fn add_name(&mut self, directory: Inode, name: &str, inode: Inode) -> Done {
        if name.len() > self.limits.name_bytes {
            return Err(FileError::NameTooLong);
        }
        self.check_count()?;
        let _ = self.reach(directory, name)?;
        self.set_entry(directory, &name.into(), Some(inode), 0)?;
        self.node_mut(inode)?.links += 1;
        self.more_names += 1;
        Ok(())
    }

    /// Fails if a node is read-only, or one below it.
    pub(super) fn check_removable(&self, inode: Inode) -> Done {
        let mut walk = Walk::from(self, inode);
        let mut next = Some(inode);
        while let Some(inode) = next {
            self.check_writable(inode)?;
            next = walk.next().map(|(_, inode)| inode);
        }
        Ok(())
    }

    /// Removes all that is below a directory.
    pub(super) fn remove_below(&mut self, directory: Inode) {
        let mut left = vec![directory];
        while let Some(inode) = left.pop() {
            if let Ok(node) = self.node_mut(inode)
                && let Kind::Directory(entries) = &mut node.kind
            {
                left.extend(std::mem::take(entries).values().copied());
            }
            if inode != directory {
                self.drop_node_name(inode);
            }
        }
    }

    /// Takes a name from a node, and removes the node if it was the last.
    pub(super) fn drop_node_name(&mut self, inode: Inode) {
        if let Ok(node) = self.node_mut(inode) {
            node.links = node.links.saturating_sub(1);
            if node.links > 0 {
                self.more_names -= 1;
            }
        }
        self.forget(inode);
    }

    /// Takes over the devices of another tree: each replaces the device at its path, or is added if its directory
    /// exists and nothing else has its name. Times of directories stay.
    #[cfg(feature = "snapshot")]
    pub(super) fn add_devices(&mut self, other: &Self) {
        if !other.has_devices {
            return;
        }
        let mut walk = Walk::new(other);
        while let Some((path, inode)) = walk.next() {
            if let Ok(node) = other.node(inode)
                && matches!(node.kind, Kind::Device(_))
            {
                // Without its directory, a device has no place.
                let _ = self.add_device(path, inode, node);
            }
        }
        self.has_devices = true;
    }

    #[cfg(feature = "snapshot")]
    fn add_device(&mut self, path: &str, inode: Inode, device: &Node) -> Done {
        let place = self.resolve(ROOT, path, false)?;
        if let Some(found) = place.node {
            let node = self.node_mut(found)?;
            if matches!(node.kind, Kind::Device(_)) {
                node.kind = device.kind.clone();
            }
            return Ok(());
        }
        // Its number is that in the other tree, as guests may have seen it.
        let is_free = !self.nodes.contains_key(&inode);
        let inode = if is_free { inode } else { self.next };
        let next = inode.checked_add(1).ok_or(FileError::InsufficientSpace)?;
        let times = self.node(place.parent)?.times;
        self.set_entry(place.parent, &place.name, Some(inode), 0)?;
        self.node_mut(place.parent)?.times = times;
        self.next = self.next.max(next);
        self.nodes.insert_mut(inode, Node { parent: place.parent, links: 1, ..device.clone() });
        Ok(())
    }

    /// Sets whether a node and all below it are read-only.
    pub(super) fn set_permissions(&mut self, inode: Inode, is_read_only: bool) {
        let mut left = vec![inode];
        while let Some(inode) = left.pop() {
            let Ok(node) = self.node_mut(inode) else { continue };
            node.is_read_only = is_read_only;
            if let Kind::Directory(entries) = &node.kind {
                left.extend(entries.values().copied());
            }
        }
    }
}
