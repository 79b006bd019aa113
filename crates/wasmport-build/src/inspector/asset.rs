//! The overview of one asset: its source, its wrapper and its artifacts.

use super::items::{self, Providers};
use super::wrapper::WrapperApi;
use super::{AssetOverview, MOST_FUNCTIONS, OverviewOptions, artifacts, functions};
use crate::asset::{AssetError, Stage};
use crate::contents::Contents;
use crate::fs;
use crate::interface::Interface;
use crate::pipeline::{inspected_for_description, read_binary};
use crate::project::discover::AssetFile;
use crate::project::manifest::{Entry, Manifest};
use crate::report::AssetReport;
use crate::settings::Settings;
use crate::sizes;
use wasmport::engine::{RequiredFeatures, WasmFeature};

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
        let mut unreadable = None;
        if !file.is_interface() {
            match sizes::of_bytes(&file.path, &binary.wasm) {
                Ok(sizes) => overview.sizes = Some(sizes),
                Err(error) => unreadable = Some(error),
            }
            if let Some(entry) = entry {
                self.add_artifacts(&mut overview, entry, file);
            }
            functions::keep_largest(&mut overview, MOST_FUNCTIONS);
        }
        let items = self.add_items(&mut overview, described, &binary.wasm, entry);
        // A file that is not valid has one cause, although several steps fail.
        let unreadable = unreadable.filter(|_| overview.error.is_none());
        if let Some(error) = items.err().or(unreadable) {
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
        let (valid, inspection) =
            inspected_for_description(&file.path, wasm.to_vec(), everything, limits)?;
        overview.kind = inspection.kind;
        overview.features = inspection.features.iter().map(WasmFeature::name).collect();
        overview.needs = inspection.needs.clone();
        let contents = Contents::of_valid(&valid, inspection)?;
        let api = match entry.map(|entry| self.wrapper(entry, limits.wrapper_bytes())) {
            Some(Ok(api)) => Some(api),
            Some(Err(reason)) => {
                let message = format!("the Rust signatures are missing: {reason}");
                note(overview, &AssetError::new(&file.path, Stage::Codegen, message));
                None
            }
            None => None,
        };
        let interface: Option<Interface> =
            entry.and_then(|entry| serde_json::from_str(entry.interface.get()).ok());
        let providers = Providers {
            settings: &file.settings,
            kind: contents.kind,
            wrapped: interface.as_ref(),
            api: api.as_ref(),
        };
        overview.capabilities = items::capabilities(&contents, &providers);
        (overview.imports, overview.more_imports) = items::imports(&contents, &providers);
        (overview.exports, overview.more_exports) = items::exports(&contents, &providers);
        Ok(())
    }

    /// Reads the signatures in the wrapper of an asset, which has at most `longest` bytes.
    fn wrapper(&self, entry: &Entry, longest: u64) -> Result<WrapperApi, String> {
        let path = self.settings.out_dir.join(&entry.wrapper);
        let bytes =
            fs::read_at_most(&path, longest.saturating_add(1)).map_err(|e| e.to_string())?;
        if bytes.len() as u64 > longest {
            return Err(format!("the wrapper has more than {longest} bytes"));
        }
        if fs::content_digest_of(&bytes) != entry.wrapper_digest {
            return Err("the wrapper was changed since the import".into());
        }
        let source = String::from_utf8_lossy(&bytes);
        WrapperApi::of(&source).map_err(|e| format!("the wrapper cannot be read: {e}"))
    }

    /// Adds the artifacts, with the sizes of their parts, and the sizes of the module after all stages.
    fn add_artifacts(&self, overview: &mut AssetOverview, entry: &Entry, file: &AssetFile) {
        let folder = &self.settings.out_dir;
        let source = entry.artifacts.iter().find(|artifact| artifact.target.is_source());
        let module = source.map(|source| artifacts::read(folder, source));
        let module =
            module.and_then(|module| module.map_err(|error| overview.notes.push(error)).ok());
        let whole = module.as_ref().and_then(|module| sizes::of_bytes(&file.path, module).ok());
        let hidden =
            |target: &wasmport::engine::Target| self.options.hide_source && target.is_source();
        let shown = entry.artifacts.iter().filter(|artifact| !hidden(&artifact.target));
        let targets: Vec<_> = shown.clone().map(|artifact| artifact.target.clone()).collect();
        let verdicts = artifacts::verdicts(&targets);
        // Without the module after all stages, the source may be it: artifacts are compared with it.
        let module_sizes = whole.as_ref().or(overview.sizes.as_ref());
        let described = shown.zip(verdicts).map(|(artifact, verdict)| {
            artifacts::overview(folder, artifact, verdict, module_sizes)
        });
        overview.artifacts = described.collect();
        #[cfg(feature = "disassembly")]
        if let (Some(query), Some(module), Some(whole)) = (&self.options.code, &module, &whole) {
            let artifacts = entry.artifacts.iter().filter(|a| !a.target.is_source());
            match super::code::view(query, &file.path, module, whole, folder, artifacts) {
                Ok(view) => overview.code = Some(view),
                Err(error) => note(overview, &error),
            }
        }
        overview.final_sizes = whole;
    }
}

fn note(overview: &mut AssetOverview, error: &AssetError) {
    let error = error.to_string();
    if overview.error.as_ref() != Some(&error) {
        overview.notes.push(error);
    }
}
