//! Inspect: the content of a file, without importing it.

use crate::asset::AssetError;
use crate::asset::Kind;
use crate::codegen::{component_needs, skeleton};
use crate::fs::content_digest_of;
use crate::interface::Interface;
use crate::pipeline::read::{read_file, to_wasm};
use crate::project::discover::AssetFile;
use crate::settings::ImportLimits;
use crate::wasm::{RawWasm, ValidWasm, validate, validate_described};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// The content of a file, from [`inspect`].
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The file.
    pub path: PathBuf,
    /// The length in bytes.
    pub bytes: u64,
    /// The digest of the content: of text as if it had Unix line ends.
    pub blake3: Digest,
    /// The kind of WebAssembly.
    pub kind: Kind,
    /// The length of the binary format in bytes, which differs for text.
    pub wasm_bytes: u64,
    /// The wasm features that it uses.
    pub features: RequiredFeatures,
    /// The cargo features of the `wasmport` crate that the wrapper needs.
    pub needs: Vec<&'static str>,
    /// The imports and exports.
    pub interface: Interface,
}

impl Inspection {
    /// Returns a skeleton of the module's `api`: a declaration for each function whose type is numbers, with
    /// pointers and lengths still as numbers. A component has none, because its types come from its world.
    #[must_use]
    pub fn api(&self) -> Option<String> {
        (self.kind == Kind::Module).then(|| skeleton(&self.interface))
    }
}

/// Reads and validates a file like an import.
///
/// # Errors
///
/// Fails with the error that an import of the file has.
pub fn inspect(path: &Path, allowed: RequiredFeatures) -> Result<Inspection, AssetError> {
    let file = AssetFile {
        path: path.into(),
        source: path.display().to_string(),
        module: Vec::new(),
        settings: Arc::default(),
        pin: None,
    };
    let source = read_file(&file)?.bytes;
    inspected(path, source, allowed, &file.settings.limits).map(|(_, inspection)| inspection)
}

/// Validates the bytes of a file like an import. Returns the module or component too.
///
/// # Errors
///
/// Fails with the error that an import of the file has.
pub(crate) fn inspected(
    path: &Path,
    source: Vec<u8>,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<(ValidWasm, Inspection), AssetError> {
    inspected_by(validate, path, source, allowed, limits)
}

/// Validates the bytes of a file that is described and not imported. Legacy exceptions, which an import may translate,
/// are no error.
///
/// # Errors
///
/// Fails like [`inspected`].
pub(crate) fn inspected_for_description(
    path: &Path,
    source: Vec<u8>,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<(ValidWasm, Inspection), AssetError> {
    inspected_by(validate_described, path, source, allowed, limits)
}

/// A function that validates a module or component.
type Validate = fn(RawWasm, RequiredFeatures, &ImportLimits) -> Result<ValidWasm, AssetError>;

fn inspected_by(
    validate: Validate,
    path: &Path,
    source: Vec<u8>,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<(ValidWasm, Inspection), AssetError> {
    let (bytes, blake3) = (source.len() as u64, content_digest_of(&source));
    let text = RawWasm::text_of(&source);
    let module = to_wasm(path, source)?.with_text(text);
    let module = validate(module, allowed, limits)?;
    let interface = Interface::of(&module, limits)?;
    let needs = needs(module.features(), &interface);
    let inspection = Inspection {
        path: path.into(),
        bytes,
        blake3,
        kind: module.kind(),
        wasm_bytes: module.wasm().len() as u64,
        features: module.features(),
        needs,
        interface,
    };
    Ok((module, inspection))
}

/// Returns the cargo features of the `wasmport` crate that the wrapper of an interface needs, in their order.
pub(crate) fn needs(features: RequiredFeatures, interface: &Interface) -> Vec<&'static str> {
    let mut needs: Vec<&str> = features.iter().filter_map(WasmFeature::cargo_feature).collect();
    if interface.imports_wasi() {
        needs.push("wasi");
    }
    // A world without a wrapper needs no features.
    needs.extend(interface.world.iter().filter_map(|w| component_needs(w).ok()).flatten());
    needs.sort_unstable();
    needs.dedup();
    needs
}
