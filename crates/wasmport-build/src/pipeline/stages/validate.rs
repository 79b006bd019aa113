//! Validate: the module is valid with exactly the features that it requires.

use crate::asset::{AssetError, Stage};
use crate::pipeline::context::AssetContext;
use crate::wasm::{self, RawWasm, ValidWasm};

/// Validates the module with the features that the project allows.
///
/// # Errors
///
/// Fails with the first fault, the feature that is not enabled, or the limit that is exceeded.
pub(crate) fn validate(module: RawWasm, asset: &AssetContext<'_>) -> Result<ValidWasm, AssetError> {
    let (len, allowed) = (module.wasm.len(), asset.project().features);
    let work = || wasm::validate(module, allowed, asset.limits());
    asset.timed(Stage::Validate, len, work, |module| module.wasm().len())
}
