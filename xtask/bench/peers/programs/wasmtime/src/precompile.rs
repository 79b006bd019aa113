//! Stands in for the command `wasmtime compile`: writes the artifacts for the programs without a compiler.

use measure::Result;
use std::path::Path;
use wasmtime::{Config, Engine};

/// Compiles all modules for engines with no cargo features but `runtime` and `std`. An artifact does not load if the
/// engine that compiled it had more features.
pub(crate) fn modules(folder: &Path) -> Result {
    let mut config = Config::new();
    config.gc_support(false).wasm_threads(false).concurrency_support(false);
    let engine = Engine::new(&config)?;
    let small = include_bytes!("../../../modules/small.wasm");
    std::fs::write(folder.join("small.cwasm"), engine.precompile_module(small)?)?;
    let slugs = include_bytes!("../../../../../../fixtures/assets/guests/slugs.wasm");
    std::fs::write(folder.join("slugs.cwasm"), engine.precompile_module(slugs)?)?;
    let shelf = include_bytes!("../../../../../../fixtures/assets/components/shelf.wasm");
    std::fs::write(folder.join("shelf.cwasm"), engine.precompile_component(shelf)?)?;
    Ok(())
}
