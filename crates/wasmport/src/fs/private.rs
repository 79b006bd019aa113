//! Folders and files of this user alone.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Makes the folder where there is none, for this user alone.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Why others than this user may write to the folder.
#[cfg(unix)]
pub(crate) fn is_private(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(folder).map_err(|e| e.to_string())?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("another user owns it".into());
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!("others may write to it (mode {:o})", metadata.mode() & 0o777));
    }
    Ok(())
}

/// Elsewhere a folder of the user's profile is the user's alone.
#[cfg(not(unix))]
pub(crate) fn is_private(_: &Path) -> Result<(), String> {
    Ok(())
}

/// Readers find all of it or nothing.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{next}.tmp", std::process::id()));
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    // Neither over what another has put there, nor through a link.
    let file = std::fs::File::options().write(true).create_new(true).open(&temporary);
    let Ok(mut file) = file else { return file.map(drop) };
    let written = file.write_all(bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Makes it the file that was used last.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    std::fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())
}

/// The files in a folder: when each was used, its length, its path.
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

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}
