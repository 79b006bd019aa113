//! File access that names the path in its errors; `clippy.toml` forbids going around it.
#![expect(clippy::disallowed_methods, reason = "the one module that touches files")]

#[cfg(feature = "compiler")]
mod heap;
#[cfg(feature = "compiler")]
mod shared;
mod stamp;

#[cfg(feature = "compiler")]
pub(crate) use heap::Heap;
#[cfg(feature = "compiler")]
pub(crate) use shared::*;
pub(crate) use stamp::Stamp;

use crate::error::Error;
use std::fs;
pub(crate) use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
#[cfg(feature = "compiler")]
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wasmport::Digest;

type Result<T> = std::result::Result<T, Error>;

fn error(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::File { path, action, source }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(error(path, "read"))
}

/// The file's first `max` bytes.
pub(crate) fn read_at_most(path: &Path, max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(error(path, "read"))
}

/// The file's bytes, or nothing where there is no file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(error(path, "read")(e)),
    }
}

/// The digest of a file, of which little is in memory at a time.
pub(crate) fn digest(path: &Path) -> Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let hashed = File::open(path).and_then(|file| Ok(hasher.update_reader(file)?.finalize()));
    hashed.map(|hash| Digest::from_bytes(*hash.as_bytes())).map_err(error(path, "read"))
}

pub(crate) fn canonicalize(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(error(path, "find"))
}

pub(crate) fn len(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|m| m.len())
}

/// The bytes of all files in a folder.
#[cfg(feature = "compiler")]
pub(crate) fn len_of_files(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lens = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    lens.map(|metadata| metadata.len()).fold(0, u64::saturating_add)
}

/// Replaces the file at once, so that nobody sees half of it; creates its folder.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(error(folder, "create"))?;
    let write = || -> std::io::Result<()> {
        point();
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
        // So that `remove_litter` knows it from what a killed process left.
        let _ = file.as_file().lock();
        point();
        file.write_all(bytes)?;
        set_permissions_of_a_new_file(file.as_file())?;
        point();
        file.persist(path).map_err(|e| e.error)?;
        point();
        Ok(())
    };
    let result = match write() {
        // Taken for litter before it was locked.
        Err(e) if e.kind() == ErrorKind::NotFound => write(),
        result => result,
    };
    result.map_err(error(path, "write"))
}

/// How files begin that are not complete yet.
const TEMPORARY: &str = ".wasmport-";

/// Removes what killed processes left of their writing below `folder`: they keep such files locked.
pub(crate) fn remove_litter(folder: &Path) {
    let entries = WalkDir::new(folder).into_iter().filter_map(std::result::Result::ok);
    let is_litter = |name: &str| name.starts_with(TEMPORARY);
    let litter = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_litter));
    for entry in litter.filter(|entry| entry.file_type().is_file()) {
        let file = File::open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            // Another process may do the same.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Between two steps that change files. Builds for development end here, as if they were killed,
/// where a test asks for it: what is there must be of use to the next run at any of these points.
pub(crate) fn point() {
    #[cfg(debug_assertions)]
    {
        use std::sync::LazyLock;
        use std::sync::atomic::{AtomicU64, Ordering};
        static LEFT: LazyLock<AtomicU64> = LazyLock::new(|| {
            let left = std::env::var("WASMPORT_TEST_KILL_AT").ok();
            AtomicU64::new(left.and_then(|left| left.parse().ok()).unwrap_or(u64::MAX))
        });
        if LEFT.fetch_sub(1, Ordering::Relaxed) == 0 {
            // No destructor runs.
            std::process::abort();
        }
    }
}

/// Temporary files are private to the user; outputs are files like any other.
#[cfg(unix)]
fn set_permissions_of_a_new_file(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_permissions_of_a_new_file(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// Removes a file, and the folders above it up to `root` that are empty then.
pub(crate) fn remove_with_empty_folders(path: &Path, root: &Path) -> Result<()> {
    point();
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(error(path, "remove")(e)),
        _ => {}
    }
    for folder in
        path.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root))
    {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// A folder of its own for a program's files, which goes when it is dropped.
#[cfg(feature = "compiler")]
pub(crate) fn temporary_folder() -> Result<tempfile::TempDir> {
    let folder = std::env::temp_dir();
    tempfile::Builder::new()
        .prefix("wasmport-")
        .tempdir_in(&folder)
        .map_err(error(&folder, "create"))
}

#[cfg(feature = "compiler")]
pub(crate) fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(error(path, "create"))
}

/// The first and the last `len` bytes of a file, or all of it where it is shorter than both.
#[cfg(feature = "compiler")]
pub(crate) fn read_ends(path: &Path, len: u64) -> Result<Vec<u8>> {
    let read = || {
        let mut file = File::open(path)?;
        let all = file.metadata()?.len();
        let mut bytes = Vec::new();
        (&file).take(len).read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(all.saturating_sub(len).max(len.min(all))))?;
        if all > 2 * len {
            bytes.push(b'\n');
        }
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(error(path, "read"))
}

/// The memory that another process has in use, in bytes, where the system tells.
#[cfg(feature = "compiler")]
pub(crate) fn memory_of_process(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// A file, or a folder with all that is below it, also where it is not there.
pub(crate) fn paths_of_tree(root: &Path) -> Vec<PathBuf> {
    let mut paths = vec![root.to_path_buf()];
    let below = WalkDir::new(root).min_depth(1).follow_links(true).into_iter();
    paths.extend(below.filter_map(|entry| match entry {
        Ok(entry) => Some(entry.into_path()),
        Err(e) => e.path().map(Into::into),
    }));
    paths
}

/// The digest of a file, or of all files below a folder with their paths. What cannot be read, such
/// as a link that leads nowhere, is a path alone.
pub(crate) fn digest_of_tree(root: &Path) -> Digest {
    digest_of_tree_by(root, digest)
}

/// The same of the digests that `digest` gives.
pub(crate) fn digest_of_tree_by(root: &Path, digest: impl Fn(&Path) -> Result<Digest>) -> Digest {
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
