//! Virtual files of a snapshot as bytes.

use super::image::Mounted;
use super::runs::Runs;
use crate::error::SnapshotError;
use serde::{Deserialize, Serialize};

/// The virtual files at a path.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedMount {
    path: String,
    /// The number of the next node.
    next: u64,
    nodes: Vec<SavedNode>,
}

/// A file, directory or link.
#[derive(Serialize, Deserialize)]
struct SavedNode {
    inode: u64,
    kind: SavedKind,
    /// When it was last accessed, modified and changed.
    times: [u64; 3],
    is_read_only: bool,
}

#[derive(Serialize, Deserialize)]
enum SavedKind {
    File { len: u64, runs: Runs },
    Directory(Vec<(String, u64)>),
    Link(String),
}

#[cfg(not(feature = "vfs"))]
impl SavedMount {
    /// Returns none: the program has no virtual files.
    pub fn all((): &Mounted, _: &mut Vec<u8>) -> Result<Vec<Self>, SnapshotError> {
        Ok(Vec::new())
    }

    /// Fails if there are files.
    pub fn restored(mounts: Vec<Self>, _: &[u8], _: u64) -> Result<Mounted, SnapshotError> {
        match mounts.is_empty() {
            true => Ok(()),
            false => Err(SnapshotError::HasFiles),
        }
    }
}

#[cfg(feature = "vfs")]
mod with_files {
    use super::*;
    use crate::snapshot::runs::PAGE;
    use crate::vfs::{Content, FileError, Files, Item, ItemKind, Times};

    const DAMAGED: SnapshotError = SnapshotError::Damaged("its virtual files are no tree");

    impl SavedMount {
        /// Saves virtual files; their contents are appended to `stored`.
        ///
        /// # Errors
        ///
        /// Fails if a content cannot be read.
        pub fn all(mounted: &Mounted, stored: &mut Vec<u8>) -> Result<Vec<Self>, SnapshotError> {
            let mount = |(path, files): &(String, Files)| {
                let (next, items) = files.items();
                let nodes = items.into_iter().map(|item| saved(item, stored));
                let nodes = nodes
                    .collect::<Result<_, FileError>>()
                    .map_err(|source| SnapshotError::Content { path: path.clone(), source })?;
                Ok(Self { path: path.clone(), next, nodes })
            };
            mounted.iter().map(mount).collect()
        }

        /// Builds the files again, which take at most about `limit` bytes of memory.
        ///
        /// # Errors
        ///
        /// Fails if they are not a tree, lack bytes, or take more memory.
        pub fn restored(
            mounts: Vec<Self>,
            stored: &[u8],
            limit: u64,
        ) -> Result<Mounted, SnapshotError> {
            let nodes = mounts.iter().flat_map(|mount| &mount.nodes);
            if nodes.map(memory).fold(0, u64::saturating_add) > limit {
                return Err(SnapshotError::Length { limit });
            }
            // Each byte is of one file. Nodes that share bytes would take more memory than the snapshot has.
            let mut left = stored.len() as u64;
            let files = |mount: Self| {
                let items: Option<Vec<Item>> =
                    mount.nodes.into_iter().map(|node| item(node, stored, &mut left)).collect();
                let files = items.and_then(|items| Files::of_items(mount.next, items));
                files.map(|files| (mount.path, files)).ok_or(DAMAGED)
            };
            mounts.into_iter().map(files).collect()
        }
    }

    /// Returns about how many bytes of memory a node takes, which may be many more than those of the snapshot.
    fn memory(node: &SavedNode) -> u64 {
        const NODE: u64 = 256;
        NODE.saturating_add(match &node.kind {
            SavedKind::File { len, runs } => runs.memory(*len),
            SavedKind::Directory(entries) => entries.len() as u64 * NODE,
            SavedKind::Link(target) => target.len() as u64,
        })
    }

    fn saved(item: Item, stored: &mut Vec<u8>) -> Result<SavedNode, FileError> {
        let kind = match item.kind {
            ItemKind::File(content) => {
                SavedKind::File { len: content.len(), runs: pages(&content, stored)? }
            }
            ItemKind::Directory(entries) => SavedKind::Directory(entries),
            ItemKind::Link(target) => SavedKind::Link(target),
        };
        let Times { accessed, modified, changed } = item.times;
        let times = [accessed, modified, changed];
        Ok(SavedNode { inode: item.inode, kind, times, is_read_only: item.is_read_only })
    }

    /// Saves the pages of a file that are not zeros.
    fn pages(content: &Content, stored: &mut Vec<u8>) -> Result<Runs, FileError> {
        let mut runs = Runs::after(stored);
        let mut page = [0; PAGE];
        // Holes may be larger than all memory.
        let mut next = content.written_from(0);
        while let Some(offset) = next.filter(|offset| *offset < content.len()) {
            let read = content.read(offset, &mut page)?;
            runs.compare(offset, &page[..read], &[], stored);
            next = offset.checked_add(PAGE as u64).and_then(|next| content.written_from(next));
        }
        Ok(runs)
    }

