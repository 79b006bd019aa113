//! Any bytes as a file, and the valid module that they stand for: an import ends in an error or in
//! source that is Rust, and that of a valid module in source. A panic that is caught counts too.
#![no_main]

#[path = "../../lab/src/smith/module.rs"]
mod module;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use wasmport_build::{AssetError, Importer, RequiredFeatures, Settings, WasmFeature};

fuzz_target!(|bytes: &[u8]| {
    let _ = wrapper(bytes);
    if let Ok(wasm) = module::module(&mut Unstructured::new(bytes)) {
        wrapper(&wasm).expect("the module is valid");
    }
});

/// Imports a file for no target: everything but compiling.
fn wrapper(bytes: &[u8]) -> Result<(), AssetError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("any.wasm"), bytes).unwrap();
    let mut settings = Settings::default();
    settings.roots = vec![folder.path().join("any.wasm")];
    settings.out_dir = folder.path().join("out");
    settings.targets = Some(Vec::new());
    settings.features = RequiredFeatures::of(WasmFeature::ALL);
    settings.jobs = Some(1);
    let mut report = Importer::new(settings).no_cache().run(&()).unwrap();
    let asset = report.assets.pop().unwrap();
    match asset.error {
        Some(error) => Err(error),
        None => {
            let source = std::fs::read_to_string(folder.path().join("out/any.rs")).unwrap();
            syn::parse_file(&source).unwrap();
            Ok(())
        }
    }
}
