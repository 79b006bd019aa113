//! Files as a list of nodes, for snapshots. Unlike a tar archive, it keeps the numbers of nodes, which the guest's
//! memory may hold, and contents whose holes need not be stored.

use super::content::Content;
use super::files::Files;
use super::limits::FileLimits;
use super::node::{Entries, Inode, Kind, Node, Times};
use super::place::is_name;
use super::reach::joined;
use super::tree::{ROOT, Tree};
use std::collections::{BTreeMap, HashSet};

/// A file, directory or link.
pub(crate) struct Item {
    pub inode: Inode,
    pub kind: ItemKind,
    pub times: Times,
    pub is_read_only: bool,
}

/// The content of an [`Item`].
pub(crate) enum ItemKind {
    File(Content),
    /// Names with the numbers of nodes.
    Directory(Vec<(String, Inode)>),
    Link(String),
}

impl Files {
    /// Returns all nodes that have a name, and the number of the next one.
    pub(crate) fn items(&self) -> (Inode, Vec<Item>) {
        let tree = self.tree();
        // Devices are code of the program, which mounts them again.
        let is_saved =
            |inode: &Inode| !matches!(tree.node(*inode), Ok(Node { kind: Kind::Device(_), .. }));
        let nodes = tree.nodes.iter().filter(|(_, node)| node.links > 0);
        let items = nodes.filter_map(|(inode, node)| {
            let kind = match &node.kind {
                Kind::File(content) => ItemKind::File(content.clone()),
                Kind::Directory(entries) => {
                    let entries = entries.iter().filter(|(_, inode)| is_saved(inode));
                    let entries = entries.map(|(name, inode)| (name.to_string(), *inode));
                    ItemKind::Directory(entries.collect())
                }
                Kind::Link(target) => ItemKind::Link(target.to_string()),
                Kind::Device(_) => return None,
            };
            let (times, is_read_only) = (node.times, node.is_read_only);
            Some(Item { inode: *inode, kind, times, is_read_only })
        });
        (tree.next(), items.collect())
    }

    /// Returns files with these nodes and without limits of bytes and files, if they are a tree whose directories
    /// have one name each and whose files and links have one or more.
    pub(crate) fn of_items(next: Inode, items: Vec<Item>) -> Option<Self> {
        let mut nodes = BTreeMap::new();
        for item in items {
            if item.inode >= next
                || nodes
                    .insert(item.inode, node(item.kind, item.times, item.is_read_only)?)
                    .is_some()
            {
                return None;
            }
        }
        name_nodes(&mut nodes)?;
        let bytes = nodes.values().try_fold(0_u64, |sum, node| sum.checked_add(node.size()))?;
        let more_names: u64 = nodes.values().map(|node| node.links - 1).sum();
        let limits = FileLimits { bytes: u64::MAX, files: u64::MAX, ..FileLimits::default() };
        let nodes = nodes.into_iter().collect();
        let mut tree = Tree { nodes, limits, next, bytes, more_names, has_devices: false };
        // Sessions compare these with their own limits.
        let longest = tree.longest();
        tree.limits.path_bytes = longest.path.max(longest.target);
        tree.limits.name_bytes = longest.name;
        Some(Self { tree })
    }
}

fn node(kind: ItemKind, times: Times, is_read_only: bool) -> Option<Node> {
    let kind = match kind {
        ItemKind::File(content) => Kind::File(content),
        ItemKind::Link(target) if target.is_empty() || target.contains('\0') => return None,
        ItemKind::Link(target) => Kind::Link(target.into()),
        ItemKind::Directory(entries) => {
            let count = entries.len();
            let are_names = entries.iter().all(|(name, _)| is_name(name));
            let entries: Entries =
                entries.into_iter().map(|(name, inode)| (name.into(), inode)).collect();
            Kind::Directory(Some(entries).filter(|entries| are_names && entries.size() == count)?)
        }
    };
    Some(Node { kind, parent: 0, links: 0, times, is_read_only, reach: 0 })
}

