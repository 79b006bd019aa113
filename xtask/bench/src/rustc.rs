//! What a large wrapper takes to compile: the processor time of `cargo check` of a crate that
//! holds nothing else, its dependencies built before.

use crate::measure::fastest_of;
use crate::{Result, cargo, exports, files};
use std::cell::Cell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use wasmport::engine::wasmtime_version;

const TURNS: u32 = 5;

/// The wrapper of a module with 1,000 functions, against `bindgen!` of a component with the same.
pub(crate) fn against_bindgen() -> Result<f64> {
    let (ours, theirs) = (wrapper(1_000)?, bindgen(1_000)?);
    Ok(fastest_of(TURNS, || ours.check(), || theirs.check())?.ratio())
}

/// Ten times as many functions.
pub(crate) fn growth() -> Result<f64> {
    let (large, small) = (wrapper(3_000)?, wrapper(300)?);
    Ok(fastest_of(TURNS, || large.check(), || small.check())?.ratio())
}

/// The wrapper of a component, against `bindgen!` of the world that it was built for.
pub(crate) fn component_against_bindgen() -> Result<f64> {
    let ours = component("wrapper-shelf", "pub mod assets;\n")?;
    let wit = files::root().join("fixtures/sources/components/shelf/wit");
    let source = format!(
        "wasmtime::component::bindgen!({{ path: {:?}, world: \"shelf\" }});\n",
        wit.display().to_string()
    );
    let theirs = Crate::new("bindgen-shelf", &wasmtime_dependency(), source)?;
    Ok(fastest_of(TURNS, || ours.check(), || theirs.check())?.ratio())
}

/// The wrapper of an interface with three versions, against `bindgen!` of each of them.
pub(crate) fn versions_against_bindgen() -> Result<f64> {
    const VERSIONS: [&str; 3] = ["v1", "v2", "v3"];
    let wit = files::root().join("fixtures/projects/plugin-versions/wit");
    let world = |version: &str| wit.join(version).display().to_string();
    let name = "wrapper-versions";
    let versions: Vec<String> = VERSIONS
        .iter()
        .map(|version| format!("{version} = {:?}", format!("{}#plugin", world(version))))
        .collect();
    let settings = format!(
        "import.roots = []\nimport.out-dir = \"src/assets\"\n\n[[interface]]\nname = \"plugin\"\nversions = {{ {} }}\n",
        versions.join(", ")
    );
    files::write(&folder(name).join("wasmport.toml"), settings.as_bytes())?;
    let settings = wasmport_build::Settings::of_project(&folder(name))?;
    let report = wasmport_build::Importer::new(settings).no_cache().run(&())?;
    if let Some((_, error)) = report.failures().next() {
        return Err(error.to_string().into());
    }
    let path = files::root().join("crates/wasmport");
    let dependency = format!("wasmport = {{ path = {path:?}, features = [\"component-model\"] }}");
    let ours = Crate::new(name, &dependency, "pub mod assets;\n".into())?;
    let theirs: String = VERSIONS
        .iter()
        .map(|version| {
            let path = world(version);
            format!(
                "pub mod {version} {{ wasmtime::component::bindgen!({{ path: {path:?}, world: \"plugin\" }}); }}\n"
            )
        })
        .collect();
    let theirs = Crate::new("bindgen-versions", &wasmtime_dependency(), theirs)?;
    Ok(fastest_of(TURNS, || ours.check(), || theirs.check())?.ratio())
}

/// Building a program again that has changed: with the wrapper in a crate of its own, against the
/// wrapper in the program.
pub(crate) fn component_apart() -> Result<f64> {
    let within = component("within-shelf", "pub mod assets;\n")?;
    let apart = component("apart-shelf", "pub mod assets;\n")?.folder;
    let dependency = format!("apart-shelf.path = {apart:?}");
    let apart = Crate::new("program-shelf", &dependency, "pub use apart_shelf::assets;\n".into())?;
    let number = Cell::new(0);
    let build = |program: &Crate| {
        number.set(number.get() + 1);
        let edited = format!("{}pub fn edited() -> u32 {{ {} }}\n", program.source, number.get());
        program.cargo("build", &edited)
    };
    build(&within)?;
    build(&apart)?;
    Ok(fastest_of(TURNS, || build(&apart), || build(&within))?.ratio())
}

