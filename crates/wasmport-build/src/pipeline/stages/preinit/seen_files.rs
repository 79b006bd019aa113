//! Files as a guest sees them while it initializes: names and contents, and nothing else of the file system.
//!
//! Directories are sorted, inodes are numbered in the order in which the guest meets them, and times,
//! devices, numbers of links and sizes of directories are the same for all files.

use std::collections::{HashMap, VecDeque};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::DirectoryEntry;

/// The number of links to every file.
pub(super) const LINKS: u64 = 1;

/// The files that a guest has met.
#[derive(Default)]
pub(super) struct SeenFiles {
    /// The number of each file, by Wasmtime's hash of its device and inode.
    numbers: HashMap<u64, u64>,
    /// The entries that are left of each directory that is being read, by the index of its stream.
    pub listings: HashMap<u32, VecDeque<DirectoryEntry>>,
}

impl SeenFiles {
    /// Returns the number of a file, which is that of the first question about it.
    pub fn number(&mut self, identity: u64) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        *self.numbers.entry(identity).or_insert(next)
    }
}
