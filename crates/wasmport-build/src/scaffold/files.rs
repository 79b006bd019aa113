//! The files of a package besides its manifest: build script, settings, an asset, and an example that calls it.

use super::code::has_tokens;
use super::manifest::{BuildScript, FILE, Manifest};
use super::{FileAction, Plan, ScaffoldOptions};
use crate::error::Error;
use crate::fs;
use crate::settings::SCHEMA_URL;

/// The folder of assets, unless the settings name others.
pub(super) const ASSETS: &str = "assets";

/// The facts about a package that the texts depend on.
pub(super) struct Package {
    pub manifest: Manifest,
    /// The name of the importer's crate in the build script.
    pub importer: String,
    /// Whether the settings import from the folder [`ASSETS`].
    pub imports_assets: bool,
}

/// A build script, and the statements for one that exists. They call the importer [`IMPORTER`].
struct Texts {
    script: &'static str,
    statements: &'static str,
}

/// The importer's crate in the texts.
const IMPORTER: &str = "wasmport_build";

/// The texts that import from the folder [`ASSETS`].
const OF_ASSETS: Texts = Texts {
    script: r#"//! Imports the WebAssembly files below `assets`.

fn main() -> Result<(), wasmport_build::Error> {
    wasmport_build::import("assets")
}
"#,
    statements: r#"wasmport_build::import("assets")?;"#,
};

/// The texts that import from the roots that the settings name.
const OF_SETTINGS: Texts = Texts {
    script: r#"//! Imports the WebAssembly files that `wasmport.toml` names.

fn main() -> Result<(), wasmport_build::Error> {
    let settings = wasmport_build::Settings::of_project("".as_ref())?;
    wasmport_build::Importer::new(settings).import().map(drop)
}
"#,
    statements: r#"let settings = wasmport_build::Settings::of_project("".as_ref())?;
wasmport_build::Importer::new(settings).import()?;"#,
};

impl Package {
    /// Returns the text of the build script.
    fn script(&self) -> String {
        self.texts().script.replace(IMPORTER, &self.importer)
    }

    /// Returns the statements for a build script that exists.
    fn statements(&self) -> String {
        self.texts().statements.replace(IMPORTER, &self.importer)
    }

    fn texts(&self) -> Texts {
        if self.imports_assets { OF_ASSETS } else { OF_SETTINGS }
    }
}

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
    package: &Package,
    options: &ScaffoldOptions,
) -> Result<(), Error> {
    if !options.is_checked_in {
        build_script(plan, package)?;
        // Cargo does not watch a file that is missing.
        let settings = format!(
            "#:schema {SCHEMA_URL}\n# Settings, all of them optional: `cargo wasmport config` shows them with their defaults.\n"
        );
        plan.create("wasmport.toml", &settings, "the settings, which cargo watches from now on")?;
    }
    let has_asset = asset(plan, package)?;
    let has_example = has_asset && package.manifest.finds_examples() && example(plan, options)?;
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

fn build_script(plan: &mut Plan, package: &Package) -> Result<(), Error> {
    let path = match package.manifest.build_script() {
        BuildScript::Off => {
            plan.report(BUILD, FileAction::Kept, "the package has `build = false`");
            plan.by_hand(FILE, "# Remove `build = false`, and write a build.rs:\n");
            plan.by_hand(BUILD, &package.script());
            return Ok(());
        }
        BuildScript::Named(path) => path,
        BuildScript::Default => BUILD.into(),
    };
    if fs::len(&plan.root.join(&path)).is_none() {
        plan.create(&path, &package.script(), "the build script, which imports")?;
        return Ok(());
    }
    let text = fs::read(&plan.root.join(&path))?;
    if has_tokens(&text, &[&package.importer]) {
        plan.report(&path, FileAction::Kept, &format!("it calls `{}`", package.importer));
    } else {
        plan.report(&path, FileAction::Kept, "it exists");
        let place = format!("{path}, in a `main` that returns a `Result`");
        plan.by_hand(place, &package.statements());
    }
    Ok(())
}

/// Plans the asset, if the package has none. Returns whether it is the one that the example calls.
fn asset(plan: &mut Plan, package: &Package) -> Result<bool, Error> {
    const PATH: &str = "assets/add.wat";
    if !package.imports_assets {
        plan.report(ASSETS, FileAction::Kept, "the settings import from other folders");
        return Ok(false);
    }
    let mut others = fs::names_beside(&plan.root.join(PATH));
    // Such as `.gitkeep`.
    others.retain(|name| !name.starts_with('.'));
    if !others.is_empty() && !others.iter().any(|name| name == "add.wat") {
        plan.report(ASSETS, FileAction::Kept, "it has files");
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
        let code = fs::read_optional(&plan.root.join(path))?.unwrap_or_default();
        let includes: [&[&str]; 2] = [&["include_assets", "!"], &["mod", "assets", ";"]];
        if includes.iter().any(|tokens| has_tokens(&code, tokens)) {
            return Ok(true);
        }
    }
    Ok(false)
}
