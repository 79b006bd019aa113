//! Freshness: whether what was imported before still belongs to its source and settings.
//!
//! Needs no compiler: digests decide.

use crate::digests::Digests;
use crate::discover::Found;
use crate::error::{AssetError, Error, Stage};
use crate::fs::{self, digest_of_tree_by};
use crate::manifest::{self, Entry, Manifest, inside};
use crate::settings::{AssetSettings, Settings};
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

/// What decides the outputs beside the settings: a generator that changed within one version, as in
/// a checkout of this repository, must not find its former output fresh. `cargo xtask tidy` knows
/// whether a file is missing here.
const GENERATOR: &[&str] = &[
    include_str!("codegen/api/exports.rs"),
    include_str!("codegen/api/imports.rs"),
    include_str!("codegen/api/mod.rs"),
    include_str!("codegen/api/parse.rs"),
    include_str!("codegen/api/shape.rs"),
    include_str!("codegen/asset.rs"),
    include_str!("codegen/component/aliases.rs"),
    include_str!("codegen/component/applied.rs"),
    include_str!("codegen/component/choices.rs"),
    include_str!("codegen/component/document.rs"),
    include_str!("codegen/component/duplicates.rs"),
    include_str!("codegen/component/mod.rs"),
    include_str!("codegen/component/options.rs"),
    include_str!("codegen/component/prose.rs"),
    include_str!("codegen/component/rules.rs"),
    include_str!("codegen/component/session.rs"),
    include_str!("codegen/component/shorten.rs"),
    include_str!("codegen/component/start.rs"),
    include_str!("codegen/component/surface.rs"),
    include_str!("codegen/component/tidy.rs"),
    include_str!("codegen/component/views.rs"),
    include_str!("codegen/component/visibility.rs"),
    include_str!("codegen/component/wasi.rs"),
    include_str!("codegen/component/wit_docs.rs"),
    include_str!("codegen/component/world.rs"),
    include_str!("codegen/docs.rs"),
    include_str!("codegen/exports.rs"),
    include_str!("codegen/imports.rs"),
    include_str!("codegen/link.rs"),
    include_str!("codegen/mod.rs"),
    include_str!("codegen/plan/exports.rs"),
    include_str!("codegen/plan/imports.rs"),
    include_str!("codegen/plan/mod.rs"),
    include_str!("codegen/plan/overloads.rs"),
    include_str!("codegen/plan/signatures.rs"),
    include_str!("codegen/plan/wasi.rs"),
    include_str!("codegen/session.rs"),
    include_str!("codegen/tree.rs"),
    include_str!("codegen/types.rs"),
    include_str!("codegen/values.rs"),
    include_str!("compile.rs"),
    include_str!("component/compose.rs"),
    include_str!("component/conformance.rs"),
    include_str!("component/directions.rs"),
    include_str!("component/docs.rs"),
    include_str!("component/exports.rs"),
    include_str!("component/listing.rs"),
    include_str!("component/mod.rs"),
    include_str!("component/modules.rs"),
    include_str!("component/plan.rs"),
    include_str!("component/reproducible.rs"),
    include_str!("component/types.rs"),
    include_str!("component/wit.rs"),
    include_str!("component/words.rs"),
    include_str!("interface/extract.rs"),
    include_str!("interface/mod.rs"),
    include_str!("interface/wasi.rs"),
    include_str!("features.rs"),
    include_str!("names.rs"),
    include_str!("pack.rs"),
    include_str!("settings/asset.rs"),
    include_str!("settings/stages.rs"),
    include_str!("stages/canonicalize.rs"),
    include_str!("stages/compose.rs"),
    include_str!("stages/compress.rs"),
    include_str!("stages/mod.rs"),
    include_str!("stages/optimize.rs"),
    include_str!("stages/preinit/component.rs"),
    include_str!("stages/preinit/linker.rs"),
    include_str!("stages/preinit/mod.rs"),
    include_str!("stages/preinit/module.rs"),
    include_str!("stages/preinit/run.rs"),
    include_str!("stages/preinit/system.rs"),
    include_str!("stages/strip.rs"),
    include_str!("stages/transform.rs"),
    include_str!("stages/translate.rs"),
    include_str!("stages/world.rs"),
    include_str!("tool.rs"),
    include_str!("validate.rs"),
];

/// The settings of a run and what the one before it left: what freshness is decided by.
pub(crate) struct Freshness<'a> {
    settings: &'a Settings,
    digests: Digests,
    previous: Manifest,
    is_outline: bool,
    /// Where that is an outline, the manifest once it is needed.
    whole: OnceLock<Manifest>,
    /// Has taken in what is the same for all assets.
    key: blake3::Hasher,
    /// What is chosen for one asset and most likely for others, with its text.
    choices: OnceLock<(Arc<AssetSettings>, Vec<u8>)>,
    generator: String,
}

