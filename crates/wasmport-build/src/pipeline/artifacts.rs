//! Artifacts: the module compiled and compressed for each target.

use super::compile::{Attempt, Compiled, compile};
use super::context::AssetContext;
use super::stages::{Stored, compress};
use crate::asset::{AssetError, Stage};
use crate::component;
use crate::report::StageReport;
use crate::wasm::ValidWasm;
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
    }
    let targets = asset.project().targets.par_iter().flatten();
    let results: Vec<_> =
        targets.map(|target| compile_target(module, target, asset)).collect::<Result<_, _>>()?;
    let mut stored = Vec::new();
    // The reports are in the order of the targets, whatever the threads did.
    for (artifact, reports) in results {
        stored.extend(artifact);
        reports.into_iter().for_each(|report| asset.report(report));
    }
    Ok(stored)
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
    match compile(module, target, asset)? {
        Attempt::Compiled(compiled) => {
            let Compiled { artifact, .. } = &compiled;
            let (after, cached) = (artifact.bytes.len(), artifact.cached);
            let compile = StageReport { cached, ..report(after, start.elapsed()) };
            let (stored, compress) = compress(compiled, asset)?;
            Ok((Some(stored), [Some(compile), compress].into_iter().flatten().collect()))
        }
        Attempt::Unsupported(error) => {
            let skipped = Some(error.message.clone());
            asset.tolerate(asset.settings().unsupported.unwrap_or_default(), error)?;
            Ok((None, vec![StageReport { skipped, ..report(0, Duration::ZERO) }]))
        }
    }
}
