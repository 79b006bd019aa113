//! World: a component compared with the world that it must implement.

use super::Log;
use crate::component::{self, World};
use crate::error::{AssetError, Stage};
use crate::interface::Interface;
use crate::report::StageReport;
use crate::settings::{AssetSettings, world_path};
use crate::validate::ValidWasm;
use std::path::Path;
use std::time::Instant;

/// Compares the component with the world in the settings, and takes over what that says about its
/// items: the component itself holds no documentation. Paths are relative to `folder`.
///
/// # Errors
///
/// Where it lacks something or has it with another type: all of it.
pub(crate) fn world(
    wasm: &ValidWasm,
    mut interface: Interface,
    settings: &AssetSettings,
    folder: &Path,
    log: &mut Log,
) -> Result<Interface, AssetError> {
    let Some(wanted) = &settings.world else { return Ok(interface) };
    let start = Instant::now();
    let error = |message: String| AssetError::new(wasm.path(), Stage::World, message);
    let Some(world) = &mut interface.world else {
        let why = match &interface.beyond_wit {
            Some(what) => format!("the component cannot be described in WIT: {what}"),
            None => "the file is a core module, and only components implement worlds".into(),
        };
        return Err(error(why).help("leave `world` out for the asset"));
    };
    let (path, name) = world_path(wanted);
    let (required, _) = World::from_files(&folder.join(path), name).map_err(error)?;
    let differences = component::differences(world, wasm.wasm(), &required, settings.wasi());
    if !differences.is_empty() {
        let list: String = differences.iter().map(|line| format!("\n  {line}")).collect();
        let message = format!("the component does not implement the world `{wanted}`:{list}");
        return Err(error(message).help("build the component for that world, or name its own"));
    }
    world.with_docs_of(&required);
    let len = wasm.wasm().len();
    log.stages.push(StageReport::new(Stage::World, len, len, start.elapsed()));
    Ok(interface)
}
