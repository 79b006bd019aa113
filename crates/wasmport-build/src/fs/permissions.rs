//! Permissions of output files.

use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io::Result;

/// Sets the permissions of output files; temporary files are private to the user.
#[cfg(unix)]
pub(super) fn set_output_permissions(file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(super) fn set_output_permissions(_: &File) -> Result<()> {
    Ok(())
}
