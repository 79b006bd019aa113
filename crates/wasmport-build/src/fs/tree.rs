//! Folders with all files below them, bounded in number, depth and size.

use super::files::{digest, error};
use crate::error::Error;
use std::fs;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wasmport::Digest;

/// The largest number of entries in a tree.
const MAX_ENTRIES: usize = 100_000;

/// The largest number of folders around an entry.
const MAX_DEPTH: usize = 64;

/// The largest size of all files in a tree: 16 GiB.
const MAX_BYTES: u64 = 16 << 30;

/// Sums the lengths of all files in a folder.
#[cfg(feature = "compiler")]
pub(crate) fn len_of_files(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lens = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    lens.map(|metadata| metadata.len()).fold(0, u64::saturating_add)
}

/// Lists the names in the folder of a path, sorted.
pub(crate) fn names_beside(path: &Path) -> Vec<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = WalkDir::new(folder.unwrap_or(Path::new("."))).min_depth(1).max_depth(1);
    let entries = entries.sort_by_file_name().into_iter().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().to_str().map(ToOwned::to_owned)).collect()
}

/// An entry of a tree.
struct Entry {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
    /// A symbolic link that was not followed.
    Link,
    /// A pipe or a device.
    Special,
    /// A missing file, a loop of links, or a folder that cannot be read.
    Unusable,
}

/// Lists a path and everything below it in the order of names. A link at the path itself is followed, links
/// below it only if `follow` is true.
fn entries(root: &Path, follow: bool) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut bytes = 0_u64;
    let refused = |why: String| {
        let source = IoError::new(ErrorKind::FileTooLarge, why);
        error(root, "search")(source)
    };
    // One more than allowed, to see that there are more.
    let walk = WalkDir::new(root).sort_by_file_name().follow_links(follow).max_depth(MAX_DEPTH + 1);
    for entry in walk {
        let entry = match entry {
            Ok(entry) if entry.depth() > MAX_DEPTH => {
                return Err(refused(format!("it has more than {MAX_DEPTH} folders in each other")));
            }
            Ok(entry) => entry,
            Err(e) => {
                let path = e.path().unwrap_or(root).to_path_buf();
                entries.push(Entry { path, kind: Kind::Unusable });
                continue;
            }
        };
        let is_root = entry.depth() == 0;
        let metadata = if is_root { fs::metadata(root).ok() } else { entry.metadata().ok() };
        let kind = match &metadata {
            None => Kind::Unusable,
            Some(metadata) if metadata.is_dir() => Kind::Folder,
            Some(metadata) if metadata.is_file() => Kind::File,
            Some(metadata) if metadata.is_symlink() => Kind::Link,
            Some(_) => Kind::Special,
        };
        if kind == Kind::File {
            bytes = bytes.saturating_add(metadata.map_or(0, |metadata| metadata.len()));
        }
        entries.push(Entry { path: entry.into_path(), kind });
        if entries.len() > MAX_ENTRIES {
            return Err(refused(format!("it has more than {MAX_ENTRIES} files and folders")));
        }
        if bytes > MAX_BYTES {
            return Err(refused(format!("its files have more than {} GiB", MAX_BYTES >> 30)));
        }
    }
    Ok(entries)
}

/// Lists the regular files below a folder in the order of their paths. Links are not followed, and hidden files and folders
/// are left out.
///
/// # Errors
///
/// Fails with [`Error::File`] if a folder cannot be read, or if there are too many files.
#[cfg(feature = "compiler")]
pub(crate) fn visible_files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let walk = WalkDir::new(root).sort_by_file_name().max_depth(MAX_DEPTH);
    let (mut files, mut count) = (Vec::new(), 0);
    for entry in walk.into_iter().filter_entry(is_visible) {
        count += 1;
        if count > MAX_ENTRIES {
            let why = format!("it has more than {MAX_ENTRIES} files and folders");
            return Err(error(root, "search")(IoError::new(ErrorKind::FileTooLarge, why)));
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(e) => {
                let path = e.path().unwrap_or(root).to_path_buf();
                return Err(error(&path, "search")(e.into()));
            }
        }
    }
    Ok(files)
}

/// Lists a path and, for a folder, all paths below it. The path itself may be missing, and the list of a tree
/// that is too large is its path alone.
pub(crate) fn paths_of_tree(root: &Path, follow: bool) -> Vec<PathBuf> {
    let entries = entries(root, follow).unwrap_or_default();
    let below = entries.into_iter().map(|entry| entry.path).filter(|path| path != root);
    std::iter::once(root.to_path_buf()).chain(below).collect()
}

/// Refuses a tree that is too large, or holds a pipe or a device. With `inside` it may hold no link that
/// leaves it either. The tree may be missing.
///
/// # Errors
///
/// Fails with [`Error::File`], which names the entry.
pub(crate) fn check_tree(root: &Path, follow: bool, inside: bool) -> Result<(), Error> {
    let Ok(real) = fs::canonicalize(root) else { return Ok(()) };
    for Entry { path, kind } in entries(root, follow)? {
        let refused = |why: &str| error(&path, "read")(IoError::new(ErrorKind::InvalidInput, why));
        match kind {
            Kind::Special => {
                return Err(refused(
                    "it is not a regular file: reading a pipe or a device may never end",
                ));
            }
            Kind::Link if inside => {
                let target = fs::canonicalize(&path);
                if target.is_ok_and(|target| !target.starts_with(&real)) {
                    return Err(refused(
                        "the symbolic link leaves the folder; set `symlinks = \"follow\"` to allow it",
                    ));
                }
            }
            Kind::Folder | Kind::File | Kind::Link | Kind::Unusable => {}
        }
    }
    Ok(())
}

/// Hashes a file, or the paths and contents of all files below a folder. Entries that cannot be read, such
/// as dangling links, are hashed as their path alone, and links that are not followed with their target.
pub(crate) fn digest_of_tree(root: &Path, follow: bool) -> Digest {
    digest_of_tree_by(root, follow, digest)
}

/// Hashes a tree with the file digests of `digest`. The digest of a tree that is too large is that of the
/// reason.
pub(crate) fn digest_of_tree_by(
    root: &Path,
    follow: bool,
    digest: impl Fn(&Path) -> Result<Digest, Error>,
) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("wasmport tree v1");
    let entries = match entries(root, follow) {
        Ok(entries) => entries,
        Err(error) => {
            hasher.update(error.to_string().as_bytes());
            Vec::new()
        }
    };
    for Entry { path, kind } in entries {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let relative = relative.display().to_string().replace(std::path::MAIN_SEPARATOR, "/");
        hasher.update(&(relative.len() as u64).to_le_bytes()).update(relative.as_bytes());
        let content = match kind {
            Kind::File => digest(&path).ok().map(|digest| (1, digest)),
            Kind::Link => fs::read_link(&path)
                .ok()
                .map(|target| (2, Digest::of(target.as_os_str().as_encoded_bytes()))),
            Kind::Folder | Kind::Special | Kind::Unusable => None,
        };
        hasher.update(&[content.map_or(0, |(tag, _)| tag)]);
        if let Some((_, digest)) = content {
            hasher.update(digest.as_bytes());
        }
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}
