//! Guest: the guest's side of an interface, from the file that describes it.

use super::read;
use crate::asset::{AssetError, Stage};
use crate::codegen::{GuestLanguage, guest as write};
use crate::interface::Interface;
use crate::project::discover::AssetFile;
use crate::settings::Settings;
use crate::wasm::{RawWasm, validate};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// Writes the guest's side of an asset's or an interface's imports and exports.
///
/// # Errors
///
/// Fails if the file cannot be read or is not valid, and if the language is for the other kind of code.
pub(crate) fn guest(
    file: &AssetFile,
    project: &Settings,
    language: GuestLanguage,
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
    write(&file.name(), &interface, module.is_component(), &file.settings, language).map_err(
        |error| {
            let refused = AssetError::new(&file.path, Stage::Codegen, error.to_string());
            match error.help() {
                Some(help) => refused.help(help),
                None => refused,
            }
        },
    )
}
