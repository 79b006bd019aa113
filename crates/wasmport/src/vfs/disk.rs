//! `Disk`: a tree with the nodes that are open in it.

use super::content::Content;
use super::files::Files;
use super::node::{Entries, Inode, Kind, Node};
use super::tree::Tree;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A tree that one session or several use, with the nodes that they have open. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    pub tree: Tree,
    /// Whether several sessions use it.
    #[cfg(feature = "snapshot")]
    is_shared: bool,
    /// How often each node is open.
    open: HashMap<Inode, usize>,
}

impl Disk {
    pub fn new(tree: Tree) -> Self {
        Self(Arc::new(Mutex::new(State {
            tree,
            #[cfg(feature = "snapshot")]
            is_shared: false,
            open: HashMap::new(),
        })))
    }

    /// Marks the disk as one that several sessions use: snapshots leave it out.
    #[cfg(feature = "snapshot")]
    pub fn shared(self) -> Self {
        self.lock().is_shared = true;
        self
    }

    /// Locks the disk, also after a panic: no operation leaves it half changed before it may panic.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the disk to read or write a file. Bytes that are read lazily and were not read before are read first, while
    /// others may use the disk.
    pub fn lock_loaded(&self, inode: Inode) -> MutexGuard<'_, State> {
        let state = self.lock();
        let Some(lazy) = state.tree.file(inode).ok().and_then(Content::unloaded) else {
            return state;
        };
        drop(state);
        // If it fails, so does the operation that needs the bytes.
        let _ = lazy.bytes();
        self.lock()
    }

    /// Returns whether both are the same disk.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Opens a node, which stays until the handle is dropped.
    pub fn open(&self, state: &mut State, inode: Inode) -> Handle {
        *state.open.entry(inode).or_default() += 1;
        Handle { disk: self.clone(), inode }
    }
}

#[cfg(feature = "snapshot")]
impl State {
    /// Returns the tree without files that have no name, unless other sessions use it.
    pub fn saved(&self) -> Option<Tree> {
        (!self.is_shared).then(|| self.files().tree)
    }

    /// Replaces the tree with a saved one, if that is within the limits. Devices stay those of this tree.
    pub fn restore(&mut self, saved: &Tree) -> bool {
        let Some(mut tree) = saved.with_limits(self.tree.limits) else { return false };
        tree.add_devices(&self.tree);
        self.tree = tree;
        true
    }

    /// Returns whether several sessions use it.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }
}

impl State {
    /// Returns the files that have names. Those that are only open are left out.
    pub fn files(&self) -> Files {
        let mut tree = self.tree.clone();
        for inode in self.open.keys() {
            tree.forget(*inode);
        }
        Files { tree }
    }

    /// Replaces the tree by a changed clone of it, to which nodes that were removed and are open come back unnamed.
    pub fn replace(&mut self, mut tree: Tree) {
        for inode in self.open.keys() {
            if let Ok(node) = self.tree.node(*inode)
                && tree.node(*inode).is_err()
            {
                let kind = match &node.kind {
                    Kind::Directory(_) => Kind::Directory(Entries::new_sync()),
                    kind => kind.clone(),
                };
                tree.bytes += node.size();
                tree.nodes.insert_mut(*inode, Node { kind, links: 0, ..node.clone() });
            }
        }
        self.tree = tree;
    }

    /// Removes a node that lost its last name, unless it is open.
    pub fn unnamed(&mut self, inode: Option<Inode>) {
        if let Some(inode) = inode
            && !self.open.contains_key(&inode)
        {
            self.tree.forget(inode);
        }
    }

    fn close(&mut self, inode: Inode) {
        let Some(count) = self.open.get_mut(&inode) else { return };
        *count -= 1;
        if *count == 0 {
            let _ = self.open.remove(&inode);
            self.tree.forget(inode);
        }
    }
}

/// An open node.
#[derive(Debug)]
pub(crate) struct Handle {
    disk: Disk,
    pub inode: Inode,
}

impl Handle {
    pub fn disk(&self) -> &Disk {
        &self.disk
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.disk.lock().close(self.inode);
    }
}
