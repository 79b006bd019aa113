//! Imports what is measured: `assets`, and modules with few and with many exports.

#[path = "src/exports.rs"]
mod exports;

use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // For the compiler of native code, which the measurements run.
    println!("cargo::rustc-env=HOST={}", std::env::var("HOST")?);
    let out_dir = std::env::var("OUT_DIR")?;
    let made = Path::new(&out_dir).join("made");
    fs::create_dir_all(&made)?;
    for (name, count) in [("few", 3), ("many", 2_000)] {
        fs::write(made.join(format!("{name}.wat")), exports::wat(count))?;
    }
    // The imports and exports of the module that is read before it is compiled.
    let mut plugin = String::from("(module (import \"env\" \"log\" (func (param i32)))");
    for index in 0..100 {
        plugin +=
            &format!("(func (export \"run{index}\") (param i32 i32) (result i32) unreachable)");
    }
    let plugin_path = Path::new(&out_dir).join("plugin.wat");
    fs::write(&plugin_path, plugin + ")")?;
    let mut strings = wasmport_build::AssetSettings::matching("strings.wat");
    strings.api = Some("fn echo(text: &str) -> String;".into());
    // Not `import`, which would have cargo watch the files that were just written.
    let report = wasmport_build::configure()
        .root("assets")
        .root("../../fixtures/assets/components/shelf.wasm")
        .root(made)
        .asset(strings)
        .interface(wasmport_build::AssetSettings::interface_like("contract", "assets/bench.wat"))
        .interface(wasmport_build::AssetSettings::interface(
            "plugin",
            plugin_path.display().to_string(),
        ))
        .out_dir(Path::new(&out_dir).join("wasmport"))
        .run(&())?;
    for path in
        ["build.rs", "src/exports.rs", "assets", "../../fixtures/assets/components/shelf.wasm"]
    {
        println!("cargo::rerun-if-changed={path}");
    }
    match report.failures().next() {
        Some((_, error)) => Err(error.to_string().into()),
        None => Ok(()),
    }
}
