//! Stands in for the command `wasmtime compile`: writes the artifacts for the programs without a compiler.

use measure::Result;
use std::path::Path;
use wasmtime::{Config, Engine};

/// Compiles all modules. An artifact does not load if the engine that compiled it had more features than the one that
/// loads it, so those are off that the other programs are built without.
pub(crate) fn modules(folder: &Path) -> Result {
    let mut config = Config::new();
    config.gc_support(false).wasm_exceptions(false).wasm_threads(false);
    config.concurrency_support(false);
    let engine = Engine::new(&config)?;
    let shelf = include_bytes!("../../../../../../fixtures/assets/components/shelf.wasm");
    std::fs::write(folder.join("shelf.cwasm"), engine.precompile_component(shelf)?)?;
    let engine = Engine::new(config.wasm_component_model(false))?;
    let small = include_bytes!("../../../modules/small.wasm");
    std::fs::write(folder.join("small.cwasm"), engine.precompile_module(small)?)?;
    let slugs = include_bytes!("../../../../../../fixtures/assets/guests/slugs.wasm");
    std::fs::write(folder.join("slugs.cwasm"), engine.precompile_module(slugs)?)?;
    Ok(())
}
