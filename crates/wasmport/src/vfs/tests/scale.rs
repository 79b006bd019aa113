//! Many files, and deep directories.

use crate::vfs::node::{Kind, Node};
use crate::vfs::tree::ROOT;
use crate::vfs::walk::Walk;
use crate::vfs::{FileError, FileLimits, Files};

/// Returns files with directories in each other, as a guest makes them, up to a depth or the limit.
fn nested(limits: FileLimits, depth: usize) -> Files {
    let mut files = Files::with_limits(limits);
    let mut here = ROOT;
    for _ in 0..depth {
        match files.tree.place(here, "d", Kind::Directory(Default::default())) {
            Ok(directory) => here = directory,
            Err(error) => {
                assert_eq!(error, FileError::NameTooLong);
                break;
            }
        }
    }
    files
}

#[test]
fn fault_106_directories_may_be_deeper_than_the_stack_is() {
    const DEPTH: usize = 100_000;
    let limits = FileLimits { path_bytes: 1 << 20, files: 1 << 20, ..FileLimits::default() };
    let files = nested(limits, DEPTH);
    let mut walk = Walk::new(&files.tree);
    let mut deepest = 0;
    while let Some((path, _)) = walk.next() {
        deepest = path.len();
    }
    assert_eq!(deepest, 2 * DEPTH - 1);
    drop(files);
}

#[test]
fn deep_directories_move_and_change() {
    let limits = FileLimits { path_bytes: 1 << 20, ..FileLimits::default() };
    let mut files = nested(limits, 10_000);
    let copy = files.clone();
    files.rename("d", "another").unwrap().set_read_only("another").unwrap();
    assert_eq!(
        files.rename("another", "another/x").map(drop).unwrap_err().source,
        FileError::Invalid
    );
    files.set_writable("").unwrap().remove_all("another").unwrap();
    assert_eq!((files.len(), copy.len()), (0, 10_000));
}

#[test]
fn fault_106_a_guest_nests_directories_up_to_the_longest_path() {
    let files = nested(FileLimits::default(), 100_000);
    assert_eq!(files.len(), 2048);
    let mut saved = Vec::new();
    files.to_tar(&mut saved).unwrap();
    let restored = Files::from_tar(&saved[..], FileLimits::default()).unwrap();
    assert_eq!(restored.len(), 2048);
}

#[test]
fn fault_106_many_files_reach_the_limit() {
    let mut files = Files::with_limits(FileLimits { files: 5000, ..FileLimits::default() });
    let written =
        (0..10_000).take_while(|i| files.write(&format!("d{}/f{i}", i % 7), "").is_ok()).count();
    // The root and the directories count too.
    assert_eq!((written, files.len()), (4992, 4999));
}

#[test]
fn a_clone_shares_what_does_not_change() {
    let mut files = Files::new();
    for i in 0..10_000 {
        files.write(&format!("d{}/f{i}", i / 100), "text").unwrap();
    }
    let mut clone = files.clone();
    // The nodes that the clone has copied: a copy lies elsewhere in memory.
    let copied = |clone: &Files| {
        let is_shared = |inode: &u64, node: &Node| {
            clone.tree.nodes.get(inode).is_some_and(|other| std::ptr::eq(other, node))
        };
        files.tree.nodes.iter().filter(|(inode, node)| !is_shared(inode, node)).count()
    };
    assert_eq!(copied(&clone), 0);
    clone.write_at("d50/f5000", 0, b"x").unwrap();
    assert_eq!(copied(&clone), 1);
    // The directory of a new name.
    clone.write("d50/new", "").unwrap();
    assert_eq!(copied(&clone), 2);
    clone.remove("d70/f7000").unwrap();
    assert_eq!(copied(&clone), 4);
}

#[test]
fn fault_106_a_tree_may_have_a_million_files() {
    const FILES: u64 = 1_000_000;
    let mut files = Files::with_limits(FileLimits { files: 2 * FILES, ..FileLimits::default() });
    for i in 0..FILES {
        files.write(&format!("d{}/f{i}", i / 100), "").unwrap();
    }
    let mut clone = files.clone();
    clone.remove("d9999/f999999").unwrap().write("d5/new", "x").unwrap();
    clone.remove_all("d7").unwrap();
    assert_eq!(files.walk().count(), 1_010_000);
    assert_eq!(clone.walk().count(), 1_010_000 - 101);
    drop(files);
    assert_eq!(clone.read("d5/new").unwrap(), b"x");
}
