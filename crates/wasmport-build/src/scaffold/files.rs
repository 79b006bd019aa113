//! The files of a package besides its manifest: build script, settings, an asset, and an example that calls it.

use super::manifest::{BuildScript, FILE, Manifest};
use super::{FileAction, Plan, ScaffoldOptions};
use crate::error::Error;
use crate::fs;
use crate::settings::SCHEMA_URL;

const BUILD_SCRIPT: &str = r#"//! Imports the WebAssembly files below `assets`.

fn main() -> Result<(), wasmport_build::Error> {
    wasmport_build::import("assets")
}
"#;

/// The statement for a build script that exists.
const IMPORT: &str = r#"wasmport_build::import("assets")?;"#;

const ASSET: &str = r#";; Exports the function `add`, which `examples/add.rs` calls.
(module
  (func (export "add") (param $a i32) (param $b i32) (result i32)
    (i32.add (local.get $a) (local.get $b))))
"#;

const CALL: &str = r#"
fn main() -> wasmport::Result<()> {
    let runtime = wasmport::Runtime::new(&assets::ENGINE)?;
    let mut add = assets::add::AddSession::new(&runtime, ())?;
    println!("2 + 3 = {}", add.add(2, 3)?);
    Ok(())
}
"#;

/// The module of the wrappers, written by a build script.
const INCLUDE: &str = "mod assets {\n    ::wasmport::include_assets!();\n}\n";

/// The module of the wrappers, in the tree.
const MODULE: &str = "#[rustfmt::skip]\nmod assets;\n";

const BUILD: &str = "build.rs";
const EXAMPLE: &str = "examples/add.rs";

/// Plans all files.
pub(super) fn plan(
    plan: &mut Plan,
    manifest: &Manifest,
    options: &ScaffoldOptions,
) -> Result<(), Error> {
    if !options.is_checked_in {
        build_script(plan, manifest)?;
        // Cargo does not watch a file that is missing.
        let settings = format!(
            "#:schema {SCHEMA_URL}\n# Settings, all of them optional: `cargo wasmport config` shows them with their defaults.\n"
        );
        plan.create("wasmport.toml", &settings, "the settings, which cargo watches from now on")?;
    }
    let has_asset = asset(plan)?;
    let has_example = has_asset && manifest.finds_examples() && example(plan, options)?;
    let lines = if options.is_checked_in { MODULE } else { INCLUDE };
    if options.is_checked_in {
        plan.next("cargo wasmport import");
    }
    if has_example {
        plan.next("cargo run --example add");
    }
    if !uses_wrappers(plan)? {
        plan.by_hand("your program, such as src/main.rs", lines);
    }
    Ok(())
}

fn build_script(plan: &mut Plan, manifest: &Manifest) -> Result<(), Error> {
    let path = match manifest.build_script() {
        BuildScript::Off => {
            plan.report(BUILD, FileAction::Kept, "the package has `build = false`");
            plan.by_hand(FILE, "# Remove `build = false`, and write a build.rs:\n");
            plan.by_hand(BUILD, BUILD_SCRIPT);
            return Ok(());
        }
        BuildScript::Named(path) => path,
        BuildScript::Default => BUILD.into(),
    };
    if fs::len(&plan.root.join(&path)).is_none() {
        plan.create(&path, BUILD_SCRIPT, "the build script, which imports")?;
        return Ok(());
    }
    let text = fs::read(&plan.root.join(&path))?;
    let is_importing = String::from_utf8_lossy(&text).contains("wasmport_build");
    if is_importing {
        plan.report(&path, FileAction::Kept, "it calls `wasmport_build`");
    } else {
        plan.report(&path, FileAction::Kept, "it exists");
        plan.by_hand(format!("{path}, in a `main` that returns a `Result`"), IMPORT);
    }
    Ok(())
}

/// Plans the asset, if the package has none. Returns whether it is the one that the example calls.
fn asset(plan: &mut Plan) -> Result<bool, Error> {
    const PATH: &str = "assets/add.wat";
    let own = plan.root.join(PATH);
    let others = fs::names_beside(&own);
    if !others.is_empty() && !others.iter().any(|name| name == "add.wat") {
        plan.report("assets", FileAction::Kept, "it has files");
        return Ok(false);
    }
    plan.create(PATH, ASSET, "an asset")
}

fn example(plan: &mut Plan, options: &ScaffoldOptions) -> Result<bool, Error> {
    let module = if options.is_checked_in {
        "#[rustfmt::skip]\n#[path = \"../src/assets/mod.rs\"]\nmod assets;\n"
    } else {
        INCLUDE
    };
    let text = format!("//! Calls `assets/add.wat`: `cargo run --example add`.\n\n{module}{CALL}");
    plan.create(EXAMPLE, &text, "a program that calls the asset")
}

/// Returns whether the package's program or library includes wrappers.
fn uses_wrappers(plan: &Plan) -> Result<bool, Error> {
    for path in ["src/main.rs", "src/lib.rs"] {
        let text = fs::read_optional(&plan.root.join(path))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        if text.contains("include_assets!") || text.contains("mod assets;") {
            return Ok(true);
        }
    }
    Ok(false)
}
