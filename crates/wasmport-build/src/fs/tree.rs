//! Folders with all files below them.

use super::files::digest;
use crate::error::Error;
#[cfg(feature = "compiler")]
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wasmport::Digest;

/// Sums the lengths of all files in a folder.
#[cfg(feature = "compiler")]
pub(crate) fn len_of_files(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lens = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    lens.map(|metadata| metadata.len()).fold(0, u64::saturating_add)
}

/// Lists a path and, for a folder, all paths below it. The path itself may be missing.
pub(crate) fn paths_of_tree(root: &Path) -> Vec<PathBuf> {
    let mut paths = vec![root.to_path_buf()];
    let below = WalkDir::new(root).min_depth(1).follow_links(true).into_iter();
    paths.extend(below.filter_map(|entry| match entry {
        Ok(entry) => Some(entry.into_path()),
        Err(e) => e.path().map(Into::into),
    }));
    paths
}

/// Hashes a file, or the paths and contents of all files below a folder. Entries that cannot be read, such
/// as dangling links, are hashed as their path alone.
pub(crate) fn digest_of_tree(root: &Path) -> Digest {
    digest_of_tree_by(root, digest)
}

/// Hashes a tree like [`digest_of_tree`], with the file digests of `digest`.
pub(crate) fn digest_of_tree_by(
    root: &Path,
    digest: impl Fn(&Path) -> Result<Digest, Error>,
) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("wasmport tree v1");
    for entry in WalkDir::new(root).sort_by_file_name().follow_links(true) {
        let (path, is_file) = match &entry {
            Ok(entry) => (entry.path(), entry.file_type().is_file()),
            Err(e) => (e.path().unwrap_or(root), false),
        };
        let digest = is_file.then(|| digest(path).ok()).flatten();
        let path = path.strip_prefix(root).unwrap_or(path);
        let path = path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
        hasher.update(&[u8::from(digest.is_some())]);
        if let Some(digest) = digest {
            hasher.update(digest.as_bytes());
        }
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}
