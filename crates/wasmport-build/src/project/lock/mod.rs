//! `wasmport.lock`: the inputs and artifacts of each asset, for review and version control.

#[cfg(feature = "audit")]
mod audited;
mod differences;
mod document;
mod file;
#[cfg(feature = "compiler")]
mod records;
#[cfg(feature = "compiler")]
mod refuse;

#[cfg(feature = "audit")]
pub(crate) use audited::{LockedArtifact, artifacts};
#[cfg(feature = "compiler")]
pub(crate) use file::is_lock;
#[cfg(feature = "compiler")]
pub(crate) use records::{AssetRecords, LockRecords, records};
#[cfg(feature = "compiler")]
pub(crate) use refuse::LockedRun;

use crate::error::Error;
use crate::fs;
use crate::project::discover::Discovered;
use crate::project::manifest::{Entry, Manifest};
use crate::project::pins::Pin;
use crate::report::{AssetReport, Status};
use crate::settings::{LockMode, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// The file beside the lock file that an import locks while it writes the lock file.
#[cfg(feature = "compiler")]
const GUARD: &str = ".wasmport-lock";

/// The lock file of a project.
pub(crate) struct Lock {
    path: PathBuf,
    mode: LockMode,
    /// The digest of the file, if it exists.
    digest: Option<Digest>,
    /// The text with one kind of line ends, if the file exists.
    text: Option<String>,
    content: Content,
}

/// The facts in the lock file.
#[derive(Clone, Debug, Default)]
struct Content {
    /// Whether the engine has concurrency.
    concurrency: bool,
    /// The locked assets by source.
    assets: BTreeMap<String, Locked>,
    /// The files that came from registries, by their path.
    pins: BTreeMap<String, Pin>,
}

/// One asset in the lock file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    source: String,
    /// The digest of the source file.
    input: Digest,
    settings: Digest,
    wasmtime: String,
    /// The targets that cannot run the asset and were skipped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    skipped: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, String>,
    /// The digests of the stored artifacts, by target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    artifacts: BTreeMap<String, Digest>,
}

impl From<&Entry> for Locked {
    fn from(entry: &Entry) -> Self {
        let artifacts = entry.artifacts.iter();
        Self {
            source: entry.source.clone(),
            input: entry.source_digest,
            settings: entry.settings,
            wasmtime: entry.wasmtime.clone(),
            skipped: entry.skipped.iter().map(ToString::to_string).collect(),
            tools: entry.tools.clone(),
            artifacts: artifacts.map(|a| (a.target.to_string(), a.blake3)).collect(),
        }
    }
}

impl Locked {
    /// Returns the targets with an artifact, and the skipped targets.
    fn targets(&self) -> impl Iterator<Item = &String> {
        self.artifacts.keys().chain(&self.skipped)
    }

    /// Adds the artifacts for other targets of an import with the same inputs.
    fn merge(&mut self, other: &Self, is_wanted: impl Fn(&str) -> bool) {
        let same = (self.input, self.settings) == (other.input, other.settings)
            && self.wasmtime == other.wasmtime
            && self.tools == other.tools;
        let known: HashSet<String> = self.targets().cloned().collect();
        let is_new = |target: &&String| same && !known.contains(*target) && is_wanted(target);
        let artifacts = other.artifacts.iter().filter(|(target, _)| is_new(target));
        self.artifacts.extend(artifacts.map(|(target, digest)| (target.clone(), *digest)));
        self.skipped.extend(other.skipped.iter().filter(is_new).cloned());
    }
}

impl Lock {
    /// Reads the project's lock file, unless the settings ignore it.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Lock`] if it is damaged, or missing although the settings say `locked`, and
    /// with [`Error::File`] if it cannot be read.
    pub fn of(settings: &Settings) -> Result<Option<Self>, Error> {
        let (path, mode) = (settings.lock_file(), settings.lock);
        if mode == LockMode::Ignore {
            return Ok(None);
        }
        let (digest, text) = file::read(&path)?.unzip();
        if mode == LockMode::Locked && text.is_none() {
            let message = "the file is missing, and `--locked` requires it".into();
            let help = "run `cargo wasmport import` once without `--locked`, and commit the file";
            return Err(Error::Lock { path, message, help });
        }
        let content = file::parse(&path, text.as_deref())?;
        Ok(Some(Self { path, mode, digest, text, content }))
    }

