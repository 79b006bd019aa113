//! `wasmport.lock`: what was imported and from what, to be reviewed and committed.

mod differences;
mod file;
#[cfg(feature = "compiler")]
mod refuse;

use crate::discover::Discovered;
use crate::error::Error;
use crate::fs;
use crate::manifest::{Entry, Manifest};
use crate::report::{Report, Status};
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// What is done with the lock file, which stands beside the settings file and is named like it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockMode {
    /// Nothing.
    #[default]
    Ignore,
    /// An import writes into it what it imported; a check does nothing with it.
    Update,
    /// What differs from it is refused, and it is never written.
    Locked,
}

/// The lock file of a project.
pub(crate) struct Lock {
    path: PathBuf,
    mode: LockMode,
    /// Of the file as it is; nothing where there is none yet.
    digest: Option<Digest>,
    /// With one kind of line ends.
    text: Option<String>,
    /// By source.
    assets: BTreeMap<String, Locked>,
}

/// One asset as it was imported: a fact in each line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    source: String,
    /// The digest of the source file.
    input: Digest,
    settings: Digest,
    wasmtime: String,
    /// The targets that cannot run it and were left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    skipped: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, String>,
    /// Digests of the artifacts as they are stored, by target.
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
    /// Every target that it says something about.
    fn targets(&self) -> impl Iterator<Item = &String> {
        self.artifacts.keys().chain(&self.skipped)
    }

    /// Adds what another import from the very same found out for other targets.
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
    /// The project's lock file, where the settings say to do something with it.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or understood, and where there is none to be kept to.
    pub fn of(settings: &Settings) -> Result<Option<Self>, Error> {
        let (path, mode) = (settings.lock_file(), settings.lock);
        if mode == LockMode::Ignore {
            return Ok(None);
        }
        let (digest, text) = file::read(&path)?.unzip();
        if mode == LockMode::Locked && text.is_none() {
            return Err(Error::settings(
                format!("there is no `{}`, and the import is to be as locked", path.display()),
                "run `cargo wasmport import` once without `--locked`, and commit what it writes",
            ));
        }
        let assets = file::parse(&path, text.as_deref())?;
        Ok(Some(Self { path, mode, digest, text, assets }))
    }

    /// The digest of the file as it is.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Whether what differs is to be refused.
    pub fn is_binding(&self) -> bool {
        self.mode == LockMode::Locked
    }

    /// Whether there is something to compare with.
    pub fn is_there(&self) -> bool {
        self.text.is_some()
    }

    /// Its name for messages.
    fn name(&self) -> String {
        Path::new(self.path.file_name().unwrap_or_default()).display().to_string()
    }

    /// The locked sources that are not there any more.
    fn gone(&self, discovered: &Discovered) -> Vec<&str> {
        let found: HashSet<&str> = discovered.found.iter().map(|f| f.source.as_str()).collect();
        let sources = self.assets.keys().map(String::as_str);
        sources.filter(|source| !found.contains(source) && !discovered.keeps(source)).collect()
    }

    /// Those of them that a run of these settings refuses: it selects everything.
    pub fn missing(&self, settings: &Settings, discovered: &Discovered) -> Vec<&str> {
        if settings.only.is_empty() { self.gone(discovered) } else { Vec::new() }
    }

    /// Writes what a run imported, where that changes something, and tells whether nothing did. What
    /// the run did not select, and what failed, stays as it was locked; what is gone goes.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn update(
        &self,
        settings: &Settings,
        discovered: &Discovered,
        manifest: &Manifest,
        report: &Report,
    ) -> Result<bool, Error> {
        if self.mode != LockMode::Update {
            return Ok(true);
        }
        let mut assets = self.assets.clone();
        self.gone(discovered).into_iter().for_each(|source| drop(assets.remove(source)));
        let is_done = |status| matches!(status, Status::Imported | Status::Unchanged);
        for asset in report.assets.iter().filter(|asset| is_done(asset.status)) {
            let Some(entry) = manifest.assets.get(&asset.name) else { continue };
            let mut locked = Locked::from(entry);
            if let Some(former) = self.assets.get(&entry.source) {
                locked.merge(former, |target| settings.may_be_for(target));
            }
            assets.insert(entry.source.clone(), locked);
        }
        let text = file::render(assets.values());
        if self.text.as_ref().map_or(assets.is_empty(), |there| *there == text) {
            return Ok(true);
        }
        fs::write_atomically(&self.path, text.as_bytes()).map(|()| false)
    }
}

/// The digest of all that decides whether a lock file agrees with a manifest of which every asset is
/// there and none has changed.
pub(crate) fn accord(settings: &Settings, lock: Option<Digest>, manifest: Digest) -> Digest {
    let is_binding = settings.lock == LockMode::Locked;
    let targets = (&settings.targets, settings.named_targets());
    let all = (crate::VERSION, is_binding, &settings.only, targets, lock, manifest);
    // Strings, lists and digests: nothing that JSON lacks.
    Digest::of(&serde_json::to_vec(&all).unwrap_or_default())
}
