//! The overview of one asset: its source, its wrapper and its artifacts.

use super::items::{self, Providers};
use super::wrapper::WrapperApi;
use super::{AssetOverview, MOST_FUNCTIONS, OverviewOptions, artifacts};
use crate::asset::AssetError;
use crate::contents::{CapabilityKind, Contents};
use crate::fs;
use crate::interface::Interface;
use crate::pipeline::{inspected, read_binary};
use crate::project::discover::AssetFile;
use crate::project::manifest::{Entry, Manifest};
use crate::report::AssetReport;
use crate::settings::Settings;
use crate::sizes;
use std::path::Path;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// The longest wrapper in bytes whose signatures are read.
const LONGEST_WRAPPER: usize = 1 << 20;

/// The project whose assets are described.
pub(super) struct Context<'a> {
    pub settings: &'a Settings,
    pub manifest: &'a Manifest,
    pub options: &'a OverviewOptions,
}

impl Context<'_> {
    /// Describes an asset. Whatever fails is noted.
    pub fn overview(&self, file: &AssetFile, report: &AssetReport) -> AssetOverview {
        let mut overview = AssetOverview::of_report(report);
        // An interface with versions is described by the newest.
        let newest = file.versions(self.settings).pop().map(|(_, own)| own);
        let described = newest.as_ref().unwrap_or(file);
        let entry = self.manifest.assets.get(&file.name()).map(|entry| &**entry);
        let binary = match read_binary(described, self.settings) {
            Ok(binary) => binary,
            Err(error) => {
                note(&mut overview, &error);
                return overview;
            }
        };
        overview.bytes = binary.len;
        overview.blake3 = Some(binary.digest);
        overview.compiled_by = entry.map(|entry| entry.wasmtime.clone());
        if !file.is_interface() {
            match sizes::of_bytes(&file.path, &binary.wasm) {
                Ok(sizes) => overview.sizes = Some(sizes.with_largest(MOST_FUNCTIONS)),
                Err(error) => note(&mut overview, &error),
            }
            if let Some(entry) = entry {
                self.add_artifacts(&mut overview, entry, file, &binary.wasm);
            }
        }
        if let Err(error) = self.add_items(&mut overview, described, &binary.wasm, entry) {
            note(&mut overview, &error);
        }
        overview
    }

    /// Adds imports, exports and capabilities.
    fn add_items(
        &self,
        overview: &mut AssetOverview,
        file: &AssetFile,
        wasm: &[u8],
        entry: Option<&Entry>,
    ) -> Result<(), AssetError> {
        // All proposals are enabled: the page shows files that an import refuses by default.
        let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
        let limits = &file.settings.limits;
        let (valid, inspection) = inspected(&file.path, wasm.to_vec(), everything, limits)?;
        overview.kind = inspection.kind;
        overview.features = inspection.features.iter().map(WasmFeature::name).collect();
        overview.needs = inspection.needs.clone();
        let contents = Contents::of_valid(&valid, inspection.clone())?;
        let api = match entry.map(|entry| self.wrapper(entry)) {
            Some(Ok(api)) => Some(api),
            Some(Err(reason)) => {
                overview.notes.push(format!("the Rust signatures are missing: {reason}"));
                None
            }
            None => None,
        };
        let interface: Option<Interface> =
            entry.and_then(|entry| serde_json::from_str(entry.interface.get()).ok());
        let providers = Providers {
            settings: &file.settings,
            interface: &inspection.interface,
            wrapped: interface.as_ref(),
            api: api.as_ref(),
        };
        if file.settings.wasi() {
            let is_enforced = |kind: &CapabilityKind| !matches!(kind, CapabilityKind::Host(_));
            overview.capabilities = contents.capabilities.clone();
            overview.capabilities.retain(|capability| is_enforced(&capability.kind));
        }
        (overview.imports, overview.more_imports) = items::imports(&contents, &providers);
        (overview.exports, overview.more_exports) = items::exports(&contents, &providers);
        Ok(())
    }

    /// Reads the signatures in the wrapper of an asset.
    fn wrapper(&self, entry: &Entry) -> Result<WrapperApi, String> {
        let path = self.settings.out_dir.join(&entry.wrapper);
        let bytes =
            fs::read_at_most(&path, LONGEST_WRAPPER as u64 + 1).map_err(|e| e.to_string())?;
        if bytes.len() > LONGEST_WRAPPER {
            return Err(format!("the wrapper has more than {LONGEST_WRAPPER} bytes"));
        }
        if fs::content_digest_of(&bytes) != entry.wrapper_digest {
            return Err("the wrapper was changed since the import".into());
        }
        let source = String::from_utf8_lossy(&bytes);
        WrapperApi::of(&source).map_err(|e| format!("the wrapper cannot be read: {e}"))
    }

    /// Adds the artifacts, with the sizes of their parts.
    fn add_artifacts(
        &self,
        overview: &mut AssetOverview,
        entry: &Entry,
        file: &AssetFile,
        wasm: &[u8],
    ) {
        let folder = &self.settings.out_dir;
        let source = entry.artifacts.iter().find(|artifact| artifact.target.is_source());
        let module = source.map(|source| artifacts::read(folder, source));
        let module =
            module.and_then(|module| module.map_err(|error| overview.notes.push(error)).ok());
        let whole = module.as_ref().map(|module| sizes::of_bytes(Path::new(&file.path), module));
        let whole = whole.and_then(Result::ok);
        // Without the module after all stages, the source may be it: artifacts are compared with it.
        let original = sizes::of_bytes(&file.path, wasm).ok();
        let module_sizes = whole.as_ref().or(original.as_ref());
        let hidden =
            |target: &wasmport::engine::Target| self.options.hide_source && target.is_source();
        let shown = entry.artifacts.iter().filter(|artifact| !hidden(&artifact.target));
        let targets: Vec<_> = shown.clone().map(|artifact| artifact.target.clone()).collect();
        let verdicts = artifacts::verdicts(&targets);
        for (artifact, verdict) in shown.zip(verdicts) {
            overview.artifacts.push(artifacts::overview(folder, artifact, verdict, module_sizes));
        }
        #[cfg(feature = "disassembly")]
        if let (Some(query), Some(module), Some(whole)) = (&self.options.code, &module, &whole) {
            let artifacts = entry.artifacts.iter().filter(|a| !a.target.is_source());
            match super::code::view(query, &file.path, module, whole, folder, artifacts) {
                Ok(view) => overview.code = Some(view),
                Err(error) => note(overview, &error),
            }
        }
        overview.final_sizes = whole.map(|sizes| sizes.with_largest(MOST_FUNCTIONS));
    }
}

fn note(overview: &mut AssetOverview, error: &AssetError) {
    let error = error.to_string();
    if overview.error.as_ref() != Some(&error) {
        overview.notes.push(error);
    }
}
