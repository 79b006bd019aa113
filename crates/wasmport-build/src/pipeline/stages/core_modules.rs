//! Core modules of a component, changed one by one.

use crate::asset::{AssetError, Stage};
use crate::component::{self, ModulesError};
use crate::wasm::ValidWasm;
use std::path::Path;

/// Applies `change` to a module, or to each core module of a component.
///
/// # Errors
///
/// Fails with the error of `change`, or if the component cannot be read.
pub(super) fn each_module(
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

/// Applies `change` to each core module of a component.
///
/// # Errors
///
/// Fails with the error of `change`, or if the component cannot be read.
pub(super) fn in_component(
    stage: Stage,
    path: &Path,
    wasm: &[u8],
    change: impl FnMut(&[u8]) -> Result<Vec<u8>, AssetError>,
) -> Result<Vec<u8>, AssetError> {
    let error = |e: ModulesError| AssetError::new(path, stage, e.to_string());
    let modules = component::modules(wasm).map_err(error)?;
    let changed = modules.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let mut changed = changed.into_iter();
    let next = &mut |module: &[u8]| changed.next().unwrap_or_else(|| module.to_vec());
    component::map_modules(wasm, next).map_err(error)
}
