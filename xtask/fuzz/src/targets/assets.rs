//! From any bytes to wrapper and artifact.

use crate::project::{Project, check};
use crate::smith::module;
use arbitrary::Unstructured;
use wasmport_build::{RequiredFeatures, WasmFeature};

const SETTINGS: &[u8] = b"[import]\nout-dir = \"out\"\n[cache]\nenabled = false\n";

/// Any bytes as a text file: an import for this machine ends in an error, or in source that is Rust.
pub fn text(bytes: &[u8]) {
    import("assets/any.wat", bytes, true);
}

/// Any bytes as a binary file, and as the choices of a generator of valid modules, which must be imported.
pub fn binary(bytes: &[u8]) {
    import("assets/any.wasm", bytes, true);
    if let Ok(wasm) = module::module(&mut Unstructured::new(bytes)) {
        assert!(import("assets/any.wasm", &wasm, false), "the module is valid");
    }
}

/// Returns whether the file was imported.
fn import(path: &str, bytes: &[u8], compile: bool) -> bool {
    let project = Project::new([("wasmport.toml", SETTINGS), (path, bytes)]);
    let mut settings = project.settings();
    settings.features = RequiredFeatures::of(WasmFeature::ALL);
    settings.targets = (!compile).then(Vec::new);
    let report = wasmport_build::Importer::new(settings).run(&()).unwrap();
    check(&project, &report)
}