/// A crate with the wrapper of the largest component of the fixtures.
fn component(name: &str, source: &str) -> Result<Crate> {
    let report = wasmport_build::configure()
        .no_cache()
        .root(files::root().join("fixtures/assets/components/shelf.wasm"))
        .out_dir(folder(name).join("src/assets"))
        .embed(false)
        .run(&())?;
    if let Some((_, error)) = report.failures().next() {
        return Err(error.to_string().into());
    }
    let path = files::root().join("crates/wasmport");
    let dependency = format!("wasmport = {{ path = {path:?}, features = [\"component-model\"] }}");
    Crate::new(name, &dependency, source.into())
}

/// A crate of its own, outside of the workspace.
struct Crate {
    folder: PathBuf,
    source: String,
}

impl Crate {
    /// Writes it and checks it a first time, with its dependencies.
    fn new(name: &str, dependency: &str, source: String) -> Result<Self> {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependency}\n\n[workspace]\n"
        );
        let new = Self { folder: folder(name), source };
        files::write(&new.folder.join("Cargo.toml"), manifest.as_bytes())?;
        cargo::lock(&new.folder)?;
        new.check()?;
        Ok(new)
    }

    /// The processor time of checking it again.
    fn check(&self) -> Result<Duration> {
        self.cargo("check", &self.source)
    }

    /// The processor time of this command of cargo with this source.
    fn cargo(&self, command: &str, source: &str) -> Result<Duration> {
        let incremental = format!("build.incremental={}", command == "build");
        // Written anew, and so newer than what cargo has seen.
        files::write(&self.folder.join("src/lib.rs"), source.as_bytes())?;
        let target = cargo::target().display().to_string();
        cargo::processor_time(|| {
            cargo::run(
                command,
                &self.folder,
                &["--quiet", "--config", &incremental, "--target-dir", &target],
            )
        })
    }
}

fn folder(name: &str) -> PathBuf {
    cargo::target().join("rustc").join(name)
}

fn wrapper(functions: usize) -> Result<Crate> {
    let name = format!("wrapper-{functions}");
    let folder = folder(&name);
    files::write(&folder.join("many.wat"), exports::wat(functions).as_bytes())?;
    let report = wasmport_build::configure()
        .no_cache()
        .root(folder.join("many.wat"))
        .out_dir(folder.join("src/assets"))
        .embed(false)
        .run(&())?;
    if let Some((_, error)) = report.failures().next() {
        return Err(error.to_string().into());
    }
    let path = files::root().join("crates/wasmport");
    Crate::new(&name, &format!("wasmport.path = {path:?}"), "pub mod assets;\n".into())
}

fn bindgen(functions: usize) -> Result<Crate> {
    let source = format!("wasmtime::component::bindgen!({{ inline: {:?} }});\n", wit(functions));
    Crate::new(&format!("bindgen-{functions}"), &wasmtime_dependency(), source)
}

fn wasmtime_dependency() -> String {
    format!(
        "wasmtime = {{ version = \"={}\", default-features = false, \
         features = [\"component-model\", \"runtime\", \"std\"] }}",
        wasmtime_version()
    )
}

/// A world with the same exports as the module of [`exports::wat`].
fn wit(functions: usize) -> String {
    let mut text = String::from("package bench:many;\n\nworld many {\n");
    for index in 0..functions {
        let (params, result) = exports::signature(index);
        // Writing to a string cannot fail.
        let _ = write!(text, "  export function{index}: func(");
        for (i, param) in params.iter().enumerate() {
            let _ = write!(text, "p{i}: {}, ", wit_type(param));
        }
        let result = result.map(|ty| format!(" -> {}", wit_type(ty))).unwrap_or_default();
        let _ = writeln!(text, "){result};");
    }
    text.push_str("}\n");
    text
}

fn wit_type(wasm: &str) -> &str {
    match wasm {
        "i32" => "s32",
        "i64" => "s64",
        float => float,
    }
}
