//! Freshness: whether what was imported before still belongs to its source and settings.
//!
//! Needs no compiler: digests decide.

use crate::discover::Found;
use crate::error::Error;
use crate::fs;
use crate::manifest::{Entry, Manifest, inside};
use crate::settings::Settings;
use std::path::Path;
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
    include_str!("codegen/session.rs"),
    include_str!("codegen/tree.rs"),
    include_str!("codegen/types.rs"),
    include_str!("codegen/values.rs"),
    include_str!("compile.rs"),
    include_str!("interface/extract.rs"),
    include_str!("interface/mod.rs"),
    include_str!("features.rs"),
    include_str!("names.rs"),
    include_str!("pack.rs"),
    include_str!("settings/asset.rs"),
    include_str!("settings/stages.rs"),
    include_str!("stages/compress.rs"),
    include_str!("stages/mod.rs"),
    include_str!("stages/optimize.rs"),
    include_str!("stages/preinit.rs"),
    include_str!("stages/strip.rs"),
    include_str!("stages/transform.rs"),
    include_str!("stages/translate.rs"),
    include_str!("tool.rs"),
    include_str!("validate.rs"),
];

/// The settings of a run and what the one before it left: what freshness is decided by.
pub(crate) struct Freshness<'a> {
    settings: &'a Settings,
    previous: Manifest,
    /// Has taken in what is the same for all assets.
    key: blake3::Hasher,
    generator: String,
}

impl<'a> Freshness<'a> {
    /// Reads the manifest in the output folder.
    pub fn new(settings: &'a Settings) -> Result<Self, Error> {
        let previous = Manifest::read(&settings.out_dir)?;
        Ok(Self { settings, previous, key: common_key(settings), generator: generator() })
    }

    /// The version of the generator.
    pub fn generator(&self) -> &str {
        &self.generator
    }

    /// What the run before left.
    pub fn previous(&self) -> &Manifest {
        &self.previous
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
        // Strings, numbers and maps with string keys: nothing that JSON lacks.
        let settings = found.settings.without_bounds();
        add_field(&mut key, &serde_json::to_vec(&settings).unwrap_or_default());
        for (name, version) in
            self.settings.passes.of(&found.settings.transform).unwrap_or_default()
        {
            add_field(&mut key, name.as_bytes());
            add_field(&mut key, version.as_bytes());
        }
        // What initializing the module reads; where that is not there, the stage says so.
        for input in found.inputs(self.settings) {
            add_field(&mut key, fs::digest_of_tree(&input).as_bytes());
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
            && version.split(' ').next() != Some(wanted)
        {
            return Some(format!("wasm-opt {version} made it, and the settings say {wanted}"));
        }
        damaged_output(&self.settings.out_dir, entry.outputs())
    }

    /// What there is of an asset, where it needs no work.
    #[cfg(feature = "compiler")]
    pub fn up_to_date(
        &self,
        found: &Found,
        source_digest: Digest,
        tools: &crate::tool::ToolBox,
    ) -> Option<&Entry> {
        if self.settings.reproduce {
            return None;
        }
        let same_tools = |entry: &&Entry| {
            // Where the program is not there, what it made before is as good as it was.
            let of_tool =
                |version: &String| tools.wasm_opt().map_or(true, |tool| tool.version() == version);
            entry.wasmtime == wasmtime_version()
                && entry.generator == self.generator
                && entry.tools.get(crate::tool::WASM_OPT).is_none_or(of_tool)
        };
        let entry = self.entry(found).filter(same_tools)?;
        self.staleness(found, source_digest).is_none().then_some(entry)
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
        damaged_output(&self.settings.out_dir, tree)
    }
}

/// This version of the generator, and the beginning of its source's digest.
pub(crate) fn generator() -> String {
    let source = Digest::of(GENERATOR.concat().as_bytes()).to_string();
    format!("{} ({})", crate::VERSION, &source[..12])
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

/// The first output that is not what the manifest says.
fn damaged_output<'a>(
    folder: &Path,
    outputs: impl Iterator<Item = (&'a str, Digest)>,
) -> Option<String> {
    outputs.into_iter().find_map(|(path, digest)| {
        let file = inside(folder, path);
        match file.map(|file| fs::read_if_there(&file)) {
            Some(Ok(Some(bytes))) if Digest::of(&bytes) == digest => None,
            Some(Ok(Some(_))) => Some(format!("its output `{path}` was changed")),
            Some(Ok(None)) => Some(format!("its output `{path}` is missing")),
            Some(Err(error)) => Some(error.to_string()),
            None => Some(format!("its output `{path}` is outside the output folder")),
        }
    })
}
