//! Needs: the cargo features of the `wasmport` crate that wrappers and artifacts require.

use super::finding::{Check, Finding, Level};
use crate::asset::{AssetError, Kind};
use crate::interface::Interface;
use crate::panics::catch_panic;
use crate::pipeline::{inspect, needs, read_binary};
use crate::project::digests::Digests;
use crate::project::discover::{AssetFile, Discovered};
use crate::project::freshness::Freshness;
use crate::settings::{Alternatives, LegacyExceptions, Settings};
use crate::tool::WASM_OPT;
use crate::wasm::has_legacy_exceptions;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wasmport::engine::{BackEnd, RequiredFeatures, WasmFeature};

const CHECK: Check = Check("assets");

/// The stack of a thread that validates, as of one that imports.
const STACK: usize = 32 << 20;

/// The largest number of files that are reported one by one.
const MOST: usize = 20;

/// The required features, each with the sources and settings that require it.
pub(super) type Needs = BTreeMap<String, BTreeSet<String>>;

/// The requirements of all assets and settings.
#[derive(Default)]
pub(super) struct Examined {
    pub needs: Needs,
    /// The sources whose legacy exceptions the import translates.
    pub translated: BTreeSet<String>,
    /// The files that are not valid.
    pub findings: Vec<Finding>,
}

/// The requirements of one asset.
struct Requirements {
    features: Vec<&'static str>,
    /// Whether the import translates legacy exceptions, with `wasm-opt`.
    is_translated: bool,
}

/// Returns what the project requires, and the assets that are not valid.
pub(super) fn of_assets(settings: &Settings, discovered: &Discovered) -> Examined {
    let alternatives = Alternatives::new(settings);
    let freshness = Freshness::new(&alternatives, Digests::computed()).ok();
    let of_one = |file: &AssetFile| {
        let found = catch_panic(|| one(file, settings, freshness.as_ref()));
        found.unwrap_or_else(|panic| {
            Err(CHECK.failed(&file.source, format!("it panicked: {panic}")))
        })
    };
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let work = || discovered.assets.par_iter().map(of_one).collect::<Vec<_>>();
    let results = match pool {
        Ok(pool) => pool.install(work),
        Err(error) => {
            let findings = vec![CHECK.failed("the assets", error)];
            return Examined { findings, ..Examined::default() };
        }
    };
    let (mut needs, mut translated) = (of_settings(settings), BTreeSet::new());
    let mut findings: Vec<Finding> =
        discovered.failed.iter().map(|(source, error)| CHECK.failed(source, error)).collect();
    for (file, result) in discovered.assets.iter().zip(results) {
        match result {
            Ok(Requirements { features, is_translated }) => {
                for feature in features {
                    needs.entry(feature.to_owned()).or_default().insert(file.source.clone());
                }
                translated.extend(is_translated.then(|| file.source.clone()));
            }
            Err(finding) => findings.push(finding),
        }
    }
    if findings.len() > MOST {
        let more = findings.len() - MOST;
        findings.truncate(MOST);
        let cause = format!("{more} more files are not valid");
        let mend = "cargo wasmport import";
        findings.push(CHECK.find(Level::Error, "the assets", cause, mend));
    }
    if findings.is_empty() {
        let count = discovered.assets.len();
        let s = if count == 1 { "" } else { "s" };
        findings.push(CHECK.ok("the assets", format!("{count} valid file{s}")));
    }
    Examined { needs, translated, findings }
}

/// Returns the requirements of one asset: by its last import if that is of this source, else by the file.
fn one(
    file: &AssetFile,
    settings: &Settings,
    freshness: Option<&Freshness<'_>>,
) -> Result<Requirements, Finding> {
    let mut required = match imported(file, freshness) {
        Some(required) => required,
        None if file.is_world() => {
            Requirements { features: vec!["component-model"], is_translated: false }
        }
        None => of_file(file, settings).map_err(|error| CHECK.failed(&file.source, error))?,
    };
    let features = &mut required.features;
    if file.settings.wasi == Some(false) {
        features.retain(|feature| !feature.starts_with("wasi"));
    }
    if file.settings.asynchronous == Some(true) {
        features.push("async");
    }
    if file.settings.compress.iter().flatten().any(|(_, level)| *level != 0) {
        features.push("zstd");
    }
    Ok(required)
}

/// Returns what the manifest says about a source that has not changed.
fn imported(file: &AssetFile, freshness: Option<&Freshness<'_>>) -> Option<Requirements> {
    let freshness = freshness?;
    let digest = freshness.source_digest(file).ok()?;
    let entry =
        freshness.entry(file).filter(|entry| freshness.has_inputs_of(entry, file, digest))?;
    // The world of a component is not in the manifest.
    if entry.kind != Kind::Module {
        return None;
    }
    let interface: Interface = serde_json::from_str(entry.interface.get()).ok()?;
    // Of a module that is optimized too, the manifest does not say for which of the two the program ran.
    let is_translated =
        translates(file) && !file.settings.optimize.is_on() && entry.tools.contains_key(WASM_OPT);
    Some(Requirements { features: needs(entry.features, &interface), is_translated })
}

/// Reads and validates a file.
///
/// # Errors
///
/// Fails if it is not valid, and if translating its legacy exceptions cannot mend that.
fn of_file(file: &AssetFile, settings: &Settings) -> Result<Requirements, AssetError> {
    file.check_size(crate::fs::len(&file.path).unwrap_or_default())?;
    match inspect(&file.path, everything()) {
        Ok(inspection) => Ok(Requirements { features: inspection.needs, is_translated: false }),
        Err(error) => of_legacy(file, settings).ok_or(error),
    }
}

/// Returns the requirements of a file whose only fault is that it has legacy exceptions, if the import translates
/// them.
fn of_legacy(file: &AssetFile, settings: &Settings) -> Option<Requirements> {
    if !translates(file) {
        return None;
    }
    let wasm = read_binary(file, settings).ok()?.wasm;
    if !has_legacy_exceptions(&wasm, everything()) {
        return None;
    }
    let found = wasmport::Inspection::of(&wasm).ok()?;
    let translated = found.features.with(WasmFeature::Exceptions);
    let features: BTreeSet<&str> =
        translated.iter().filter_map(WasmFeature::cargo_feature).collect();
    let wasi = (!found.wasi().is_empty()).then_some("wasi");
    Some(Requirements { features: features.into_iter().chain(wasi).collect(), is_translated: true })
}

/// Returns whether the settings have legacy exceptions of the asset translated.
fn translates(file: &AssetFile) -> bool {
    file.settings.legacy_exceptions == Some(LegacyExceptions::Translate)
}

/// Returns all features: those that the project does not enable are reported by an import.
fn everything() -> RequiredFeatures {
    WasmFeature::ALL.iter().copied().collect()
}

/// Returns the features of the back ends that run the project's targets.
fn of_settings(settings: &Settings) -> Needs {
    let targets = settings.targets.iter().flatten();
    let features = targets.filter_map(|target| {
        let back_end = if target.is_source() {
            BackEnd::Source
        } else if target.is_portable() {
            BackEnd::Portable
        } else {
            return None;
        };
        let name = format!("the target {target}");
        Some((back_end.cargo_feature()?.to_owned(), BTreeSet::from([name])))
    });
    features.collect()
}
