//! Components, and worlds that they must implement.

use crate::project::{Project, check};
use std::panic::catch_unwind;
use wasmport_build::{Importer, RequiredFeatures, WasmFeature};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

const EMPTY: &[u8] = b"(component)";

/// Any bytes as a component; any text as the world that a component must implement, with a component of
/// that world if there is one. An import ends in an error, or in source that is Rust.
pub fn worlds(bytes: &[u8]) {
    if bytes.starts_with(b"\0asm") {
        import(bytes, b"package a:b; world w {}");
        return;
    }
    // A panic of the encoder is none of the importer's.
    let component = std::str::from_utf8(bytes).ok().map(|wit| catch_unwind(|| component(wit)));
    let component = component.and_then(Result::ok).flatten();
    import(component.as_deref().unwrap_or(EMPTY), bytes);
}

fn import(component: &[u8], wit: &[u8]) {
    let toml: &[u8] = b"targets = []\n[import]\nout-dir = \"out\"\n[cache]\nenabled = false\n\
        [defaults]\nworld = \"world.wit\"\n";
    let files = [("wasmport.toml", toml), ("world.wit", wit), ("assets/any.wasm", component)];
    let project = Project::new(files);
    let mut settings = project.settings();
    settings.features = RequiredFeatures::of(WasmFeature::ALL);
    settings.engine = settings.engine.concurrency_support(true);
    check(&project, &Importer::new(settings.clone()).run(&()).unwrap());
    settings.defaults.world = None;
    check(&project, &Importer::new(settings).run(&()).unwrap());
}

/// Returns a component of the first world in the text, whose functions only trap.
fn component(wit: &str) -> Option<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", wit).ok()?;
    let (_, world) =
        resolve.packages[package].worlds.first().map(|(name, id)| (name.clone(), *id))?;
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).ok()?;
    ComponentEncoder::default().validate(true).module(&module).ok()?.encode().ok()
}
