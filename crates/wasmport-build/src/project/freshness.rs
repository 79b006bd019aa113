//! Freshness: whether imported outputs belong to their sources and settings.
//!
//! Digests decide, so this needs no compiler.

use crate::asset::{AssetError, Stage};
use crate::error::Error;
use crate::fs::{self, digest_of_tree_by};
use crate::project::digests::Digests;
use crate::project::discover::AssetFile;
use crate::project::generator;
use crate::project::manifest::{self, Entry, Manifest};
#[cfg(feature = "compiler")]
use crate::settings::LockMode;
use crate::settings::{Alternatives, AssetSettings, Settings, Symlinks};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::{Arc, OnceLock};
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

/// The settings of a run and the manifest of the run before.
pub(crate) struct Freshness<'a> {
    settings: &'a Settings,
    digests: Digests,
    previous: Manifest,
    /// Whether `previous` lacks interfaces.
    is_summary: bool,
    /// The full manifest, read when it is first needed.
    full: OnceLock<Manifest>,
    /// Hasher over the settings that all assets share; cloned per asset.
    key: blake3::Hasher,
    /// The settings of one asset with their text: most assets share them.
    settings_text: OnceLock<(Arc<AssetSettings>, Vec<u8>)>,
}

impl<'a> Freshness<'a> {
    /// Reads the manifest in the output folder, or its summary if an earlier run saved one. If the assets
    /// decide about the engine's concurrency, it has that of the run before until
    /// [`set_settings`](Self::set_settings).
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the manifest cannot be read.
    pub fn new(alternatives: &'a Alternatives<'_>, digests: Digests) -> Result<Self, Error> {
        let out_dir = &alternatives.with(false).out_dir;
        let summary = digests.summary(&out_dir.join(manifest::FILE));
        let (previous, is_summary) = match summary {
            Some(summary) => (summary, true),
            None => (Manifest::read(out_dir)?, false),
        };
        // Most runs decide like the run before.
        let settings = alternatives.with(previous.engine.concurrency_support);
        let (full, settings_text) = (OnceLock::new(), OnceLock::new());
        let key = common_key(settings);
        Ok(Self { settings, digests, previous, is_summary, full, key, settings_text })
    }

    /// Returns the settings of the run.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Replaces the settings by those with the other concurrency of the engine.
    pub fn set_settings(&mut self, settings: &'a Settings) {
        self.settings = settings;
        self.key = common_key(settings);
    }

    /// Returns the manifest of the run before. Its interfaces may be missing.
    pub fn previous(&self) -> &Manifest {
        &self.previous
    }

    /// Returns the manifest of the run before, interfaces included.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the manifest cannot be read.
    #[cfg(feature = "compiler")]
    pub fn full(&self) -> Result<&Manifest, Error> {
        if !self.is_summary {
            return Ok(&self.previous);
        }
        match self.full.get() {
            Some(full) => Ok(full),
            None => {
                let full = Manifest::read(&self.settings.out_dir)?;
                Ok(self.full.get_or_init(|| full))
            }
        }
    }

    /// Returns the manifest's entry of an asset.
    pub fn entry(&self, file: &AssetFile) -> Option<&Entry> {
        self.previous.assets.get(&file.name()).map(|entry| &**entry)
    }

    /// Hashes everything that an asset's outputs depend on except its source and the tools' versions.
    pub fn settings_key(&self, file: &AssetFile) -> Digest {
        let mut key = self.key.clone();
        add_field(&mut key, file.source.as_bytes());
        add_field(&mut key, file.name().as_bytes());
        let (shared, text) = self
            .settings_text
            .get_or_init(|| (Arc::clone(&file.settings), text_of(&file.settings)));
        if Arc::ptr_eq(shared, &file.settings) {
            add_field(&mut key, text);
        } else {
            add_field(&mut key, &text_of(&file.settings));
        }
        for (name, version) in self.settings.passes.of(&file.settings.transform).unwrap_or_default()
        {
            add_field(&mut key, name.as_bytes());
            add_field(&mut key, version.as_bytes());
        }
        // The stage reports an input that is missing.
        let (settings, folder) = (&file.settings, &self.settings.folder);
        let follow = self.settings.symlinks == Symlinks::Follow;
        // An initialization reads bytes; components and worlds are the same with other line ends.
        for input in settings.preinit.inputs(folder) {
            let digest = digest_of_tree_by(&input, follow, |path| self.digests.of(path));
            add_field(&mut key, digest.as_bytes());
        }
        for input in settings.inputs(folder) {
            let digest = digest_of_tree_by(&input, follow, |path| self.digests.of_content(path));
            add_field(&mut key, digest.as_bytes());
        }
        Digest::from_bytes(*key.finalize().as_bytes())
    }

