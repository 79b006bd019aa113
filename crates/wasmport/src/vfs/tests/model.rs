//! Random operations on `Files`, and on a map that does the same.

use crate::vfs::{FileLimits, FileType, Files};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};

/// Few names, so that operations meet.
const PATHS: [&str; 8] = ["a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/a/b", "b/a/b/a"];

#[derive(Clone, Debug)]
enum Operation {
    Write(&'static str, Vec<u8>),
    WriteAt(&'static str, u64, Vec<u8>),
    SetLen(&'static str, u64),
    CreateDirAll(&'static str),
    Symlink(&'static str),
    HardLink(&'static str, &'static str),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    RemoveAll(&'static str),
    Mount(&'static str),
    /// The files are cloned, saved or mounted into new ones, and what came out is used.
    Clone,
    Save,
    Remount,
}

fn operation() -> impl Strategy<Value = Operation> {
    let path = || select(&PATHS[..]);
    let bytes = || (any::<u8>(), 0..9000_usize).prop_map(|(byte, len)| vec![byte; len]);
    prop_oneof![
        3 => (path(), bytes()).prop_map(|(path, bytes)| Operation::Write(path, bytes)),
        3 => (path(), 0..9000_u64, bytes()).prop_map(|(path, at, bytes)| Operation::WriteAt(path, at, bytes)),
        2 => (path(), 0..9000_u64).prop_map(|(path, len)| Operation::SetLen(path, len)),
        2 => path().prop_map(Operation::CreateDirAll),
        1 => path().prop_map(Operation::Symlink),
        2 => (path(), path()).prop_map(|(path, original)| Operation::HardLink(path, original)),
        4 => (path(), path()).prop_map(|(from, to)| Operation::Rename(from, to)),
        2 => path().prop_map(Operation::Remove),
        1 => path().prop_map(Operation::RemoveAll),
        1 => path().prop_map(Operation::Mount),
        1 => Just(Operation::Clone),
        1 => Just(Operation::Save),
        1 => Just(Operation::Remount),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Directory,
    /// The number of its bytes, which several names may have.
    File(usize),
    /// To nothing. The number of its names is counted as for files.
    Link(usize),
}

/// The model. Each operation returns whether it succeeds.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<String, Node>,
    bytes: Vec<Vec<u8>>,
}

/// The target of all links.
const TARGET: &str = "nothing";

impl Model {
    fn parent(path: &str) -> &str {
        path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    fn get(&self, path: &str) -> Option<Node> {
        if path.is_empty() { Some(Node::Directory) } else { self.nodes.get(path).copied() }
    }

    fn new_bytes(&mut self, bytes: &[u8]) -> usize {
        self.bytes.push(bytes.to_vec());
        self.bytes.len() - 1
    }

    fn create_dir_all(&mut self, path: &str) -> bool {
        let prefixes = || {
            path.match_indices('/')
                .map(|(at, _)| &path[..at])
                .chain([path])
                .filter(|path| !path.is_empty())
        };
        if !prefixes().all(|path| matches!(self.get(path), None | Some(Node::Directory))) {
            return false;
        }
        for path in prefixes() {
            let _ = self.nodes.insert(path.to_owned(), Node::Directory);
        }
        true
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> bool {
        if !self.create_dir_all(Self::parent(path)) || self.get(path) == Some(Node::Directory) {
            return false;
        }
        let file = Node::File(self.new_bytes(bytes));
        let _ = self.nodes.insert(path.to_owned(), file);
        true
    }

    fn file(&mut self, path: &str) -> Option<&mut Vec<u8>> {
        match self.get(path)? {
            Node::File(number) => self.bytes.get_mut(number),
            _ => None,
        }
    }

    fn write_at(&mut self, path: &str, at: u64, new: &[u8]) -> bool {
        let Some(bytes) = self.file(path) else { return false };
        let (at, end) = (at as usize, at as usize + new.len());
        if !new.is_empty() {
            bytes.resize(bytes.len().max(end), 0);
            bytes[at..end].copy_from_slice(new);
        }
        true
    }

    fn set_len(&mut self, path: &str, len: u64) -> bool {
        self.file(path).map(|bytes| bytes.resize(len as usize, 0)).is_some()
    }

    fn add(&mut self, path: &str, node: Option<Node>) -> bool {
        if !self.create_dir_all(Self::parent(path)) {
            return false;
        }
        match node {
            Some(node) if node != Node::Directory && self.get(path).is_none() => {
                self.nodes.insert(path.to_owned(), node).is_none()
            }
            _ => false,
        }
    }

    fn symlink(&mut self, path: &str) -> bool {
        let number = self.new_bytes(b"");
        self.add(path, Some(Node::Link(number)))
    }

    fn hard_link(&mut self, path: &str, original: &str) -> bool {
        // The directories come first, as they do in `Files`.
        let _ = self.create_dir_all(Self::parent(path));
        self.add(path, self.get(original))
    }

    fn below(&self, path: &str) -> Vec<String> {
        let prefix = format!("{path}/");
        self.nodes.keys().filter(|path| path.starts_with(&prefix)).cloned().collect()
    }

    fn rename(&mut self, from: &str, to: &str) -> bool {
        let Some(node) = self.get(from) else { return false };
        if self.get(Self::parent(to)) != Some(Node::Directory)
            || to.starts_with(&format!("{from}/"))
        {
            return false;
        }
        if from == to {
            return true;
        }
        match (node, self.get(to)) {
            (Node::Directory, Some(Node::Directory)) if !self.below(to).is_empty() => return false,
            (Node::Directory, Some(Node::Directory)) | (_, None) => {}
            (Node::Directory, _) | (_, Some(Node::Directory)) => return false,
            (node, Some(other)) if node == other => return true,
            _ => {}
        }
        for path in self.below(from).into_iter().chain([from.to_owned()]) {
            let node = self.nodes.remove(&path).unwrap();
            let _ = self.nodes.insert(format!("{to}{}", &path[from.len()..]), node);
        }
        true
    }

    fn remove(&mut self, path: &str) -> bool {
        self.below(path).is_empty() && self.nodes.remove(path).is_some()
    }

    fn remove_all(&mut self, path: &str) -> bool {
        for path in self.below(path) {
            let _ = self.nodes.remove(&path);
        }
        self.nodes.remove(path).is_some()
    }

    fn mount(&mut self, path: &str) -> bool {
        if !self.create_dir_all(path) {
            return false;
        }
        for path in self.below(path) {
            let _ = self.nodes.remove(&path);
        }
        let file = Node::File(self.new_bytes(b"mounted"));
        for (name, node) in [("m", Node::Directory), ("m/x", file), ("m/y", file)] {
            let _ = self.nodes.insert(format!("{path}/{name}"), node);
        }
        true
    }

    fn names(&self, node: Node) -> u64 {
        self.nodes.values().filter(|other| **other == node).count() as u64
    }

    /// Fails unless the files are the same.
    fn check(&self, files: &Files) {
        let entries = files.entries();
        let paths: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
        // The order of names in each directory, not that of whole paths.
        let mut sorted: Vec<_> = self.nodes.keys().map(String::as_str).collect();
        sorted.sort_by_key(|path| path.split('/').collect::<Vec<_>>());
        assert_eq!(paths, sorted);
        let (mut total, mut inodes) = (0, BTreeSet::new());
        for entry in &entries {
            let (path, stat) = (&entry.path, entry.stat);
            let is_new = inodes.insert(stat.inode);
            let node = self.nodes[path];
            let (kind, links, size) = match node {
                Node::Directory => (FileType::Directory, 1, 0),
                Node::File(number) => (FileType::File, self.names(node), self.bytes[number].len()),
                Node::Link(_) => (FileType::Link, self.names(node), TARGET.len()),
            };
            assert_eq!((stat.kind, stat.links, stat.size), (kind, links, size as u64), "{path}");
            total += if is_new { stat.size } else { 0 };
            if let Node::File(number) = node {
                assert_eq!(files.read(path).unwrap(), self.bytes[number], "{path}");
            }
        }
        assert_eq!((files.total_bytes(), files.len()), (total, inodes.len()));
    }
}

fn run(files: &mut Files, model: &mut Model, operation: &Operation) {
    let mut mounted = Files::new();
    mounted.write("m/x", "mounted").unwrap().hard_link("m/y", "m/x").unwrap();
    let (done, expected) = match operation {
        Operation::Write(path, bytes) => {
            (files.write(path, bytes.clone()).is_ok(), model.write(path, bytes))
        }
        Operation::WriteAt(path, at, bytes) => {
            (files.write_at(path, *at, bytes).is_ok(), model.write_at(path, *at, bytes))
        }
        Operation::SetLen(path, len) => {
            (files.set_len(path, *len).is_ok(), model.set_len(path, *len))
        }
        Operation::CreateDirAll(path) => {
            (files.create_dir_all(path).is_ok(), model.create_dir_all(path))
        }
        Operation::Symlink(path) => (files.symlink(path, TARGET).is_ok(), model.symlink(path)),
        Operation::HardLink(path, original) => {
            (files.hard_link(path, original).is_ok(), model.hard_link(path, original))
        }
        Operation::Rename(from, to) => (files.rename(from, to).is_ok(), model.rename(from, to)),
        Operation::Remove(path) => (files.remove(path).is_ok(), model.remove(path)),
        Operation::RemoveAll(path) => (files.remove_all(path).is_ok(), model.remove_all(path)),
        Operation::Mount(path) => (files.mount(path, &mounted).is_ok(), model.mount(path)),
        Operation::Clone => {
            *files = files.clone();
            (true, true)
        }
        Operation::Save => {
            let mut saved = Vec::new();
            files.to_tar(&mut saved).unwrap();
            *files = Files::from_tar(&saved[..], FileLimits::default()).unwrap();
            (true, true)
        }
        Operation::Remount => {
            let mut new = Files::new();
            let inner = new.mount("", files).is_ok();
            *files = new;
            (inner, true)
        }
    };
    assert_eq!(done, expected, "{operation:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn files_do_what_a_map_does(operations in prop::collection::vec(operation(), 1..60)) {
        let (mut files, mut model) = (Files::new(), Model::default());
        let mut clones = Vec::new();
        for operation in &operations {
            let before = (files.clone(), files.entries());
            run(&mut files, &mut model, operation);
            model.check(&files);
            clones.push(before);
        }
        // What happened later changed no clone.
        for (clone, entries) in clones {
            assert_eq!(clone.entries(), entries);
        }
    }
}
