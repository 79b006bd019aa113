//! Artifacts: the module compiled and compressed for each target.

use super::compile::{Attempt, Compiled, compile};
use super::context::AssetContext;
use super::stages::{Bare, Stored, compress, without_debug_info};
use crate::asset::{AssetError, AssetErrorKind, Stage};
use crate::component;
use crate::report::StageReport;
use crate::wasm::{ValidWasm, custom_sections};
use rayon::prelude::*;
use std::time::{Duration, Instant};
use wasmport::engine::Target;

/// Compiles and compresses the module for all targets in parallel. Targets that cannot run it are
/// skipped if the settings allow that.
///
/// # Errors
///
/// Fails with the error of the first target that fails.
pub(super) fn compile_targets(
    module: &ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<Vec<Stored>, AssetError> {
    if module.is_component() {
        let warning = component::reproducibility_warning(module.wasm());
        warning.into_iter().for_each(|warning| asset.warn(warning));
    } else {
        warn_of_metadata(module, asset);
    }
    let targets = asset.targets().par_iter();
    // All targets are compiled, although one may fail: a run reports and stores all that it can.
    let results: Vec<_> = targets.map(|target| compile_target(module, target, asset)).collect();
    if !asset.is_part() {
        check_missing(asset)?;
    }
    let results: Vec<Outcome> = results.into_iter().collect::<Result<_, _>>()?;
    let mut stored = Vec::new();
    // The reports are in the order of the targets, whatever the threads did.
    for (artifact, reports) in results {
        stored.extend(artifact);
        reports.into_iter().for_each(|report| asset.report(report));
    }
    Ok(stored)
}

/// Fails if the cache lacks artifacts, and the run does not compile.
fn check_missing(asset: &AssetContext<'_>) -> Result<(), AssetError> {
    let missing = asset.log().missing.len();
    if missing == 0 {
        return Ok(());
    }
    let of = asset.targets().len();
    let message = format!("{missing} of {of} artifacts are not in the cache");
    Err(asset.error(Stage::Compile, message).kind(AssetErrorKind::Missing))
}

/// Compiles the module, without its debug information if Wasmtime cannot translate that.
fn compile_any<'c>(
    module: &ValidWasm,
    target: &Target,
    asset: &'c AssetContext<'_>,
) -> Result<Attempt<'c>, AssetError> {
    let error = match compile(module, target, asset) {
        Err(error) if error.kind == AssetErrorKind::Compiler => error,
        result => return result,
    };
    let Some(Bare { module, sections }) = without_debug_info(module, asset)? else {
        return Err(error);
    };
    // A module that fails without the sections too fails for another reason.
    let Ok(attempt) = compile(&module, target, asset) else { return Err(error) };
    let sections: Vec<String> = sections.iter().map(|name| format!("{name:?}")).collect();
    let (message, sections) = (error.message, sections.join(", "));
    asset.warn(format!(
        "its debug information is damaged and was left out: {message}\n  help: build the file again; \
         `strip = [\".debug_*\"]` leaves out these custom sections without a warning: {sections}"
    ));
    Ok(attempt)
}

type Outcome = (Option<Stored>, Vec<StageReport>);

fn compile_target(
    module: &ValidWasm,
    target: &Target,
    asset: &AssetContext<'_>,
) -> Result<Outcome, AssetError> {
    let start = Instant::now();
    let before = module.wasm().len();
    let report = |after, took| StageReport {
        target: Some(target.clone()),
        ..StageReport::new(Stage::Compile, before, after, took)
    };
    match compile_any(module, target, asset)? {
        Attempt::Compiled(compiled) => {
            let Compiled { artifact, .. } = &compiled;
            let (after, cached) = (artifact.bytes.len(), artifact.cached);
            let compile = StageReport { cached, ..report(after, start.elapsed()) };
            let (stored, compress) = compress(compiled, asset)?;
            Ok((Some(stored), [Some(compile), compress].into_iter().flatten().collect()))
        }
        Attempt::Missing => {
            asset.miss(target);
            Ok((None, Vec::new()))
        }
        Attempt::Unsupported(error) => {
            let skipped = Some(error.message.clone());
            asset.tolerate(asset.settings().unsupported.unwrap_or_default(), error)?;
            Ok((None, vec![StageReport { skipped, ..report(0, Duration::ZERO) }]))
        }
    }
}

/// Warns if a core module holds the metadata of a component: its toolchain has a last step to go.
fn warn_of_metadata(module: &ValidWasm, asset: &AssetContext<'_>) {
    let is_metadata =
        |name: &&str| *name == "component-type" || name.starts_with("component-type:");
    if let Some(section) = custom_sections(module.wasm()).find(is_metadata) {
        asset.warn(format!(
            "it is a core module with the metadata of a component (custom section {section:?}), and is \
             imported as a core module\n  help: make it a component first, with `wasm-tools component new \
             MODULE -o COMPONENT` (and `--adapt` for WASI preview 1), or compile for `wasm32-wasip2`; or \
             set `strip = [\"component-type*\"]` for the asset"
        ));
    }
}