    /// Hashes everything that an asset's artifacts depend on except the settings of the project and the tools'
    /// versions: assets with the same key have the same artifacts.
    #[cfg(feature = "compiler")]
    pub fn artifacts_key(&self, file: &AssetFile, source_digest: Digest) -> Digest {
        let mut key = blake3::Hasher::new_derive_key("wasmport artifacts key v1");
        add_field(&mut key, source_digest.as_bytes());
        // JSON has strings, numbers and maps with string keys: serialization cannot fail.
        let choices = serde_json::to_vec(&file.settings.of_artifacts()).unwrap_or_default();
        add_field(&mut key, &choices);
        for (name, version) in self.settings.passes.of(&file.settings.transform).unwrap_or_default()
        {
            add_field(&mut key, name.as_bytes());
            add_field(&mut key, version.as_bytes());
            // A pass knows the source.
            add_field(&mut key, file.source.as_bytes());
        }
        let follow = self.settings.symlinks == Symlinks::Follow;
        for input in file.inputs(self.settings) {
            let digest = digest_of_tree_by(&input, follow, |path| self.digests.of(path));
            add_field(&mut key, digest.as_bytes());
        }
        Digest::from_bytes(*key.finalize().as_bytes())
    }

    /// Returns the beginnings of the digests of all settings and files that decide an asset's outputs and
    /// are not defaults, by name: they show which of them changed.
    pub fn deciding(&self, file: &AssetFile) -> BTreeMap<String, String> {
        let short = |bytes: &[u8]| Digest::of(bytes).to_string()[..SHOWN_DIGITS].to_owned();
        let settings = self.settings.deciding(&file.settings).into_iter();
        let settings = settings.map(|(key, value)| (key, short(value.to_string().as_bytes())));
        let passes = self.settings.passes.of(&file.settings.transform).unwrap_or_default();
        let passes = passes.iter().map(|(name, version)| {
            (format!("the pass {}", name.escape_debug()), short(version.as_bytes()))
        });
        let follow = self.settings.symlinks == Symlinks::Follow;
        let inputs = file.inputs(self.settings).into_iter().map(|input| {
            let digest = digest_of_tree_by(&input, follow, |path| self.digests.of_content(path));
            let name = input.strip_prefix(&self.settings.folder).unwrap_or(&input);
            let name = name.display().to_string().replace(MAIN_SEPARATOR, "/");
            (format!("the file {name}"), short(digest.as_bytes()))
        });
        settings.chain(passes).chain(inputs).collect()
    }

    /// Returns the reason why an asset's outputs are stale, or `None` if they are fresh.
    pub fn staleness(&self, file: &AssetFile, source_digest: Digest) -> Option<String> {
        let Some(entry) = self.entry(file) else {
            let damage = self.previous.damage.as_ref();
            return Some(damage.cloned().unwrap_or_else(|| "it was never imported".into()));
        };
        if entry.source != file.source || entry.source_digest != source_digest {
            return Some("its source changed since it was imported".into());
        }
        if entry.settings != self.settings_key(file) {
            return Some(changed_settings(entry.deciding.as_ref(), Some(&self.deciding(file))));
        }
        if let Some(targets) = &self.settings.targets
            && !entry.is_for(targets)
        {
            return Some("it was imported for other targets".into());
        }
        if let (Some(wanted), Some(version)) =
            (&self.settings.tools.wasm_opt.version, entry.tools.get("wasm-opt"))
            && *wanted != *version
            && version != manifest::NO_TOOL
            && version.split(' ').next() != Some(wanted)
        {
            return Some(format!("wasm-opt {version} made it, the settings name {wanted}"));
        }
        self.damaged_output(entry.outputs())
    }

    /// Returns whether the asset of an entry was imported from this source, with these settings and by this
    /// importer: what the entry says about the source still holds.
    #[cfg(feature = "compiler")]
    pub fn has_inputs_of(&self, entry: &Entry, file: &AssetFile, source_digest: Digest) -> bool {
        entry.source_digest == source_digest
            && entry.generator == generator::version()
            && entry.settings == self.settings_key(file)
    }

