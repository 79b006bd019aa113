//! Folders and files that only this user can write to.

use crate::error::NotPrivate;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Creates the folder for this user alone, if it does not exist.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Fails if others than this user may write to the folder.
#[cfg(unix)]
pub(crate) fn check_private(folder: &Path) -> Result<(), NotPrivate> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(folder)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(NotPrivate::Owner);
    }
    match metadata.mode() {
        mode if mode & 0o022 != 0 => Err(NotPrivate::Mode { mode: mode & 0o777 }),
        _ => Ok(()),
    }
}

/// Succeeds: on other systems a folder of the user's profile is the user's alone.
#[cfg(not(unix))]
pub(crate) fn check_private(_: &Path) -> Result<(), NotPrivate> {
    Ok(())
}

/// Writes a file so that readers find all of it or nothing.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{next}.tmp", std::process::id()));
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    // `create_new` neither overwrites another user's file nor follows a link.
    let file = std::fs::File::options().write(true).create_new(true).open(&temporary);
    let Ok(mut file) = file else { return file.map(drop) };
    let written = file.write_all(bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Sets the file's time of last use to now.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    std::fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())
}

/// Returns time of last use, length and path of each file in a folder.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            files.push((metadata.modified()?, metadata.len(), entry.path()));
        }
    }
    Ok(files)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}