impl<'a> Freshness<'a> {
    /// Reads the manifest in the output folder, or its outline where an earlier run left that.
    pub fn new(settings: &'a Settings, digests: Digests) -> Result<Self, Error> {
        let outline = digests.outline(&settings.out_dir.join(manifest::FILE));
        let (previous, is_outline) = match outline {
            Some(outline) => (outline, true),
            None => (Manifest::read(&settings.out_dir)?, false),
        };
        let whole = OnceLock::new();
        Ok(Self {
            settings,
            digests,
            previous,
            is_outline,
            whole,
            key: common_key(settings),
            choices: OnceLock::new(),
            generator: generator(),
        })
    }

    /// The version of the generator.
    pub fn generator(&self) -> &str {
        &self.generator
    }

    /// What the run before left. Interfaces may be left out.
    pub fn previous(&self) -> &Manifest {
        &self.previous
    }

    /// What the run before left, interfaces included.
    ///
    /// # Errors
    ///
    /// Where the manifest cannot be read any more.
    #[cfg(feature = "compiler")]
    pub fn whole(&self) -> Result<&Manifest, Error> {
        if !self.is_outline {
            return Ok(&self.previous);
        }
        match self.whole.get() {
            Some(whole) => Ok(whole),
            None => {
                let whole = Manifest::read(&self.settings.out_dir)?;
                Ok(self.whole.get_or_init(|| whole))
            }
        }
    }

    /// What there is of an asset.
    pub fn entry(&self, found: &Found) -> Option<&Entry> {
        self.previous.assets.get(&found.name())
    }

    /// The digest of everything that an asset's outputs depend on, but its source and Wasmtime.
    pub fn settings_key(&self, found: &Found) -> Digest {
        let mut key = self.key.clone();
        add_field(&mut key, found.source.as_bytes());
        add_field(&mut key, found.name().as_bytes());
        let (settings, text) =
            self.choices.get_or_init(|| (Arc::clone(&found.settings), text_of(&found.settings)));
        if Arc::ptr_eq(settings, &found.settings) {
            add_field(&mut key, text);
        } else {
            add_field(&mut key, &text_of(&found.settings));
        }
        for (name, version) in
            self.settings.passes.of(&found.settings.transform).unwrap_or_default()
        {
            add_field(&mut key, name.as_bytes());
            add_field(&mut key, version.as_bytes());
        }
        // What initializing the module reads; where that is not there, the stage says so.
        for input in found.inputs(self.settings) {
            add_field(&mut key, digest_of_tree_by(&input, |path| self.digests.of(path)).as_bytes());
        }
        Digest::from_bytes(*key.finalize().as_bytes())
    }

    /// What the next run will decide by.
    #[cfg(feature = "compiler")]
    pub fn keys(&self, found: &Found, source_digest: Digest) -> crate::pack::Keys {
        let settings_key = self.settings_key(found);
        crate::pack::Keys { source_digest, settings_key, generator: self.generator.clone() }
    }

    /// Why what there is of an asset is stale; nothing where it is not.
    pub fn staleness(&self, found: &Found, source_digest: Digest) -> Option<String> {
        let Some(entry) = self.entry(found) else {
            return Some("it was never imported".into());
        };
        if entry.source != found.source || entry.source_digest != source_digest {
            return Some("its source changed since it was imported".into());
        }
        if entry.settings != self.settings_key(found) {
            return Some("its settings changed since it was imported".into());
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
            return Some(format!("wasm-opt {version} made it, and the settings say {wanted}"));
        }
        self.damaged_output(entry.outputs())
    }

    /// Whether what there is of an asset needs no work.
    #[cfg(feature = "compiler")]
    pub fn is_up_to_date(
        &self,
        found: &Found,
        source_digest: Digest,
        tools: &crate::tool::ToolBox,
    ) -> bool {
        let same_tools = |entry: &Entry| {
            // Where the program is not there, what it made before is as good as it was.
            let of_tool =
                |version: &String| tools.wasm_opt().map_or(true, |tool| tool.version() == version);
            entry.wasmtime == wasmtime_version()
                && entry.generator == self.generator
                && entry.tools.get(crate::tool::WASM_OPT).is_none_or(of_tool)
        };
        !self.settings.reproduce
            && self.entry(found).is_some_and(same_tools)
            && self.staleness(found, source_digest).is_none()
    }

    /// Why what there is of an asset is outdated although it still works: older tools made it.
    pub fn outdated(&self, entry: &Entry) -> Option<String> {
        let other = (entry.generator != self.generator).then(|| {
            format!("wasmport-build {} made it, this is {}", entry.generator, self.generator)
        });
        outdated_wasmtime(entry).or(other)
    }

