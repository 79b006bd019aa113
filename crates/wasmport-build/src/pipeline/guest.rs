//! Guest: the guest's side of an interface, from the file that describes it.

use super::read;
use crate::asset::{AssetError, Stage};
use crate::codegen::{self, GuestError, GuestLanguage, GuestVersion};
use crate::interface::Interface;
use crate::project::discover::AssetFile;
use crate::settings::{AssetSettings, Settings};
use crate::wasm::{RawWasm, validate};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// Writes the guest's side of an asset's or an interface's imports and exports, of a version by its name or of the
/// newest.
///
/// # Errors
///
/// Fails if the file cannot be read or is not valid, if the language is for the other kind of code, and if there is no
/// such version.
pub(crate) fn guest(
    file: &AssetFile,
    project: &Settings,
    language: GuestLanguage,
    version: Option<&str>,
) -> Result<String, AssetError> {
    let name = file.name();
    let detect = &file.settings.detect;
    let versions = file.versions(project);
    let Some(newest) = versions.last() else {
        if let Some(version) = version {
            return Err(no_version(file, version, &[]));
        }
        let described = describe(file, project)?;
        return write(&name, &described, file, &file.settings, language, None);
    };
    let names: Vec<&str> = versions.iter().map(|(own, _)| own.name.as_str()).collect();
    let wanted = version.unwrap_or(&newest.0.name);
    let Some(index) = names.iter().position(|name| *name == wanted) else {
        return Err(no_version(file, wanted, &names));
    };
    // The choices may be about exports of other versions.
    let described = versions.iter().map(|(_, own)| describe(own, project));
    let described = described.collect::<Result<Vec<_>, _>>()?;
    let exports = versions.iter().zip(&described);
    let exports: Vec<_> = exports
        .map(|((version, own), described)| {
            (version.name.as_str(), own.settings.as_ref(), described.interface.export_names())
        })
        .collect();
    let settings = codegen::of_versions(&file.settings, &exports)
        .map_err(|error| refused(file, &GuestError::from(error)))?;
    let (version, own) = &versions[index];
    let section = detect.section.as_deref();
    let version = section.map(|section| GuestVersion { name: &version.name, section });
    write(&name, &described[index], own, &settings[index], language, version)
}

/// Returns the error for a version that the interface does not have.
fn no_version(file: &AssetFile, version: &str, versions: &[&str]) -> AssetError {
    let version = version.escape_debug();
    let message = match versions {
        [] => format!("there is no version `{version}`: the interface has no versions"),
        versions => format!("there is no version `{version}`, only {}", versions.join(", ")),
    };
    AssetError::new(&file.path, Stage::Read, message)
}

/// The imports and exports that a file describes.
struct Described {
    interface: Interface,
    is_component: bool,
}

fn describe(file: &AssetFile, project: &Settings) -> Result<Described, AssetError> {
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let limits = &file.settings.limits;
    let source = read::read(file, project)?;
    let text = RawWasm::text_of(&source.bytes);
    let module = read::to_wasm(&file.path, source.bytes)?.with_text(text);
    let module = validate(module, everything, limits)?;
    let mut interface = Interface::of(&module, limits)?;
    if let Some(world) = &file.settings.wit {
        // The file has the documentation.
        let refused = |e| AssetError::new(&file.path, Stage::Read, format!("{e}"));
        interface.world = Some(read::world(world, project).map_err(refused)?);
    }
    Ok(Described { interface, is_component: module.is_component() })
}

fn write(
    name: &str,
    described: &Described,
    file: &AssetFile,
    settings: &AssetSettings,
    language: GuestLanguage,
    version: Option<GuestVersion<'_>>,
) -> Result<String, AssetError> {
    let Described { interface, is_component } = described;
    let written = codegen::guest(name, interface, *is_component, settings, language, version);
    written.map_err(|error| refused(file, &error))
}

fn refused(file: &AssetFile, error: &GuestError) -> AssetError {
    let refused = AssetError::new(&file.path, Stage::Codegen, error.to_string());
    match error.help() {
        Some(help) => refused.help(help),
        None => refused,
    }
}
