//! Inspect: what is in a file, without importing it.

use crate::codegen::component_needs;
use crate::discover::Found;
use crate::error::AssetError;
use crate::interface::Interface;
use crate::read::Source;
use crate::report::Kind;
use crate::validate::validate;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// What [`inspect`] found in a file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub blake3: Digest,
    /// What it is.
    pub kind: Kind,
    /// The length of the binary format, which is another for text.
    pub wasm_bytes: u64,
    /// The wasm features it uses.
    pub features: RequiredFeatures,
    /// The cargo features of the `wasmport` crate that its wrapper needs.
    pub needs: Vec<&'static str>,
    /// What it imports and exports.
    pub interface: Interface,
}

/// Reads and validates a file as an import would.
///
/// # Errors
///
/// As an import of the file.
pub fn inspect(path: &Path, allowed: RequiredFeatures) -> Result<Inspection, AssetError> {
    let found = Found {
        path: path.into(),
        source: path.display().to_string(),
        module: Vec::new(),
        settings: Arc::default(),
    };
    let source = Source::read(&found)?;
    let (bytes, blake3) = (source.bytes.len() as u64, source.digest);
    let limits = &found.settings.limits;
    let module = validate(source.into_wasm()?, allowed, limits)?;
    let interface = Interface::of(&module)?;
    let mut needs: Vec<&str> =
        module.features().iter().filter_map(WasmFeature::cargo_feature).collect();
    if interface.imports_wasi() {
        needs.push("wasi");
    }
    // A world that no wrapper can be made of has none that needs anything.
    needs.extend(interface.world.iter().filter_map(|w| component_needs(w).ok()).flatten());
    needs.sort_unstable();
    needs.dedup();
    Ok(Inspection {
        path: path.into(),
        bytes,
        blake3,
        kind: module.kind(),
        wasm_bytes: module.wasm().len() as u64,
        features: module.features(),
        needs,
        interface,
    })
}
