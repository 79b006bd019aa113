//! Versions: the stages of an interface that several files describe.

use super::context::AssetContext;
use super::described::DescribedVersion;
use super::pack::{self, Output};
use super::{concurrency, read, stages};
use crate::asset::{AssetError, Stage};
use crate::project::discover::AssetFile;
use crate::settings::Version;

/// Generates the wrapper of an interface with versions.
///
/// # Errors
///
/// Fails with the error of the first stage that fails, for the oldest version first.
pub(super) fn import_versions(asset: &AssetContext<'_>) -> Result<Output, AssetError> {
    let mut versions = Vec::new();
    for (version, file) in asset.file.versions(asset.project()) {
        versions.push(describe(version, file, asset)?);
    }
    let wrapper = stages::codegen_versions(&versions, asset)?;
    let concurrency = versions.iter().any(|version| version.concurrency);
    // The newest version's file is that of the interface.
    let Some(newest) = versions.pop() else {
        return Err(asset.error(Stage::Read, "the interface has no version"));
    };
    let source = pack::Source { digest: newest.digest, concurrency };
    pack::pack(&newest.module, newest.interface, Vec::new(), wrapper, &source, asset)
}

/// Reads the file that describes a version.
fn describe(
    version: Version,
    file: AssetFile,
    asset: &AssetContext<'_>,
) -> Result<DescribedVersion, AssetError> {
    let own = asset.of_version(&file);
    let source = read::read(&file, own.project())?;
    let digest = source.digest;
    let module = stages::decode(source, &own)?;
    let concurrency = concurrency::of_wasm(&module.wasm, &own.inputs.components);
    let module = stages::validate(module, &own)?;
    let interface = stages::world(&module, &own)?;
    asset.absorb(own);
    Ok(DescribedVersion { version, file, module, interface, digest, concurrency })
}