    /// Returns whether an import can leave the asset alone.
    #[cfg(feature = "compiler")]
    pub fn is_up_to_date(
        &self,
        file: &AssetFile,
        source_digest: Digest,
        tools: &crate::tool::ToolBox,
    ) -> bool {
        let same_tools = |entry: &Entry| {
            // The result of a missing program stays valid.
            let of_tool =
                |version: &String| tools.wasm_opt().map_or(true, |tool| tool.version() == version);
            entry.wasmtime == wasmtime_version()
                && entry.generator == generator::version()
                && entry.tools.get(crate::tool::WASM_OPT).is_none_or(of_tool)
        };
        !self.settings.reproduce
            && self.entry(file).is_some_and(same_tools)
            && self.staleness(file, source_digest).is_none()
    }

    /// Returns the reason why an import does not leave the asset alone, if it does not.
    #[cfg(feature = "compiler")]
    pub fn reason_to_import(
        &self,
        file: &AssetFile,
        source_digest: Digest,
        tools: &crate::tool::ToolBox,
    ) -> Option<String> {
        let other_version = || {
            let entry = self.entry(file)?;
            let (theirs, own) = (&entry.wasmtime, wasmtime_version());
            let wasmtime =
                || (theirs != own).then(|| format!("Wasmtime {theirs} compiled it, this is {own}"));
            self.outdated(entry).or_else(wasmtime).or_else(|| {
                let (theirs, own) =
                    (entry.tools.get(crate::tool::WASM_OPT)?, tools.wasm_opt().ok()?);
                let own = own.version();
                (theirs != own).then(|| format!("wasm-opt {theirs} made it, this is {own}"))
            })
        };
        self.staleness(file, source_digest).or_else(other_version)
    }

    /// Returns the reason why an asset is outdated although it works: another version made it.
    pub fn outdated(&self, entry: &Entry) -> Option<String> {
        let own = generator::version();
        let other = (entry.generator != own)
            .then(|| format!("wasmport-build {} made it, this is {own}", entry.generator));
        outdated_wasmtime(entry).or(other)
    }

    /// Returns the reason why the `mod.rs` files are stale.
    pub fn damaged_tree(&self) -> Option<String> {
        if self.previous.tree.is_empty() {
            let damage = self.previous.damage.as_ref();
            return Some(damage.cloned().unwrap_or_else(|| "nothing was imported yet".into()));
        }
        let tree = self.previous.tree.iter().map(|(path, digest)| (path.as_str(), *digest));
        self.damaged_output(tree)
    }

    /// Returns the first difference between outputs and manifest.
    fn damaged_output<'b>(
        &self,
        outputs: impl Iterator<Item = (&'b str, Digest)>,
    ) -> Option<String> {
        outputs.into_iter().find_map(|(path, digest)| {
            match self.digests.of_content(&self.settings.out_dir.join(path)) {
                Ok(actual) if actual == digest => None,
                Ok(_) => Some(format!("its output `{path}` was changed")),
                Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    Some(format!("its output `{path}` is missing"))
                }
                Err(error) => Some(error.to_string()),
            }
        })
    }

    /// Returns the digest of a source file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, is larger than the settings allow, or is not what the lock file pins.
    pub fn source_digest(&self, file: &AssetFile) -> Result<Digest, AssetError> {
        if file.is_world() {
            let follow = self.settings.symlinks == Symlinks::Follow;
            let digest = |path: &Path| self.digests.of_content(path);
            return Ok(digest_of_tree_by(&file.path, follow, digest));
        }
        if let Some(digest) = self.digests.known(&file.path) {
            return file.as_pinned(digest);
        }
        file.check_size(fs::len(&file.path).unwrap_or_default())?;
        let digest = self.digests.of_content(&file.path);
        file.as_pinned(digest.map_err(|e| AssetError::new(&file.path, Stage::Read, e.to_string()))?)
    }

    /// Returns whether an earlier run compared the same lock file with the same manifest and found no
    /// difference.
    #[cfg(feature = "compiler")]
    pub fn is_lock_checked(&self) -> bool {
        let lock = || match self.digests.of(&self.settings.lock_file()) {
            Ok(digest) => Some(Some(digest)),
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Some(None),
            Err(_) => None,
        };
        let recorded = self.digests.lock_check();
        recorded.is_some() && lock().is_some_and(|lock| self.lock_check(lock) == recorded)
    }

    /// Records that the lock file of this digest does not differ from the manifest.
    #[cfg(feature = "compiler")]
    pub fn record_lock_check(&self, lock: Option<Digest>) {
        self.lock_check(lock).into_iter().for_each(|check| self.digests.record_lock_check(check));
    }

    /// Records the summary of the unchanged manifest for the next run.
    #[cfg(feature = "compiler")]
    pub fn record_summary(&self) {
        if !self.is_summary {
            self.digests.record_summary(&self.previous);
        }
    }

    #[cfg(feature = "compiler")]
    fn lock_check(&self, lock: Option<Digest>) -> Option<Digest> {
        Some(check_digest(self.settings, lock, self.previous.digest?))
    }

    /// Saves the digests of files for the next run.
    #[cfg(feature = "compiler")]
    pub fn save_digests(&self) {
        self.digests.save();
    }
}

