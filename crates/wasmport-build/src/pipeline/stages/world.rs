//! World: a component compared with the world that it must implement.

use crate::asset::{AssetError, Stage};
use crate::component;
use crate::interface::Interface;
use crate::pipeline::context::AssetContext;
use crate::report::StageReport;
use crate::wasm::ValidWasm;
use std::time::Instant;

/// Reads the interface of the module, compares it with the world in the settings, and takes the world's
/// documentation: the component itself holds none.
///
/// # Errors
///
/// Fails with all differences if the component does not implement the world.
pub(crate) fn world(module: &ValidWasm, asset: &AssetContext<'_>) -> Result<Interface, AssetError> {
    let mut interface = Interface::of(module, asset.limits())?;
    let Some(required) = &asset.inputs.world else { return Ok(interface) };
    let start = Instant::now();
    let Some(world) = &mut interface.world else {
        let why = match (&interface.beyond_wit, interface.too_large) {
            (Some(what), _) => format!("the component cannot be described in WIT: {what}"),
            (None, Some(len)) => format!(
                "the component's own world is {len} bytes of text, too large for `limits.max-wrapper-bytes`"
            ),
            (None, None) => {
                "the file is a core module, and only components implement worlds".into()
            }
        };
        return Err(asset.error(Stage::World, why).help("leave `world` out for the asset"));
    };
    let required = required.as_ref().map_err(Clone::clone)?;
    let settings = asset.settings();
    let differences = component::differences(world, module.wasm(), required, settings.wasi());
    if !differences.is_empty() {
        let wanted = settings.world.as_deref().unwrap_or_default();
        let list: String = differences.iter().map(|line| format!("\n  {line}")).collect();
        let message = format!("the component does not implement the world `{wanted}`:{list}");
        let help = "build the component for that world, or name its own world";
        return Err(asset.error(Stage::World, message).help(help));
    }
    world.with_docs_of(required);
    let len = module.wasm().len();
    asset.report(StageReport::new(Stage::World, len, len, start.elapsed()));
    Ok(interface)
}
