//! Outputs on disk. An import replaces and removes only what an import wrote, and follows no link below the
//! output folder.

use super::files::HEADER;
use super::manifest::{self, ARTIFACTS};
use crate::error::Error;
use crate::fs::{self, Occupant};
#[cfg(feature = "compiler")]
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
#[cfg(feature = "compiler")]
use wasmport::Digest;

/// The beginnings of artifacts: machine code, `zstd`, WebAssembly.
const MAGIC: [&[u8]; 3] = [b"\x7fELF", b"\x28\xb5\x2f\xfd", b"\0asm"];

/// The number of bytes that show whether an import wrote a file.
const START: u64 = 256;

/// Returns the path of an output on disk.
///
/// # Errors
///
/// Fails with [`Error::OutputLink`] if a symbolic link is on the way below the output folder.
pub(crate) fn locate(folder: &Path, output: &str) -> Result<PathBuf, Error> {
    let mut path = folder.to_path_buf();
    for part in output.split('/').filter(|part| !part.is_empty()) {
        path.push(part);
        if fs::occupant(&path)? == Occupant::Link {
            return Err(Error::OutputLink { path });
        }
    }
    Ok(path)
}

/// Refuses to replace a file that no import wrote: the output folder may hold other files.
///
/// # Errors
///
/// Fails with [`Error::Occupied`], which names the file.
pub(crate) fn refuse_occupied(output: &str, path: &Path) -> Result<(), Error> {
    let is_free = match fs::occupant(path)? {
        Occupant::Nothing => true,
        Occupant::File => is_output(output, &fs::read_at_most(path, START)?),
        Occupant::Link | Occupant::Other => false,
    };
    if is_free { Ok(()) } else { Err(Error::Occupied { path: path.into() }) }
}

/// Returns whether an import wrote the file with this beginning.
fn is_output(output: &str, start: &[u8]) -> bool {
    // After a loss of power a file may be empty, or zero.
    if start.iter().all(|byte| *byte == 0) {
        true
    } else if output == manifest::FILE {
        manifest::is_manifest(start)
    } else if output.ends_with(".rs") {
        start.starts_with(HEADER.as_bytes())
    } else {
        output.starts_with(ARTIFACTS) && MAGIC.iter().any(|magic| start.starts_with(magic))
    }
}

/// Removes an output of this digest, and the folders that become empty. Returns the reason if the file is
/// another one and stays.
///
/// # Errors
///
/// Fails with [`Error::File`] if the file cannot be removed.
#[cfg(feature = "compiler")]
pub(crate) fn remove(
    folder: &Path,
    output: &str,
    digest: Digest,
) -> Result<Option<String>, Error> {
    let path = match locate(folder, output) {
        Err(Error::OutputLink { path }) => {
            let path = path.display();
            return Ok(Some(format!("`{output}` stays: `{path}` is a symbolic link")));
        }
        path => path?,
    };
    match fs::occupant(&path)? {
        Occupant::Nothing => {}
        Occupant::File if fs::digest(&path).is_ok_and(|actual| actual == digest) => {}
        Occupant::File | Occupant::Link | Occupant::Other => {
            let why = "it was changed after it was imported; remove it if you do not need it";
            return Ok(Some(format!("`{}` stays: {why}", path.display())));
        }
    }
    fs::remove_with_empty_folders(&path, folder)?;
    Ok(None)
}

/// Removes unfinished files of killed imports, in the folders that hold the outputs of these assets.
#[cfg(feature = "compiler")]
pub(crate) fn remove_litter(folder: &Path, names: impl Iterator<Item = String>) {
    let mut folders = BTreeSet::from([String::new(), ARTIFACTS.to_owned()]);
    for name in names {
        for (end, _) in name.match_indices('/') {
            let above = &name[..end];
            folders.extend([above.to_owned(), format!("{ARTIFACTS}/{above}")]);
        }
    }
    for path in folders.iter().filter_map(|output| locate(folder, output).ok()) {
        fs::remove_litter(&path);
    }
}
