//! Needs: the cargo features of the `wasmport` crate that wrappers and artifacts require.

use super::finding::{Check, Finding, Level};
use crate::asset::Kind;
use crate::interface::Interface;
use crate::panics::catch_panic;
use crate::pipeline::{inspect, needs};
use crate::project::digests::Digests;
use crate::project::discover::{AssetFile, Discovered};
use crate::project::freshness::Freshness;
use crate::settings::{Alternatives, Settings};
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

/// Returns the features that the project requires, and the assets that are not valid.
pub(super) fn of_assets(settings: &Settings, discovered: &Discovered) -> (Needs, Vec<Finding>) {
    let alternatives = Alternatives::new(settings);
    let freshness = Freshness::new(&alternatives, Digests::computed()).ok();
    let of_one = |file: &AssetFile| {
        let found = catch_panic(|| one(file, freshness.as_ref()));
        found.unwrap_or_else(|panic| {
            Err(CHECK.failed(&file.source, format!("it panicked: {panic}")))
        })
    };
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let work = || discovered.assets.par_iter().map(of_one).collect::<Vec<_>>();
    let results = match pool {
        Ok(pool) => pool.install(work),
        Err(error) => return (Needs::new(), vec![CHECK.failed("the assets", error)]),
    };
    let mut needs = of_settings(settings);
    let mut findings: Vec<Finding> =
        discovered.failed.iter().map(|(source, error)| CHECK.failed(source, error)).collect();
    for (file, result) in discovered.assets.iter().zip(results) {
        match result {
            Ok(features) => features.into_iter().for_each(|feature| {
                needs.entry(feature).or_default().insert(file.source.clone());
            }),
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
    (needs, findings)
}

/// Returns the features that one asset requires: by its last import if that is of this source, else by the file.
fn one(file: &AssetFile, freshness: Option<&Freshness<'_>>) -> Result<BTreeSet<String>, Finding> {
    let failed = |error: &dyn std::fmt::Display| CHECK.failed(&file.source, error);
    let mut features: Vec<&str> = match imported(file, freshness) {
        Some((features, interface)) => needs(features, &interface),
        None if file.is_world() => vec!["component-model"],
        None => {
            file.check_size(crate::fs::len(&file.path).unwrap_or_default())
                .map_err(|e| failed(&e))?;
            let everything = WasmFeature::ALL.iter().copied().collect();
            inspect(&file.path, everything).map_err(|e| failed(&e))?.needs
        }
    };
    if file.settings.wasi == Some(false) {
        features.retain(|feature| !feature.starts_with("wasi"));
    }
    if file.settings.asynchronous == Some(true) {
        features.push("async");
    }
    if file.settings.compress.iter().flatten().any(|(_, level)| *level != 0) {
        features.push("zstd");
    }
    Ok(features.into_iter().map(ToOwned::to_owned).collect())
}

/// Returns what the manifest says about a source that has not changed.
fn imported(
    file: &AssetFile,
    freshness: Option<&Freshness<'_>>,
) -> Option<(RequiredFeatures, Interface)> {
    let freshness = freshness?;
    let digest = freshness.source_digest(file).ok()?;
    let entry =
        freshness.entry(file).filter(|entry| freshness.has_inputs_of(entry, file, digest))?;
    // The world of a component is not in the manifest.
    let is_module = entry.kind == Kind::Module;
    is_module.then_some((entry.features, serde_json::from_str(entry.interface.get()).ok()?))
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
