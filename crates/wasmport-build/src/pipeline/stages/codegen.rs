//! Codegen: the wrapper of the interface.

use super::compress::Stored;
use crate::asset::{AssetError, Stage};
use crate::codegen::{self, CratePath, Description, Wrapper};
use crate::interface::Interface;
use crate::pipeline::context::AssetContext;
use crate::wasm::ValidWasm;
use wasmport::Digest;
use wasmport::engine::wasmtime_version;

/// Generates the wrapper. Code generation sees the interface and no wasm.
///
/// # Errors
///
/// Fails if the settings of the asset do not fit its interface.
pub(crate) fn codegen(
    module: &ValidWasm,
    interface: &Interface,
    artifacts: &[Stored],
    source_digest: Digest,
    asset: &AssetContext<'_>,
) -> Result<Wrapper, AssetError> {
    let name = asset.file.name();
    let artifacts: Vec<_> = artifacts.iter().map(|stored| stored.entry(&name)).collect();
    let crate_path = CratePath::new(&asset.project().crate_path);
    let description = Description {
        path: asset.path(),
        source: &asset.file.source,
        source_digest,
        is_interface: asset.file.is_interface(),
        module: &asset.file.module,
        wasmtime: wasmtime_version(),
        engine: &asset.project().engine,
        features: module.features(),
        artifacts: &artifacts,
        embed: asset.project().embed,
        crate_path: &crate_path,
        interface,
        settings: asset.settings(),
        project: asset.project(),
    };
    let work = || codegen::wrapper(&description);
    let wrapper =
        asset.timed(Stage::Codegen, module.wasm().len(), work, |wrapper| wrapper.source.len())?;
    wrapper.warnings.iter().for_each(|warning| asset.warn(warning));
    Ok(wrapper)
}
