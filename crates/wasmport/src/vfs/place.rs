//! `Place`: the place that a path leads to.

use super::error::FileError;
use super::node::Inode;
use std::sync::Arc;

/// The place that a path leads to.
pub(crate) struct Place {
    /// The directory with the name.
    pub parent: Inode,
    /// The last name of the path; empty for the directory itself that the path started from or ended in by `.` or `..`.
    pub name: Arc<str>,
    /// The node with that name, if there is one.
    pub node: Option<Inode>,
    /// Whether the path ends in `/`: it is a directory.
    pub is_directory: bool,
}

impl Place {
    /// Returns the node.
    pub fn existing(&self) -> Result<Inode, FileError> {
        self.node.ok_or(FileError::NoEntry)
    }
}

/// Returns whether a name is one of a file.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".."
}

/// Returns a path without `/` at its end.
pub(super) fn without_end(path: &str) -> &str {
    Some(path.trim_end_matches('/')).filter(|name| !name.is_empty()).unwrap_or(path)
}
