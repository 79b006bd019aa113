//! Wasmtime by itself, with all that an import can allow: what its verdicts are compared with.

use wasmport_build::WasmFeature;
use wasmtime::{Config, Engine, WasmFeatures};

/// An engine that refuses as little as it can.
pub(crate) fn engine() -> crate::Result<Engine> {
    with(WasmFeatures::empty())
}

/// Such an engine, with proposals that no import can allow.
pub(crate) fn with(proposals: WasmFeatures) -> crate::Result<Engine> {
    let mut config = Config::new();
    for feature in WasmFeature::ALL {
        config.wasm_features(feature.flag(), true);
    }
    config.wasm_features(proposals, true);
    config.cranelift_opt_level(wasmtime::OptLevel::None);
    Ok(Engine::new(&config)?)
}
