//! Preinit: runs the initialization of a module now, so that programs begin with the resulting state.

#[cfg(feature = "preinit")]
mod component;
#[cfg(feature = "preinit")]
mod linker;
#[cfg(feature = "preinit")]
mod module;
mod names;
#[cfg(feature = "preinit")]
mod preview_1;
#[cfg(feature = "preinit")]
mod preview_2;
#[cfg(feature = "preinit")]
mod run;
#[cfg(feature = "preinit")]
mod seen_files;
#[cfg(feature = "preinit")]
mod state;
#[cfg(feature = "preinit")]
mod system;

use self::names::Names;
use super::run_stage::{Changed, run_stage};
use crate::asset::{AssetError, Stage};
use crate::pipeline::context::AssetContext;
use crate::pipeline::inputs::PreinitInputs;
use crate::project::generator;
use crate::settings::Preinit;
use crate::store::{Bucket, Bytes, Computation};
use crate::wasm::ValidWasm;
use serde::Serialize;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, WasmFeature, wasmtime_version};

/// Initializes the module or component if the settings name an export to call.
///
/// # Errors
///
/// Fails if the module cannot run, traps, exceeds its bounds, or has state that a snapshot cannot hold.
pub(crate) fn preinit(
    module: ValidWasm,
    asset: &AssetContext<'_>,
) -> Result<ValidWasm, AssetError> {
    let preinit = &asset.settings().preinit;
    run_stage(Stage::Preinit, preinit.on_failure, module, asset, |module| {
        let (true, Some(init)) = (preinit.is_on(), &preinit.init) else { return Ok(None) };
        if cfg!(feature = "preinit") {
            let names = Names::of(module, asset);
            names.check_init(init)?;
            names.check_renames(preinit)?;
        }
        let initialization = Initialization::new(module, preinit, init, &asset.inputs.preinit);
        let wasm = asset.cache().get_or_compute(&initialization, module.path())?;
        let allowed = module.features().with(WasmFeature::BulkMemory);
        Ok(Some(Changed { wasm, allowed, same_exports: false, by: Some(format!("`{init}`")) }))
    })
}

/// Everything that decides the result of an initialization.
#[derive(Serialize)]
struct Initialization<'a> {
    wasm: Bytes<'a>,
    features: RequiredFeatures,
    settings: &'a Preinit,
    init: &'a str,
    /// The digests of the files that it can read.
    digests: &'a [Digest],
    wasmtime: &'a str,
    sources: &'a str,
    /// The digests stand for the files.
    #[serde(skip)]
    inputs: &'a PreinitInputs,
}

impl<'a> Initialization<'a> {
    fn new(
        module: &'a ValidWasm,
        settings: &'a Preinit,
        init: &'a str,
        inputs: &'a PreinitInputs,
    ) -> Self {
        Self {
            wasm: Bytes(module.wasm()),
            features: module.features(),
            settings,
            init,
            digests: &inputs.digests,
            wasmtime: wasmtime_version(),
            sources: generator::artifact_sources(),
            inputs,
        }
    }
}

impl Computation for Initialization<'_> {
    const BUCKET: Bucket = Bucket::Preinitialized;
    /// The path of the asset, for errors.
    type Context = Path;
    type Error = AssetError;

    fn compute(&self, path: &Path) -> Result<Vec<u8>, AssetError> {
        run(self, path)
    }

    /// Compares the files again: one may have changed before it was read.
    fn is_key_current(&self) -> bool {
        self.inputs.are_unchanged(self.settings)
    }
}

#[cfg(feature = "preinit")]
use run::run;

#[cfg(not(feature = "preinit"))]
fn run(_: &Initialization<'_>, path: &Path) -> Result<Vec<u8>, AssetError> {
    let message = "this build of wasmport-build cannot run modules";
    Err(AssetError::new(path, Stage::Preinit, message).help(
        "add `features = [\"preinit\"]` to the dependency, or import with `cargo wasmport import`",
    ))
}
