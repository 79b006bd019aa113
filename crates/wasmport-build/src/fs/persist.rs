//! The moment at which a temporary file gets its name.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;

/// The longest pause before another attempt to replace a file.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Gives a temporary file its name. Windows replaces no file that another process has open, which others
/// have for moments: it is tried again for a second.
pub(super) fn persist(mut file: NamedTempFile, path: &Path) -> Result<()> {
    let mut pause = Duration::from_millis(1);
    loop {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(e) if is_open(&e.error) && pause < LONGEST_PAUSE => file = e.file,
            Err(e) => return Err(e.error),
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
}

fn is_open(error: &Error) -> bool {
    cfg!(windows) && error.kind() == ErrorKind::PermissionDenied
}