    /// Returns the pins of the project's lock file, by the paths of their files.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Lock`] if it is damaged, and with [`Error::File`] if it cannot be read.
    #[cfg(feature = "oci")]
    pub fn pins(settings: &Settings) -> Result<BTreeMap<String, Pin>, Error> {
        let path = settings.lock_file();
        let text = file::read(&path)?.map(|(_, text)| text);
        Ok(file::parse(&path, text.as_deref())?.pins)
    }

    /// Writes a pin into the project's lock file, in place of one of the same file.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Lock`] if it is damaged, and with [`Error::File`] if it cannot be read or written.
    #[cfg(feature = "oci")]
    pub fn pin(settings: &Settings, pin: Pin) -> Result<(), Error> {
        let path = settings.lock_file();
        let (_guard, _) = fs::FolderLock::take(&path.with_file_name(GUARD), |_| ())?;
        let text = file::read(&path)?.map(|(_, text)| text);
        let mut content = file::parse(&path, text.as_deref())?;
        let _ = content.pins.insert(pin.file.clone(), pin);
        fs::write_durably(&path, file::render(&content).as_bytes())
    }

    /// Returns the digest of the file.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Returns whether a run must refuse differences.
    pub fn is_binding(&self) -> bool {
        self.mode == LockMode::Locked
    }

    /// Returns whether the file exists.
    pub fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// Returns the file name, for messages.
    fn name(&self) -> String {
        Path::new(self.path.file_name().unwrap_or_default()).display().to_string()
    }

    /// Returns the locked sources that were removed.
    fn removed(&self, discovered: &Discovered) -> Vec<&str> {
        let found: HashSet<&str> = discovered.assets.iter().map(|f| f.source.as_str()).collect();
        let sources = self.content.assets.keys().map(String::as_str);
        sources.filter(|source| !found.contains(source) && !discovered.keeps(source)).collect()
    }

    /// Returns the locked sources that are missing, if the run selects all assets.
    pub fn missing(&self, settings: &Settings, discovered: &Discovered) -> Vec<&str> {
        if settings.only.is_empty() { self.removed(discovered) } else { Vec::new() }
    }

    /// Returns whether the file is still the one that was read.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if it cannot be read.
    pub fn is_current(&self) -> Result<bool, Error> {
        Ok(fs::read_optional(&self.path)?.map(|bytes| Digest::of(&bytes)) == self.digest)
    }

    /// Returns the text with the imported assets if it differs from the file. Assets that failed or were not
    /// selected stay as they were locked; removed sources go.
    pub fn updated(
        &self,
        settings: &Settings,
        discovered: &Discovered,
        manifest: &Manifest,
        reports: &[AssetReport],
    ) -> Option<String> {
        if self.mode != LockMode::Update {
            return None;
        }
        let mut content = self.content.clone();
        content.concurrency = settings.engine.concurrency_support;
        let assets = &mut content.assets;
        self.removed(discovered).into_iter().for_each(|source| drop(assets.remove(source)));
        let is_done = |status| matches!(status, Status::Imported | Status::Unchanged);
        for asset in reports.iter().filter(|asset| is_done(asset.status)) {
            let Some(entry) = manifest.assets.get(&asset.name) else { continue };
            let mut locked = Locked::from(&**entry);
            if let Some(earlier) = self.content.assets.get(&entry.source) {
                locked.merge(earlier, |target| settings.may_be_for(target));
            }
            assets.insert(entry.source.clone(), locked);
        }
        let text = file::render(&content);
        let is_empty = content.assets.is_empty();
        let is_current = self.text.as_ref().map_or(is_empty, |current| *current == text);
        (!is_current).then_some(text)
    }

    /// Writes the imported assets into the file, and returns whether it was current. Imports into other
    /// folders may have changed the file since it was read: it is read again, and one of them at a time
    /// writes it.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be read or written.
    #[cfg(feature = "compiler")]
    pub fn update(
        &self,
        settings: &Settings,
        discovered: &Discovered,
        manifest: &Manifest,
        reports: &[AssetReport],
    ) -> Result<bool, Error> {
        if self.updated(settings, discovered, manifest, reports).is_none() {
            return Ok(true);
        }
        let (_guard, _) = fs::FolderLock::take(&self.path.with_file_name(GUARD), |_| ())?;
        let now = Self::of(settings)?;
        let text = now.and_then(|now| now.updated(settings, discovered, manifest, reports));
        text.map_or(Ok(()), |text| fs::write_durably(&self.path, text.as_bytes()))?;
        Ok(false)
    }
}
