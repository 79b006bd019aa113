//! `run_stage`: an optional stage, measured, validated and tolerated.

use crate::asset::{AssetError, Stage};
use crate::interface::{ExternType, FuncType, Import, Interface, ValType};
use crate::pipeline::context::AssetContext;
use crate::report::StageReport;
use crate::settings::{ImportLimits, Policy};
use crate::store::CacheEntry;
use crate::wasm::{RawWasm, ValidWasm, is_valid, validate};
use std::time::Instant;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// The result of a stage that changed the module.
pub(super) struct Changed<'c> {
    pub wasm: CacheEntry<'c>,
    /// The features that the result may use.
    pub allowed: RequiredFeatures,
    /// Whether the exports must stay the same.
    pub same_exports: bool,
    /// The program or pass that did the work, with its version.
    pub by: Option<String>,
}

/// Runs one stage: measures it, validates its result before it is cached, and applies `policy` if it
/// fails. `work` returns `None` if there is nothing to do.
///
/// # Errors
///
/// Fails with the error of the stage if the policy is [`Policy::Fail`].
pub(super) fn run_stage<'c>(
    stage: Stage,
    policy: Option<Policy>,
    module: ValidWasm,
    asset: &AssetContext<'_>,
    work: impl FnOnce(&ValidWasm) -> Result<Option<Changed<'c>>, AssetError>,
) -> Result<ValidWasm, AssetError> {
    let start = Instant::now();
    let before = module.wasm().len();
    let changed = work(&module).and_then(|changed| {
        let Some(changed) = changed else { return Ok(None) };
        let (by, cached) = (changed.by.clone(), changed.wasm.cached);
        Ok(Some((revalidate(stage, &module, changed, asset)?, by, cached)))
    });
    match changed {
        Ok(None) => Ok(module),
        Ok(Some((changed, by, cached))) => {
            let report = StageReport::new(stage, before, changed.wasm().len(), start.elapsed());
            asset.report(StageReport { by, cached, ..report });
            asset.emit(stage, changed.wasm())?;
            Ok(changed)
        }
        Err(error) => {
            let skipped = Some(error.message.clone());
            asset.tolerate(policy.unwrap_or_default(), error)?;
            let report = StageReport::new(stage, before, before, start.elapsed());
            asset.report(StageReport { skipped, ..report });
            Ok(module)
        }
    }
}

/// Validates the result of a stage like a file, and compares the exports if they must stay the same.
fn revalidate(
    stage: Stage,
    before: &ValidWasm,
    changed: Changed<'_>,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    let Changed { mut wasm, allowed, same_exports, by } = changed;
    let by = by.map_or_else(String::new, |by| format!(" of {by}"));
    let error = |message: String| AssetError::new(before.path(), stage, message);
    let raw = RawWasm::new(before.path(), wasm.bytes.clone());
    let after = validate(raw, allowed, asset.limits()).map_err(|e| {
        let message = format!("the result{by} is not valid: {}", e.message);
        // The help for a file also helps if the result is too large, or if a pass of the project uses a
        // feature that is not enabled.
        let all = || WasmFeature::ALL.iter().copied().collect();
        let is_well_formed =
            is_valid(&wasm.bytes, allowed) || !same_exports && is_valid(&wasm.bytes, all());
        let help = if is_well_formed { e.help.clone() } else { Some(LEAVE_OUT.into()) };
        AssetError { stage, message, help, ..e }
    })?;
    if same_exports && !have_same_exports(before, &after, asset.limits())? {
        let message = format!("the result{by} has other imports or exports than the module");
        return Err(error(message).help(LEAVE_OUT));
    }
    wasm.store();
    Ok(after)
}

const LEAVE_OUT: &str = "the file itself is valid: skip the stage for the asset, or set \
    `on-failure = \"warn\"`";

/// Returns whether both modules have the same exports, and the second has no import that the first lacks.
/// Types are compared by structure: a tool may renumber types and remove unused imports.
fn have_same_exports(
    before: &ValidWasm,
    after: &ValidWasm,
    limits: &ImportLimits,
) -> Result<bool, AssetError> {
    let (before, after) = (Interface::of(before, limits)?, Interface::of(after, limits)?);
    if (&before.wit, before.too_large) != (&after.wit, after.too_large) {
        return Ok(false);
    }
    let is_known = |after: &Import| {
        let mut known = before.imports.iter();
        known.any(|before| {
            (&before.module, &before.name) == (&after.module, &after.name)
                && is_same(&before.ty, &after.ty)
        })
    };
    let exports = before.exports.iter().zip(&after.exports);
    Ok(before.exports.len() == after.exports.len()
        && exports.into_iter().all(|(a, b)| a.name == b.name && is_same(&a.ty, &b.ty))
        && after.imports.iter().all(is_known))
}

/// Returns whether two items have the same type, as far as the structure tells.
fn is_same(a: &ExternType, b: &ExternType) -> bool {
    match (a, b) {
        (ExternType::Func(a), ExternType::Func(b)) if !a.nominal && !b.nominal => {
            let types =
                |func: &FuncType| func.params.iter().map(|p| p.ty.clone()).collect::<Vec<_>>();
            types(a) == types(b) && a.results == b.results
        }
        (ExternType::Global { ty: a, mutable }, ExternType::Global { ty: b, mutable: other }) => {
            let are_refs = matches!((a, b), (ValType::Ref(_), ValType::Ref(_)));
            mutable == other && (a == b || are_refs)
        }
        (ExternType::Memory(a), ExternType::Memory(b)) => {
            (a.memory64, a.shared) == (b.memory64, b.shared)
        }
        (ExternType::Table { table64: a, .. }, ExternType::Table { table64: b, .. }) => a == b,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
