//! Files of strangers, which are read in pieces.

use super::files::error;
use super::regular;
use crate::error::Error;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Opens a regular file.
pub(crate) fn open_regular(path: &Path) -> Result<File, Error> {
    regular::open(path).map_err(error(path, "read"))
}

/// Returns the error of a file that cannot be read.
pub(crate) fn unreadable(path: &Path, source: io::Error) -> Error {
    error(path, "read")(source)
}

/// Creates a file without a name, which is removed when it is closed.
pub(crate) fn temporary_file() -> io::Result<File> {
    tempfile::tempfile()
}

/// Lists a file, or the regular files below a folder in the order of their names. Links below it are not followed.
pub(crate) fn regular_files_below(root: &Path) -> impl Iterator<Item = Result<PathBuf, Error>> {
    let entries = WalkDir::new(root).sort_by_file_name().into_iter();
    entries.filter_map(move |entry| match entry {
        // The type of a root that is a link is that of its target. Reading refuses a root that is something else.
        Ok(entry) => {
            let (is_root, kind) = (entry.depth() == 0, entry.file_type());
            let is_listed = kind.is_file() || is_root && !kind.is_dir();
            is_listed.then(|| Ok(entry.into_path()))
        }
        Err(e) => {
            let path = e.path().unwrap_or(Path::new("")).to_path_buf();
            let message = e.to_string();
            let source = e.into_io_error().unwrap_or_else(|| io::Error::other(message));
            Some(Err(error(&path, "read")(source)))
        }
    })
}