    /// Why the `mod.rs` files are stale.
    pub fn damaged_tree(&self) -> Option<String> {
        if self.previous.tree.is_empty() {
            return Some("nothing was imported yet".into());
        }
        let tree = self.previous.tree.iter().map(|(path, digest)| (path.as_str(), *digest));
        self.damaged_output(tree)
    }

    /// The first output that is not what the manifest says.
    fn damaged_output<'b>(
        &self,
        outputs: impl Iterator<Item = (&'b str, Digest)>,
    ) -> Option<String> {
        outputs.into_iter().find_map(|(path, digest)| {
            let file = inside(&self.settings.out_dir, path);
            match file.map(|file| self.digests.of(&file)) {
                Some(Ok(there)) if there == digest => None,
                Some(Ok(_)) => Some(format!("its output `{path}` was changed")),
                Some(Err(Error::File { source, .. })) if source.kind() == ErrorKind::NotFound => {
                    Some(format!("its output `{path}` is missing"))
                }
                Some(Err(error)) => Some(error.to_string()),
                None => Some(format!("its output `{path}` is outside the output folder")),
            }
        })
    }

    /// The digest of a source file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is larger than the settings allow.
    pub fn source_digest(&self, found: &Found) -> Result<Digest, AssetError> {
        if let Some(digest) = self.digests.known(&found.path) {
            return Ok(digest);
        }
        found.check_size(fs::len(&found.path).unwrap_or_default())?;
        let digest = self.digests.of(&found.path);
        digest.map_err(|e| AssetError::new(&found.path, Stage::Read, e.to_string()))
    }

    /// Whether an earlier run found the lock file in accord with the manifest, and nothing that this
    /// is decided by has changed.
    #[cfg(feature = "compiler")]
    pub fn is_in_accord(&self) -> bool {
        let lock = || match self.digests.of(&self.settings.lock_file()) {
            Ok(digest) => Some(Some(digest)),
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Some(None),
            Err(_) => None,
        };
        let known = self.digests.accord();
        known.is_some_and(|known| lock().is_some_and(|lock| self.accord(lock) == Some(known)))
    }

    /// Notes that the lock file of this digest is in accord with the manifest.
    #[cfg(feature = "compiler")]
    pub fn agree(&self, lock: Option<Digest>) {
        self.accord(lock).into_iter().for_each(|accord| self.digests.agree(accord));
    }

    /// Notes the manifest for the next run, which will find it as it is.
    #[cfg(feature = "compiler")]
    pub fn note_outline(&self) {
        if !self.is_outline {
            self.digests.note_outline(&self.previous);
        }
    }

    #[cfg(feature = "compiler")]
    fn accord(&self, lock: Option<Digest>) -> Option<Digest> {
        Some(crate::lock::accord(self.settings, lock, self.previous.digest?))
    }

    /// Keeps what this run learned of files for the next one.
    #[cfg(feature = "compiler")]
    pub fn keep(&self) {
        self.digests.keep();
    }
}

/// This version of the generator, and the beginning of its source's digest.
pub(crate) fn generator() -> String {
    let source = Digest::of(GENERATOR.concat().as_bytes()).to_string();
    format!("{} ({})", crate::VERSION, &source[..12])
}

/// What decides the outputs of the choices for an asset.
fn text_of(settings: &AssetSettings) -> Vec<u8> {
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    serde_json::to_vec(&settings.without_bounds()).unwrap_or_default()
}

fn common_key(settings: &Settings) -> blake3::Hasher {
    // Exhaustive, so that a new setting fails to compile until it is thought of here.
    let Settings {
        file: _,
        roots: _,
        only: _,
        out_dir: _,
        include: _,
        exclude: _,
        symlinks: _,
        engine,
        tools: _,  // In the entry, where they were used.
        passes: _, // Those of an asset are in its own key.
        folder: _,
        origin: _,
        defaults: _, // What is chosen for an asset is in its own key.
        assets: _,
        targets: _, // Compared with the artifacts there are.
        features,
        embed,
        jobs: _,
        memory_mib: _,
        cache: _,
        lock: _,
        reproduce: _,
    } = settings;
    let mut key = blake3::Hasher::new_derive_key("wasmport settings key v1");
    add_field(&mut key, &wasmport::support::CONTRACT.to_le_bytes());
    add_field(&mut key, engine.fingerprint().as_bytes());
    add_field(&mut key, &[u8::from(*embed)]);
    let features: Vec<&str> = features.iter().map(|feature| feature.name()).collect();
    add_field(&mut key, features.join(" ").as_bytes());
    key
}

/// With its length, so that no two lists of fields are the same bytes.
fn add_field(key: &mut blake3::Hasher, bytes: &[u8]) {
    key.update(&(bytes.len() as u64).to_le_bytes());
    key.update(bytes);
}

fn parsed(version: &str) -> Vec<u64> {
    version.split('.').map_while(|n| n.parse().ok()).collect()
}

/// Whether programs with this Wasmtime refuse the artifacts.
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
