//! Wasmtime by itself, with all that an import can allow: what its verdicts are compared with.

use wasmport_build::WasmFeature;
use wasmtime::{Config, Engine};

/// An engine that refuses as little as it can.
pub(crate) fn engine() -> crate::Result<Engine> {
    let mut config = Config::new();
    for feature in WasmFeature::ALL {
        config.wasm_features(feature.flag(), true);
    }
    config.cranelift_opt_level(wasmtime::OptLevel::None);
    Ok(Engine::new(&config)?)
}
