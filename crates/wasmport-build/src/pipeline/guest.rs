//! Guest: the guest's side of an interface, from the file that describes it.

use super::read;
use crate::asset::{AssetError, Stage};
use crate::codegen::{self, GuestLanguage, GuestVersion, guest as write};
use crate::interface::Interface;
use crate::project::discover::AssetFile;
use crate::settings::Settings;
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
    let mut versions = file.versions(project);
    let names: Vec<String> = versions.iter().map(|(own, _)| own.name.clone()).collect();
    if let Some(version) = version {
        versions.retain(|(own, _)| own.name == version);
        if versions.is_empty() {
            return Err(no_version(file, version, &names));
        }
    }
    let detect = &file.settings.detect;
    let Some((version, own)) = versions.pop() else {
        return of_file(&name, file, project, language, false, None);
    };
    let section = detect.section.as_deref();
    let version = section.map(|section| GuestVersion { name: &version.name, section });
    of_file(&name, &own, project, language, true, version)
}

/// Returns the error for a version that the interface does not have.
fn no_version(file: &AssetFile, version: &str, versions: &[String]) -> AssetError {
    let version = version.escape_debug();
    let message = match versions {
        [] => format!("there is no version `{version}`: the interface has no versions"),
        versions => format!("there is no version `{version}`, only {}", versions.join(", ")),
    };
    AssetError::new(&file.path, Stage::Read, message)
}

fn of_file(
    name: &str,
    file: &AssetFile,
    project: &Settings,
    language: GuestLanguage,
    is_version: bool,
    version: Option<GuestVersion<'_>>,
) -> Result<String, AssetError> {
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
    let is_component = module.is_component();
    let exports = interface.export_names();
    let settings = match is_version {
        true => codegen::of_version(&file.settings, &exports),
        false => file.settings.as_ref().clone(),
    };
    let written = write(name, &interface, is_component, &settings, language, version);
    written.map_err(|error| {
        let refused = AssetError::new(&file.path, Stage::Codegen, error.to_string());
        match error.help() {
            Some(help) => refused.help(help),
            None => refused,
        }
    })
}
