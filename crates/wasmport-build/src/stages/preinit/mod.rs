//! Preinit: runs an asset's initialization now, and makes the state it leaves the asset's beginning.

#[cfg(feature = "preinit")]
mod component;
#[cfg(feature = "preinit")]
mod linker;
#[cfg(feature = "preinit")]
mod module;
#[cfg(feature = "preinit")]
mod run;
#[cfg(feature = "preinit")]
mod system;

use super::{Changed, Log, run_stage};
use crate::error::{AssetError, Stage};
use crate::freshness::generator;
use crate::fs;
use crate::settings::{AssetSettings, Preinit};
use crate::store::{Bytes, Cache, Computation, Kind};
use crate::validate::ValidWasm;
use serde::Serialize;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, WasmFeature, wasmtime_version};

/// Initializes the module or component where the settings ask for it. Paths in them are relative to
/// `folder`.
///
/// # Errors
///
/// Where it cannot be run, traps, takes too long or too much memory, or has state that none can begin
/// with.
pub(crate) fn preinit(
    module: ValidWasm,
    settings: &AssetSettings,
    folder: &Path,
    cache: &Cache,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    let AssetSettings { limits, preinit, .. } = settings;
    run_stage(Stage::Preinit, preinit.on_failure, limits, log, module, |module| {
        let (true, Some(init)) = (preinit.is_on(), &preinit.init) else { return Ok(None) };
        let initialization = Initialization::new(module, preinit, init, folder);
        let wasm = cache.get_or_compute(&initialization, module.path())?;
        let allowed = module.features().with(WasmFeature::BulkMemory);
        Ok(Some(Changed { wasm, allowed, same_exports: false, by: Some(format!("`{init}`")) }))
    })
}

/// What initializing an asset is decided by, and nothing else.
#[derive(Serialize)]
struct Initialization<'a> {
    wasm: Bytes<'a>,
    features: RequiredFeatures,
    settings: &'a Preinit,
    init: &'a str,
    /// What it may read.
    inputs: Vec<Digest>,
    wasmtime: &'a str,
    generator: String,
    /// What is in it is in `inputs`.
    #[serde(skip)]
    folder: &'a Path,
}

impl<'a> Initialization<'a> {
    fn new(module: &'a ValidWasm, settings: &'a Preinit, init: &'a str, folder: &'a Path) -> Self {
        Self {
            wasm: Bytes(module.wasm()),
            features: module.features(),
            settings,
            init,
            inputs: digests(settings, folder),
            wasmtime: wasmtime_version(),
            generator: generator(),
            folder,
        }
    }
}

fn digests(settings: &Preinit, folder: &Path) -> Vec<Digest> {
    settings.inputs(folder).iter().map(|input| fs::digest_of_tree(input)).collect()
}

impl Computation for Initialization<'_> {
    const KIND: Kind = Kind::Preinitialized;
    /// Where it is from, for errors.
    type Help = Path;
    type Error = AssetError;

    fn compute(&self, path: &Path) -> Result<Vec<u8>, AssetError> {
        run(self, path)
    }

    /// Whoever changed a file meanwhile may have done so before it was read.
    fn still_holds(&self) -> bool {
        digests(self.settings, self.folder) == self.inputs
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
