//! The program that compiles plug-ins for another one, with the stages of an import before.

use crate::pipeline::{ImportContext, prepare as run_stages};
use crate::project::discover::AssetFile;
use crate::settings::{AssetSettings, Settings};
use crate::store::Cache;
use crate::tool::{ToolBox, kill_all};
use serde_json::json;
use std::sync::Arc;
use wasmport::engine::RequiredFeatures;
use wasmport::{EngineConfig, Stages};

/// Compiles, and ends the process, if this is the process of a `wasmport::Worker`, whose stages it runs; else it returns at
/// once. It is all that the program `wasmport-worker` does.
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     wasmport_build::serve_worker();
///     // … the program …
///     Ok(())
/// }
/// ```
pub fn serve_worker() {
    wasmport::serve_worker_with(&prepare, kill_all);
}

fn prepare(
    name: &str,
    stages: &Stages,
    engine: &EngineConfig,
    wasm: Vec<u8>,
) -> Result<Vec<u8>, String> {
    let mut settings = Settings::default();
    (settings.engine, settings.features) = (*engine, RequiredFeatures::of_this_build());
    let strip = Some(stages.stripped().to_vec());
    let mut choices = AssetSettings { strip, ..AssetSettings::default() };
    if let Some(level) = stages.optimize_level() {
        let level = serde_json::from_value(json!(level));
        choices.optimize.level = Some(level.map_err(|error| format!("optimize: {error}"))?);
    }
    let file = AssetFile {
        path: name.into(),
        source: name.into(),
        module: vec![name.into()],
        settings: Arc::new(AssetSettings::defaults().overridden_by(&choices)),
        pin: None,
    };
    let tools = ToolBox::new(&settings);
    let (settings, tools) = (&settings, &tools);
    let import = ImportContext { settings, tools, cache: Cache::default(), functions: None };
    run_stages(wasm, &file, &import).map_err(|error| error.to_string())
}
