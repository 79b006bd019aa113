//! `Walk`: the nodes of a tree with their paths, without recursion and without a list of what is left.

use super::node::{Entries, Inode, Kind};
use super::tree::{ROOT, Tree};

type Names<'a> = <&'a Entries as IntoIterator>::IntoIter;

/// A walk through a tree: directories before what is in them, in the order of names.
pub(crate) struct Walk<'a> {
    tree: &'a Tree,
    /// The directories that the walk is in, each with the length of its path.
    open: Vec<(Names<'a>, usize)>,
    path: String,
}

impl<'a> Walk<'a> {
    /// Starts below the root.
    pub fn new(tree: &'a Tree) -> Self {
        Self::from(tree, ROOT)
    }

    /// Starts below a directory; paths are relative to it.
    pub fn from(tree: &'a Tree, directory: Inode) -> Self {
        let mut walk = Self { tree, open: Vec::new(), path: String::new() };
        if let Ok(entries) = tree.entries(directory) {
            walk.enter(entries);
        }
        walk
    }

    fn enter(&mut self, entries: &'a Entries) {
        self.open.push((entries.iter(), self.path.len()));
    }

    /// Goes on to the next node, and returns its path and number.
    pub fn next(&mut self) -> Option<(&str, Inode)> {
        loop {
            let (names, len) = self.open.last_mut()?;
            self.path.truncate(*len);
            let Some((name, inode)) = names.next() else {
                let _ = self.open.pop();
                continue;
            };
            let Ok(node) = self.tree.node(*inode) else { continue };
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(name);
            if let Kind::Directory(entries) = &node.kind {
                self.enter(entries);
            }
            return Some((&self.path, *inode));
        }
    }
}
