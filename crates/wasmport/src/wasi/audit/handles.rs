//! `Handles`: the names of the descriptors and resources that a guest has open.

use super::call::Capability;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most names. The calls on further handles have no subject.
const MOST: usize = 4096;

/// Longest name in bytes.
const LONGEST: usize = 4096;

/// A file, stream or socket.
#[derive(Clone, Debug)]
pub(in crate::wasi) struct Handle {
    pub capability: Capability,
    /// The name; none if it is too long or there are too many.
    pub name: Option<Arc<str>>,
}

/// The files, streams and sockets that a guest has open, by their numbers.
#[derive(Default)]
pub(in crate::wasi) struct Handles {
    handles: BTreeMap<u32, Handle>,
    /// Number of names.
    named: usize,
}

impl Handles {
    pub fn get(&self, number: u32) -> Option<&Handle> {
        self.handles.get(&number)
    }

    /// Returns the name of a handle.
    pub fn name(&self, number: u32) -> Option<&Arc<str>> {
        self.get(number)?.name.as_ref()
    }

    /// Adds a handle, in place of the one that had its number.
    pub fn keep(&mut self, number: u32, capability: Capability, name: Option<&str>) {
        self.forget(number);
        let has_room = self.named < MOST;
        let name: Option<Arc<str>> =
            name.filter(|name| has_room && name.len() <= LONGEST).map(Arc::from);
        self.named += usize::from(name.is_some());
        let _ = self.handles.insert(number, Handle { capability, name });
    }

    pub fn forget(&mut self, number: u32) {
        let forgotten = self.handles.remove(&number);
        self.named -= usize::from(forgotten.is_some_and(|handle| handle.name.is_some()));
    }

    /// Gives a handle another number.
    pub fn renumber(&mut self, from: u32, to: u32) {
        if from == to {
            return;
        }
        self.forget(to);
        if let Some(handle) = self.handles.remove(&from) {
            let _ = self.handles.insert(to, handle);
        }
    }
}

/// Returns the path of a file below a folder.
pub(in crate::wasi) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        (folder, "" | ".") => folder.to_owned(),
        ("", path) => path.to_owned(),
        (folder, path) => format!("{}/{path}", folder.strip_suffix('/').unwrap_or(folder)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_follow_their_numbers() {
        let mut handles = Handles::default();
        for number in 0..10_000 {
            handles.keep(number, Capability::Files, Some("x"));
        }
        assert!(handles.name(4095).is_some() && handles.name(4096).is_none());
        assert_eq!(handles.get(9999).unwrap().capability, Capability::Files);
        handles.renumber(1, 2);
        handles.renumber(3, 3);
        assert!(handles.get(1).is_none());
        assert!(handles.name(2).is_some() && handles.name(3).is_some());
        handles.keep(2, Capability::Network, Some(&"y".repeat(4097)));
        assert!(handles.name(2).is_none(), "the name before is another file's");
        assert_eq!(handles.get(2).unwrap().capability, Capability::Network);
        // The two that are no longer there leave room.
        for number in 20_000..20_003 {
            handles.keep(number, Capability::Files, Some("x"));
        }
        assert!(handles.name(20_001).is_some() && handles.name(20_002).is_none());
    }

    #[test]
    fn paths_are_below_their_folder() {
        for (folder, path, joined) in [
            ("/", "a", "/a"),
            ("/d", "a/b", "/d/a/b"),
            ("", "a", "a"),
            (".", "a", "./a"),
            ("/d", ".", "/d"),
        ] {
            assert_eq!(join(folder, path), joined);
        }
    }
}
