//! The optional stages: each takes a valid module and gives another, which is validated again.

mod canonicalize;
mod compose;
mod compress;
mod optimize;
mod preinit;
mod strip;
mod transform;
mod translate;
mod world;

pub(crate) use canonicalize::canonicalize;
pub(crate) use compose::compose;
pub(crate) use compress::{Stored, compress};
pub(crate) use optimize::optimize;
pub(crate) use preinit::preinit;
pub(crate) use strip::strip;
pub use transform::Pass;
pub(crate) use transform::transform;
pub(crate) use translate::translate;
pub(crate) use world::world;

use crate::component;
use crate::error::{AssetError, Stage};
use crate::interface::{ExternType, FuncType, Import, Interface, ValType};
use crate::read::RawWasm;
use crate::report::StageReport;
use crate::settings::{ImportLimits, Policy};
use crate::store::Obtained;
use crate::tool::WASM_OPT;
use crate::validate::{ValidWasm, is_valid, validate};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// What the stages of one asset did.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub stages: Vec<StageReport>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Log {
    /// Reports on a stage that every asset goes through.
    pub fn timed<T: AsRef<[u8]>>(
        &mut self,
        stage: Stage,
        before: usize,
        work: impl FnOnce() -> Result<T, AssetError>,
    ) -> Result<T, AssetError> {
        let start = Instant::now();
        let result = work()?;
        let after = result.as_ref().len();
        self.stages.push(StageReport::new(stage, before, after, start.elapsed()));
        Ok(result)
    }

    /// The programs that had a part in it, with their versions.
    pub fn tools(&self) -> BTreeMap<String, String> {
        // A pass of the project's own may have any name.
        let stages = self.stages.iter().filter(|report| report.stage != Stage::Transform);
        let by = stages.filter_map(|report| report.by.as_deref());
        let tools = by.filter_map(|by| by.split_once(' ').filter(|(name, _)| *name == WASM_OPT));
        tools.map(|(name, version)| (name.into(), version.into())).collect()
    }

    /// As `policy` has it: the error itself, or none with what is to be said of it.
    pub fn judge(&mut self, policy: Policy, error: AssetError) -> Result<(), AssetError> {
        match policy {
            Policy::Fail => return Err(error),
            Policy::Warn => self.warnings.push(error.without_path()),
            Policy::Skip => {}
        }
        Ok(())
    }
}

/// What a stage made of a module.
pub(crate) struct Changed<'c> {
    pub wasm: Obtained<'c>,
    /// What the result may use.
    pub allowed: RequiredFeatures,
    /// Whether its exports must be what they were.
    pub same_exports: bool,
    /// What did it, such as a program and its version.
    pub by: Option<String>,
}

/// Runs one stage: measures it, validates what it gives and only then keeps it, and does as `policy`
/// says where it fails. A stage that gives nothing has nothing to do.
pub(crate) fn run_stage<'c>(
    stage: Stage,
    policy: Option<Policy>,
    limits: &ImportLimits,
    log: &mut Log,
    module: ValidWasm,
    work: impl FnOnce(&ValidWasm) -> Result<Option<Changed<'c>>, AssetError>,
) -> Result<ValidWasm, AssetError> {
    let start = Instant::now();
    let before = module.wasm().len();
    let changed = work(&module).and_then(|changed| {
        let Some(changed) = changed else { return Ok(None) };
        let (by, cached) = (changed.by.clone(), changed.wasm.found);
        Ok(Some((revalidate(stage, &module, changed, limits)?, by, cached)))
    });
    match changed {
        Ok(None) => Ok(module),
        Ok(Some((changed, by, cached))) => {
            let after = changed.wasm().len();
            log.stages.push(StageReport {
                by,
                cached,
                ..StageReport::new(stage, before, after, start.elapsed())
            });
            Ok(changed)
        }
        Err(error) => {
            let skipped = Some(error.message.clone());
            log.judge(policy.unwrap_or_default(), error)?;
            let report = StageReport::new(stage, before, before, start.elapsed());
            log.stages.push(StageReport { skipped, ..report });
            Ok(module)
        }
    }
}

fn revalidate(
    stage: Stage,
    before: &ValidWasm,
    changed: Changed<'_>,
    limits: &ImportLimits,
) -> Result<ValidWasm, AssetError> {
    let Changed { mut wasm, allowed, same_exports, by } = changed;
    let by = by.map_or_else(String::new, |by| format!(" of {by}"));
    let error = |message: String| AssetError::new(before.path(), stage, message);
    let raw = RawWasm { path: before.path().into(), wasm: wasm.bytes.clone() };
    let after = validate(raw, allowed, limits).map_err(|e| {
        let message = format!("the result{by} is not valid: {}", e.message);
        // What would help with the asset's file helps where the result is too large, and where a pass
        // of the project's own uses what is not enabled.
        let all = || WasmFeature::ALL.iter().copied().collect();
        let is_well_formed =
            is_valid(&wasm.bytes, allowed) || !same_exports && is_valid(&wasm.bytes, all());
        let help = if is_well_formed { e.help.clone() } else { Some(LEAVE_OUT.into()) };
        AssetError { stage, message, help, ..e }
    })?;
    if same_exports && !have_same_exports(before, &after)? {
        let message = format!("the result{by} has other imports or exports than the module");
        return Err(error(message).help(LEAVE_OUT));
    }
    wasm.keep();
    Ok(after)
}

const LEAVE_OUT: &str = "the module is as it should be, so leave the stage out for the asset, or its \
    failure: `on-failure = \"warn\"`";

/// What `change` makes of a module, or of each core module of a component.
fn each_module(
    stage: Stage,
    wasm: &ValidWasm,
    change: impl FnMut(&[u8]) -> Result<Vec<u8>, AssetError>,
) -> Result<Vec<u8>, AssetError> {
    let mut change = change;
    if !wasm.is_component() {
        return change(wasm.wasm());
    }
    in_component(stage, wasm.path(), wasm.wasm(), change)
}

/// The component with what `change` makes of each of its core modules.
fn in_component(
    stage: Stage,
    path: &Path,
    wasm: &[u8],
    change: impl FnMut(&[u8]) -> Result<Vec<u8>, AssetError>,
) -> Result<Vec<u8>, AssetError> {
    let error = |message: String| AssetError::new(path, stage, message);
    let modules = component::modules(wasm).map_err(error)?;
    let changed = modules.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let mut changed = changed.into_iter();
    let next = &mut |module: &[u8]| Ok(changed.next().unwrap_or_else(|| module.to_vec()));
    component::map_modules(wasm, next).map_err(error)
}

/// Whether both have the same exports, and the second no import that the first has not, as far as their
/// types can be told apart: a tool may number the types of a module anew, and remove what is not used.
fn have_same_exports(before: &ValidWasm, after: &ValidWasm) -> Result<bool, AssetError> {
    let (before, after) = (Interface::of(before)?, Interface::of(after)?);
    if before.wit != after.wit {
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
