//! Plain Wasmtime with all wasm features of the importer, to compare verdicts with.

use wasmport_build::WasmFeature;
use wasmtime::{Config, Engine, WasmFeatures};

/// Returns an engine that accepts whatever an import can accept.
pub(crate) fn engine() -> crate::Result<Engine> {
    with(WasmFeatures::empty())
}

/// Returns such an engine with further proposals, which no import can enable.
pub(crate) fn with(proposals: WasmFeatures) -> crate::Result<Engine> {
    let mut config = Config::new();
    for feature in WasmFeature::ALL {
        config.wasm_features(feature.flag(), true);
    }
    config.wasm_features(proposals, true);
    config.cranelift_opt_level(wasmtime::OptLevel::None);
    Ok(Engine::new(&config)?)
}