/// Counts the names of nodes from the root on, and sets the parents of directories. Returns none if a node has no name,
/// or a directory has two.
fn name_nodes(nodes: &mut BTreeMap<Inode, Node>) -> Option<()> {
    let root = nodes.get_mut(&ROOT)?;
    root.links = 1;
    let mut left = vec![ROOT];
    let mut named = HashSet::from([ROOT]);
    while let Some(directory) = left.pop() {
        let Kind::Directory(entries) = &nodes.get(&directory)?.kind else { return None };
        let here = nodes.get(&directory)?.reach;
        let children: Vec<(Inode, usize)> =
            entries.iter().map(|(name, inode)| (*inode, joined(here, name.len()))).collect();
        for (child, reach) in children {
            let is_first = named.insert(child);
            let node = nodes.get_mut(&child)?;
            if let Kind::Directory(_) = node.kind {
                if !is_first {
                    return None;
                }
                node.parent = directory;
                node.reach = reach;
                left.push(child);
            }
            node.links += 1;
        }
    }
    (named.len() == nodes.len()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{Disk, FileType};

    fn files() -> Files {
        let mut files = Files::new();
        files.write("a/b/c", "content").unwrap().symlink("a/link", "b/c").unwrap();
        files.create_dir_all("empty").unwrap().set_read_only("empty").unwrap();
        let mut tree = files.tree().clone();
        tree.link((ROOT, "a/b/c"), (ROOT, "hard"), 7).unwrap();
        tree.symlink(ROOT, "gone", "x", 8).unwrap();
        if let Some(unnamed) = tree.unlink(ROOT, "gone", 9).unwrap() {
            tree.forget(unnamed);
        }
        Files::from(&tree)
    }

    #[test]
    fn files_are_as_they_were() {
        let files = files();
        let (next, items) = files.items();
        assert_eq!(items.len(), 6);
        let again = Files::of_items(next, items).unwrap();
        assert_eq!(again.entries(), files.entries());
        assert_eq!((again.tree().next(), again.read("hard").unwrap()), (next, b"content".to_vec()));
        let hard = again.stat("hard").unwrap();
        assert_eq!(
            (hard.links, hard.kind, hard.inode),
            (2, FileType::File, again.stat("a/link").unwrap().inode)
        );
        let mut tree = again.tree().with_limits(FileLimits::default()).unwrap();
        assert!(tree.create_directory(ROOT, "empty/x", 0).is_err(), "it is read-only");
        tree.rename((ROOT, "a/b"), (ROOT, "moved"), 0).unwrap();
        assert!(tree.rename((ROOT, "moved"), (ROOT, "moved/in/itself"), 0).is_err());
        // Limits count what is there.
        let limits = FileLimits { bytes: 10, ..FileLimits::default() };
        assert!(again.tree().with_limits(limits).is_some());
        assert!(again.tree().with_limits(FileLimits { bytes: 9, ..limits }).is_none());
        // The second name of the file counts.
        assert!(again.tree().with_limits(FileLimits { files: 7, ..limits }).is_some());
        assert!(again.tree().with_limits(FileLimits { files: 6, ..limits }).is_none());
        // The longest path is `moved/c` now, the longest name `moved`.
        let moved = Files { tree };
        for files in [&moved, &Files::of_items(moved.items().0, moved.items().1).unwrap()] {
            let limits = FileLimits { path_bytes: 7, name_bytes: 5, ..limits };
            assert!(files.tree().with_limits(limits).is_some());
            assert!(files.tree().with_limits(FileLimits { path_bytes: 6, ..limits }).is_none());
            assert!(files.tree().with_limits(FileLimits { name_bytes: 4, ..limits }).is_none());
        }
    }

    #[test]
    fn devices_are_those_of_the_new_session() {
        let times = Times { accessed: 1, modified: 2, changed: 3 };
        let mut files = Files::new();
        files.devices("dev").unwrap().write("dev/file", "1").unwrap();
        files.create_dir_all("own").unwrap().set_times("dev", times).unwrap();
        files.set_read_only("dev").unwrap();
        let saved = |files: &Files| {
            let (next, items) = files.items();
            Files::of_items(next, items).unwrap()
        };
        let restored = |saved: &Files| {
            let disk = Disk::new(files.tree().clone());
            assert!(disk.lock().restore(saved.tree()));
            disk.lock().files()
        };
        // With their numbers, and without a change of their directory.
        assert!(!saved(&files).exists("dev/null"));
        assert_eq!(restored(&saved(&files)).entries(), files.entries());
        assert_eq!(restored(&files).entries(), files.entries());
        // Not in place of what the guest made of them.
        let mut changed = files.clone();
        changed.set_writable("dev").unwrap().write("dev/null", "mine").unwrap();
        let mine = restored(&saved(&changed));
        assert_eq!(mine.read("dev/null").unwrap(), b"mine");
        assert_eq!(mine.stat("dev/zero").unwrap(), files.stat("dev/zero").unwrap());
        changed.remove_all("dev").unwrap();
        assert_eq!(restored(&saved(&changed)).len(), 1);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let directory = |inode, entries: &[(&str, Inode)]| Item {
            inode,
            kind: ItemKind::Directory(
                entries.iter().map(|(name, inode)| ((*name).to_owned(), *inode)).collect(),
            ),
            times: Times::default(),
            is_read_only: false,
        };
        let link = |inode, target: &str| Item {
            kind: ItemKind::Link(target.to_owned()),
            ..directory(inode, &[])
        };
        let is_tree = |items: Vec<Item>| Files::of_items(10, items).is_some();
        assert!(is_tree(vec![directory(1, &[("a", 2)]), directory(2, &[])]));
        // As archives and folders have them; it leads nowhere.
        assert!(is_tree(vec![directory(1, &[("a", 2)]), link(2, "/etc")]));
        assert!(!is_tree(vec![]));
        assert!(!is_tree(vec![link(1, "x")]));
        assert!(!is_tree(vec![directory(1, &[("a", 2)])]), "a node is missing");
        assert!(!is_tree(vec![directory(1, &[]), directory(2, &[])]), "a node has no name");
        assert!(!is_tree(vec![directory(1, &[("a", 1)])]), "the root has a name");
        assert!(
            !is_tree(vec![directory(1, &[("a", 2), ("b", 2)]), directory(2, &[])]),
            "two names"
        );
        assert!(
            !is_tree(vec![directory(1, &[]), directory(2, &[("a", 3)]), directory(3, &[("a", 2)])]),
            "a circle"
        );
        assert!(
            !is_tree(vec![directory(1, &[("a", 2)]), directory(2, &[("up", 1)])]),
            "a circle over the root"
        );
        for name in ["", ".", "..", "a/b", "a\0"] {
            assert!(!is_tree(vec![directory(1, &[(name, 2)]), directory(2, &[])]), "{name:?}");
        }
        assert!(!is_tree(vec![directory(1, &[("a", 2), ("a", 2)]), link(2, "x")]), "a name twice");
        assert!(!is_tree(vec![directory(1, &[]), directory(1, &[])]), "a number twice");
        assert!(
            !is_tree(vec![directory(1, &[("a", 10)]), directory(10, &[])]),
            "a number of the future"
        );
        for target in ["", "a\0"] {
            assert!(!is_tree(vec![directory(1, &[("a", 2)]), link(2, target)]), "{target:?}");
        }
    }
}
