//! Clean: removes what imports wrote into the output folder, and nothing else.

use super::output_lock::OutputLock;
use super::progress::Progress;
use crate::error::Error;
use crate::fs::{self, Occupant};
use crate::project::manifest::{self, Manifest};
use crate::project::outputs::{self, locate, remove_litter};
use crate::settings::Settings;
use serde::Serialize;
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// A removed output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RemovedFile {
    /// The path in the output folder.
    pub path: String,
    /// The length in bytes.
    pub bytes: u64,
}

/// A file that stays at the path of an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeptFile {
    /// The path in the output folder.
    pub path: String,
    /// The reason.
    pub why: String,
}

/// The removed outputs, from [`Importer::clean`](crate::Importer::clean).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Cleaned {
    /// The output folder.
    pub out_dir: PathBuf,
    /// Whether the files are still there, because only a list was wanted.
    pub is_dry_run: bool,
    /// The removed files.
    pub removed: Vec<RemovedFile>,
    /// The length of all removed files in bytes.
    pub bytes: u64,
    /// The files that stay.
    pub kept: Vec<KeptFile>,
}

/// Removes the files that the manifest names, and the manifest. A dry run removes nothing.
///
/// # Errors
///
/// Fails with [`Error::Manifest`] if the manifest is damaged, with [`Error::Occupied`] if something else is in its
/// place, with [`Error::Arguments`] if it lists nothing, and with [`Error::File`] if a file cannot be removed.
pub(crate) fn clean(
    settings: &Settings,
    is_dry_run: bool,
    progress: &dyn Progress,
) -> Result<Cleaned, Error> {
    let out_dir = &settings.out_dir;
    let (removed, kept) = (Vec::new(), Vec::new());
    let mut cleaned = Cleaned { out_dir: out_dir.clone(), is_dry_run, removed, bytes: 0, kept };
    let file = locate(out_dir, manifest::FILE)?;
    if fs::occupant(&file)? == Occupant::Nothing {
        return Ok(cleaned);
    }
    let lock = (!is_dry_run).then(|| OutputLock::take(out_dir, progress)).transpose()?;
    let manifest = read(out_dir, &file)?;
    for (output, digest) in manifest.outputs() {
        cleaned.take(output, digest)?;
    }
    if !is_dry_run {
        remove_litter(out_dir, manifest.assets.keys().cloned());
    }
    cleaned.take_manifest(&file)?;
    drop(lock);
    Ok(cleaned)
}

impl Cleaned {
    /// Removes an output, or counts it in a dry run.
    fn take(&mut self, output: &str, digest: Digest) -> Result<(), Error> {
        let Some(bytes) = fs::len(&self.out_dir.join(output)) else { return Ok(()) };
        let why = match self.is_dry_run {
            true => outputs::reason_to_keep(&self.out_dir, output, digest)?,
            false => outputs::remove(&self.out_dir, output, digest)?,
        };
        match why {
            Some(why) => self.kept.push(KeptFile { path: output.into(), why }),
            None => self.count(output, bytes),
        }
        Ok(())
    }

    fn take_manifest(&mut self, file: &Path) -> Result<(), Error> {
        let bytes = fs::len(file).unwrap_or_default();
        if !self.is_dry_run {
            fs::remove_with_empty_folders(file, &self.out_dir)?;
        }
        self.count(manifest::FILE, bytes);
        Ok(())
    }

    fn count(&mut self, path: &str, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.removed.push(RemovedFile { path: path.into(), bytes });
    }
}

/// Reads a manifest that an import wrote.
fn read(out_dir: &Path, file: &Path) -> Result<Manifest, Error> {
    outputs::refuse_occupied(manifest::FILE, file)?;
    let manifest = Manifest::read(out_dir)?;
    if let Some(message) = &manifest.damage {
        return Err(Error::Manifest { path: file.into(), message: message.clone() });
    }
    if manifest.outputs().next().is_none() {
        return Err(Error::arguments(
            format!("`{}` lists no outputs: another version of wasmport wrote it", file.display()),
            "run `cargo wasmport import` first, which writes it again",
        ));
    }
    Ok(manifest)
}