/// The number of digits of a digest that shows whether a setting changed.
const SHOWN_DIGITS: usize = 8;

/// Serializes the settings of an asset that decide its outputs.
fn text_of(settings: &AssetSettings) -> Vec<u8> {
    // JSON has strings, numbers and maps with string keys: serialization cannot fail.
    serde_json::to_vec(&settings.without_bounds()).unwrap_or_default()
}

/// Hashes the settings that decide the outputs of all assets.
fn common_key(settings: &Settings) -> blake3::Hasher {
    // The pattern is exhaustive, so a new setting does not compile until it is considered here.
    let Settings {
        file: _,
        roots: _,
        only: _,
        out_dir: _,
        include: _,
        exclude: _,
        symlinks: _,
        crate_path: _, // Hashed below.
        engine,
        concurrency: _, // The engine has the decision, and what the profile replaces.
        profile: _,
        debug_profile: _,
        has_network: _,
        is_development: _,
        tools: _, // The entry records the tools that were used.
        allow_tools: _,
        passes: _, // Hashed per asset.
        folder: _,
        origin: _,
        defaults: _, // Hashed per asset, merged.
        assets: _,
        interfaces: _,
        targets: _, // Compared with the entry's artifacts.
        features,
        embed,
        jobs: _,
        memory_mib: _,
        cache: _,
        lock: _,
        reproduce: _,
        partition: _,
        merge: _,
        emit_stages: _,
    } = settings;
    let mut key = blake3::Hasher::new_derive_key("wasmport settings key v1");
    add_field(&mut key, &wasmport::support::CONTRACT.to_le_bytes());
    add_field(&mut key, engine.fingerprint().as_bytes());
    add_field(&mut key, &[u8::from(*embed)]);
    let features: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
    add_field(&mut key, features.join(" ").as_bytes());
    if let Some(path) = settings.other_crate_path() {
        add_field(&mut key, path.as_bytes());
    }
    key
}

/// Hashes a field with its length, so that no two lists of fields are the same bytes.
fn add_field(key: &mut blake3::Hasher, bytes: &[u8]) {
    key.update(&(bytes.len() as u64).to_le_bytes());
    key.update(bytes);
}

/// Explains that the settings of an asset are others than those of its import, and names those that both
/// manifests have digests of.
pub(crate) fn changed_settings(
    before: Option<&BTreeMap<String, String>>,
    now: Option<&BTreeMap<String, String>>,
) -> String {
    let changed = "its settings changed since it was imported";
    let (Some(before), Some(now)) = (before, now) else { return changed.into() };
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let names = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    let names: Vec<String> = names.map(|name| format!("`{}`", name.escape_debug())).collect();
    match names.as_slice() {
        [] => changed.into(),
        names => format!("{changed}: {}", names.join(", ")),
    }
}

fn parsed(version: &str) -> Vec<u64> {
    version.split('.').map_while(|n| n.parse().ok()).collect()
}

/// Returns whether programs with this Wasmtime refuse the artifacts.
pub(crate) fn has_another_major(entry: &Entry) -> bool {
    parsed(&entry.wasmtime).first() != parsed(wasmtime_version()).first()
}

fn outdated_wasmtime(entry: &Entry) -> Option<String> {
    let is_older = parsed(&entry.wasmtime) < parsed(wasmtime_version());
    (is_older || has_another_major(entry)).then(|| {
        format!(
            "Wasmtime {} compiled it, this is {}: patches fix compilers",
            entry.wasmtime,
            wasmtime_version()
        )
    })
}

/// Hashes the inputs of a comparison between lock file and manifest, if all assets are unchanged: the
/// comparison need not be repeated while the digest stays the same.
#[cfg(feature = "compiler")]
fn check_digest(settings: &Settings, lock: Option<Digest>, manifest: Digest) -> Digest {
    let is_binding = settings.lock == LockMode::Locked;
    let targets = (&settings.targets, settings.named_targets());
    let all = (crate::VERSION, is_binding, &settings.only, targets, lock, manifest);
    // JSON has strings, lists and digests: serialization cannot fail.
    Digest::of(&serde_json::to_vec(&all).unwrap_or_default())
}
