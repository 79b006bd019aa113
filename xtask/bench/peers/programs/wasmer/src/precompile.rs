//! Stands in for the command `wasmer compile`: writes the artifacts for the program without a compiler.

use measure::Result;
use std::path::Path;
use wasmer::{Module, Store};

/// Compiles both modules with the default settings.
pub(crate) fn modules(folder: &Path) -> Result {
    let store = Store::default();
    let small = include_bytes!("../../../modules/small.wasm");
    Module::new(&store, small)?.serialize_to_file(folder.join("small.wasmu"))?;
    let slugs = include_bytes!("../../../../../../fixtures/assets/guests/slugs.wasm");
    Module::new(&store, slugs)?.serialize_to_file(folder.join("slugs.wasmu"))?;
    Ok(())
}
