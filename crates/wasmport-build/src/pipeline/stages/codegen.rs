//! Codegen: the wrapper of the interface.

use super::compress::Stored;
use crate::asset::{AssetError, Stage};
use crate::codegen::{self, CratePath, Description, Wrapper};
use crate::interface::Interface;
use crate::pipeline::context::AssetContext;
use crate::pipeline::described::DescribedVersion;
use crate::project::discover::AssetFile;
use crate::project::manifest::ArtifactEntry;
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
    let described = Described { file: asset.file, module, interface, source_digest };
    let description = described.description(&artifacts, &crate_path, asset);
    let work = || codegen::wrapper(&description);
    let wrapper =
        asset.timed(Stage::Codegen, module.wasm().len(), work, |wrapper| wrapper.source.len())?;
    wrapper.warnings.iter().for_each(|warning| asset.warn(warning));
    Ok(wrapper)
}

/// An asset, or a version of one, that a file describes.
struct Described<'a> {
    file: &'a AssetFile,
    module: &'a ValidWasm,
    interface: &'a Interface,
    source_digest: Digest,
}

impl<'a> Described<'a> {
    fn of(version: &'a DescribedVersion, file: &'a AssetFile) -> Self {
        let (module, interface) = (&version.module, &version.interface);
        Self { file, module, interface, source_digest: version.digest }
    }

    fn description(
        &self,
        artifacts: &'a [ArtifactEntry],
        crate_path: &'a CratePath,
        asset: &'a AssetContext<'_>,
    ) -> Description<'a> {
        Description {
            path: &self.file.path,
            source: &self.file.source,
            source_digest: self.source_digest,
            is_interface: self.file.is_interface(),
            is_version: false,
            module: &self.file.module,
            wasmtime: wasmtime_version(),
            engine: &asset.project().engine,
            features: self.module.features(),
            artifacts,
            embed: asset.project().embed,
            crate_path,
            interface: self.interface,
            settings: &self.file.settings,
            project: asset.project(),
        }
    }
}

/// Generates the wrapper of an interface with versions.
///
/// # Errors
///
/// Fails if the settings of the interface do not fit a version.
pub(crate) fn codegen_versions(
    versions: &[DescribedVersion],
    asset: &AssetContext<'_>,
) -> Result<Wrapper, AssetError> {
    let Some(newest) = versions.last() else {
        return Err(asset.error(Stage::Codegen, "the interface has no version"));
    };
    let crate_path = CratePath::new(&asset.project().crate_path);
    let own: Vec<_> =
        versions.iter().map(|version| Described::of(version, &version.file)).collect();
    let of_all = Described::of(newest, asset.file);
    let mut of_all = of_all.description(&[], &crate_path, asset);
    of_all.features =
        versions.iter().flat_map(|version| version.module.features().iter()).collect();
    let names = versions.iter().map(|version| version.version.clone());
    let own = own.iter().map(|own| own.description(&[], &crate_path, asset));
    let parts: Vec<_> = names.zip(own).collect();
    let len = newest.module.wasm().len();
    let work = || codegen::versions(&of_all, &parts);
    let wrapper = asset.timed(Stage::Codegen, len, work, |wrapper| wrapper.source.len())?;
    wrapper.warnings.iter().for_each(|warning| asset.warn(warning));
    Ok(wrapper)
}
