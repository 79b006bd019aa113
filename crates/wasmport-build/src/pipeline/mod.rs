//! Pipeline: one asset, from its file to its outputs.

mod artifacts;
mod compile;
pub(crate) mod compile_cost;
mod concurrency;
mod context;
mod described;
mod emit;
mod guest;
mod inputs;
mod inspect;
mod pack;
mod read;
mod stages;
mod versions;

pub(crate) use compile::check_engine;
pub use compile::has_code_generator;
pub(crate) use concurrency::needs_concurrency;
pub(crate) use context::{AssetContext, ImportContext, StageLog};
pub(crate) use guest::guest;
#[cfg(any(test, feature = "oci"))]
pub(crate) use inspect::inspected;
pub(crate) use inspect::inspected_for_description;
#[cfg(feature = "doctor")]
pub(crate) use inspect::needs;
pub use inspect::{Inspection, inspect};
pub(crate) use pack::{Output, Outputs};
#[cfg(feature = "bundle")]
pub(crate) use read::sha256_of;
pub(crate) use read::{read_binary, to_wasm};

use crate::asset::AssetError;
use crate::project::discover::AssetFile;
use crate::wasm::RawWasm;
use std::collections::BTreeMap;
use wasmport::Digest;

/// Generates the wrapper of an interface from the file that describes it.
///
/// # Errors
///
/// Fails with the error of the first stage that fails.
pub(crate) fn import_interface(asset: &AssetContext<'_>) -> Result<Output, AssetError> {
    if asset.settings().versions.is_some() {
        return versions::import_versions(asset);
    }
    let source = read::read(asset.file, asset.project())?;
    let digest = source.digest;
    let module = stages::decode(source, asset)?;
    let concurrency = concurrency::of_wasm(&module.wasm, &asset.inputs.components);
    let module = stages::validate(module, asset)?;
    let interface = stages::world(&module, asset)?;
    let wrapper = stages::codegen(&module, &interface, &[], digest, asset)?;
    let source = pack::Source { digest, concurrency };
    pack::pack(&module, interface, Vec::new(), wrapper, &source, asset)
}

/// Runs the stages between a plug-in's binary and its compilation.
///
/// # Errors
///
/// Fails with the error of the first stage that fails.
pub(crate) fn prepare(
    wasm: Vec<u8>,
    file: &AssetFile,
    import: &ImportContext<'_>,
) -> Result<Vec<u8>, AssetError> {
    let asset = &AssetContext::new(import, file, Digest::of(&wasm), BTreeMap::new(), None);
    let module = stages::validate(RawWasm::new(asset.path(), wasm), asset)?;
    let module = stages::optimize(module, asset)?;
    let module = stages::strip(module, asset)?;
    let module = stages::canonicalize(module, asset)?;
    Ok(module.wasm().to_vec())
}

/// Imports one asset: every stage between its file and its outputs, in order.
///
/// Stages do no I/O: the inputs are in the context, and only the programs and folders that the
/// settings name are run and read. Each stage's result is validated again.
///
/// # Errors
///
/// Fails with the error of the first stage that fails.
pub(crate) fn import_asset(asset: &AssetContext<'_>) -> Result<Output, AssetError> {
    let source = read::read(asset.file, asset.project())?;
    let digest = source.digest;
    let module = stages::decode(source, asset)?;
    let concurrency = concurrency::of_wasm(&module.wasm, &asset.inputs.components);
    let module = stages::translate(module, asset)?;
    let module = stages::validate(module, asset)?;
    let module = stages::preinit(module, asset)?;
    let module = stages::compose(module, asset)?;
    let module = stages::transform(module, asset)?;
    let module = stages::optimize(module, asset)?;
    // The interface is read before `strip` removes the names.
    let interface = stages::world(&module, asset)?;
    // The exports that it adds are not part of the interface.
    let module = stages::snapshot(module, asset)?;
    let module = stages::strip(module, asset)?;
    let module = stages::canonicalize(module, asset)?;
    let artifacts = artifacts::compile_targets(&module, asset)?;
    if asset.is_part() {
        // The results are in the store. The job that merges the parts generates the outputs.
        return Ok(Output::of_part(&artifacts, asset));
    }
    let wrapper = stages::codegen(&module, &interface, &artifacts, digest, asset)?;
    let source = pack::Source { digest, concurrency };
    pack::pack(&module, interface, artifacts, wrapper, &source, asset)
}
