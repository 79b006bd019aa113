//! Settings: `wasmport.toml`, and the signatures in it.

use crate::project::{Project, check};
use wasmport_build::{Importer, Settings};

/// Any bytes as `wasmport.toml`: an error with a message, or settings. They are not used, because they may
/// name any folder of the machine.
pub fn settings(bytes: &[u8]) {
    let project = Project::new([("wasmport.toml", bytes)]);
    match Settings::from_file(&project.path("wasmport.toml")) {
        Ok(settings) => drop(format!("{settings:?}")),
        Err(error) => assert!(!format!("{error} {error:?}").is_empty()),
    }
}

/// A module with memory, an allocator, and functions of many shapes.
const MODULE: &[u8] = br#"(module
  (import "env" "log" (func (param i32 i32)))
  (import "env" "sum" (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "free") (param i32))
  (func (export "shout") (param i32 i32) (result i32) i32.const 0)
  (func (export "find") (param i32) (result i32) i32.const 0)
  (func (export "scale") (param i32 i32 f64))
  (func (export "make") (param i32 f64 f64))
  (func (export "div-rem") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "pair") (result i32 i32) i32.const 0 i32.const 0))"#;

/// Any text as `api` of a module: an error, or a wrapper that is Rust.
pub fn signatures(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let toml: &[u8] = b"targets = []\n[import]\nout-dir = \"out\"\n[cache]\nenabled = false\n";
    let project = Project::new([("wasmport.toml", toml), ("assets/any.wat", MODULE)]);
    let mut settings = project.settings();
    settings.defaults.api = Some(text.into());
    check(&project, &Importer::new(settings).run(&()).unwrap());
}