    fn item(node: SavedNode, stored: &[u8], left: &mut u64) -> Option<Item> {
        let kind = match node.kind {
            SavedKind::File { len, runs } => {
                let mut content = Content::default();
                for run in runs.iter(stored) {
                    let (run, bytes) = run?;
                    let end = run.offset.checked_add(run.len)?;
                    // Whole pages, as they were saved: a byte in each page would take the memory of all.
                    let is_whole = run.offset % PAGE as u64 == 0
                        && (end == len || end < len && end % PAGE as u64 == 0);
                    *left = left.checked_sub(bytes.len() as u64).filter(|_| is_whole)?;
                    if bytes.len() as u64 == len {
                        content = Content::from(bytes::Bytes::copy_from_slice(bytes));
                    } else {
                        content.write(run.offset, bytes).ok()?;
                    }
                }
                content.set_len(len).ok()?;
                ItemKind::File(content)
            }
            SavedKind::Directory(entries) => ItemKind::Directory(entries),
            SavedKind::Link(target) => ItemKind::Link(target),
        };
        let [accessed, modified, changed] = node.times;
        let times = Times { accessed, modified, changed };
        Some(Item { inode: node.inode, kind, times, is_read_only: node.is_read_only })
    }
}

#[cfg(test)]
#[cfg(feature = "vfs")]
mod tests {
    use super::*;
    use crate::vfs::Files;

    #[test]
    fn files_that_share_bytes_are_refused() {
        let mut files = Files::new();
        files.write("a", vec![1; 5000]).unwrap().write("b", vec![2; 5000]).unwrap();
        let save = || {
            let mut stored = Vec::new();
            let mounted = vec![("/".to_owned(), files.clone())];
            (SavedMount::all(&mounted, &mut stored).unwrap(), stored)
        };
        let (mounts, stored) = save();
        let restored = SavedMount::restored(mounts, &stored, u64::MAX).unwrap();
        assert_eq!(restored[0].1.read("b").unwrap(), [2; 5000]);

        // Two files with the bytes of the first, and none behind them.
        let (mut mounts, stored) = save();
        let mut runs = mounts[0].nodes.iter_mut().filter_map(|node| match &mut node.kind {
            SavedKind::File { runs, .. } => Some(runs),
            _ => None,
        });
        let (first, second) = (runs.next().unwrap(), runs.next().unwrap());
        *second = first.clone();
        assert!(runs.next().is_none());
        assert!(SavedMount::restored(mounts, &stored[..5000], u64::MAX).is_err());
    }

    /// A page of memory for each byte of the snapshot would be 4,096 times its length.
    #[test]
    fn bytes_that_are_no_whole_pages_are_refused() {
        let restored = |ranges: &[(u64, usize)], len| {
            let (mut stored, mut runs) = (Vec::new(), Runs::after(&[]));
            for (offset, count) in ranges {
                runs.compare(*offset, &vec![7; *count], &[], &mut stored);
            }
            let mut files = Files::new();
            files.write("a", "").unwrap();
            let mut mounts =
                SavedMount::all(&vec![("/".to_owned(), files)], &mut Vec::new()).unwrap();
            for node in &mut mounts[0].nodes {
                if let SavedKind::File { len: own_len, runs: own_runs } = &mut node.kind {
                    (*own_len, *own_runs) = (len, runs.clone());
                }
            }
            SavedMount::restored(mounts, &stored, u64::MAX).is_ok()
        };
        assert!(restored(&[(0, 4096), (12_288, 10)], 12_298));
        assert!(restored(&[(0, 10)], 10));
        assert!(!restored(&[(4095, 1)], 8192));
        assert!(!restored(&[(0, 10)], 8192));
        assert!(!restored(&[(0, 10), (4096, 4096)], 8192));
        assert!(!restored(&[(0, 20)], 10));
    }

    /// A file with a hole and one byte takes a page of memory, and about thirty bytes of the snapshot.
    #[test]
    fn fault_109_files_that_take_more_memory_than_the_limit_are_refused() {
        let mut files = Files::new();
        for number in 0..1000 {
            let name = number.to_string();
            files.write(&name, "").unwrap().write_at(&name, 4096, b"1").unwrap();
        }
        let mut stored = Vec::new();
        let mounts = SavedMount::all(&vec![("/".to_owned(), files)], &mut stored).unwrap();
        assert!(postcard::to_allocvec(&mounts).unwrap().len() + stored.len() < 60_000);
        let limit = 4_000_000;
        let error = SavedMount::restored(mounts, &stored, limit).unwrap_err();
        assert!(matches!(error, SnapshotError::Length { limit: 4_000_000 }), "{error}");
    }
}
