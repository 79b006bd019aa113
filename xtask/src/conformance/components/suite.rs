//! Suite: every component in the test files of the component model and of Wasmtime. An import accepts
//! those that Wasmtime compiles, and their wrappers compile.

use super::super::script::{Kind, Script, Source};
use super::Tally;
use crate::wrappers::Wrappers;
use crate::{files, reference, scratch};
use cargo_metadata::MetadataCommand;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wasmport::EngineConfig;
use wasmport_build::{WasmFeature, configure};
use wasmtime::Engine;

/// The newest version that is published together with the test files.
const CRATE: (&str, &str) = ("wasmtime-cli", "46.0.3");

const FOLDERS: &[&str] = &[
    "tests/component-model/test",
    "tests/misc_testsuite/component-model",
    "tests/misc_testsuite/component-model-threading",
];

/// A component of a test file, with the first place where it is.
struct Case {
    place: String,
    bytes: Vec<u8>,
    extension: &'static str,
}

pub(super) fn run(tally: &mut Tally) -> crate::Result {
    let cases = cases(&test_files()?, tally)?;
    println!("{} different components in the test files", cases.len());
    let folder = tempfile::tempdir()?;
    let name = |number: usize| format!("c{number:04}");
    for (number, case) in cases.iter().enumerate() {
        let path = folder.path().join(format!("{}.{}", name(number), case.extension));
        files::write(&path, &case.bytes)?;
    }
    let wrappers = Wrappers::new()?;
    let importer = configure()
        .no_cache()
        .root(folder.path())
        .out_dir(wrappers.out_dir())
        .embed(false)
        .engine(EngineConfig::new().concurrency_support(true));
    let importer = WasmFeature::ALL.iter().fold(importer, |i, feature| i.wasm_feature(*feature));
    let report = importer.run(&())?;
    let errors: BTreeMap<&str, String> =
        report.failures().map(|(asset, error)| (&*asset.name, error.to_string())).collect();

    let engine = reference::engine()?;
    let mut accepted = BTreeMap::new();
    let mut refused = 0;
    for (number, case) in cases.iter().enumerate() {
        let name = name(number);
        match (errors.get(&*name), verdict(&engine, case)) {
            (None, Ok(())) => drop(accepted.insert(name, &case.place)),
            (Some(_), Err(_)) => refused += 1,
            (Some(error), Ok(())) => {
                tally.fail(&case.place, &format!("only Wasmtime takes it: {error}"));
            }
            (None, Err(error)) => {
                tally.fail(&case.place, &format!("Wasmtime refuses it: {error}"));
            }
        }
    }
    let failed = wrappers.check()?;
    for (name, error) in &failed {
        let place = accepted.get(name).map_or("", |place| place.as_str());
        tally.fail(place, &format!("its wrapper does not compile: {error}"));
    }
    println!("{} imported by both, {refused} refused by both", accepted.len());
    tally.passed += accepted.len() - failed.len() + refused;
    Ok(())
}

/// What Wasmtime says to it.
fn verdict(engine: &Engine, case: &Case) -> Result<(), String> {
    let wasm = wat::parse_bytes(&case.bytes).map_err(|e| e.to_string())?;
    engine.precompile_component(&wasm).map(drop).map_err(|e| format!("{e:#}"))
}

/// The components of all files, each once.
fn cases(root: &Path, tally: &mut Tally) -> crate::Result<Vec<Case>> {
    let mut known = BTreeMap::new();
    let folders = FOLDERS.iter().flat_map(|f| WalkDir::new(root.join(f)).sort_by_file_name());
    for entry in folders {
        let path = entry?.into_path();
        if path.extension().is_none_or(|extension| extension != "wast") {
            continue;
        }
        let file = path.strip_prefix(root)?.to_string_lossy().into_owned();
        for directive in Script::parse(file.clone(), &files::read(&path)?).directives {
            let place = format!("{file}:{}", directive.line);
            let source = match directive.kind {
                Kind::Module { source, .. }
                | Kind::Definition { source, .. }
                | Kind::Uninstantiable { source, .. }
                | Kind::Unlinkable { source, .. }
                | Kind::Refused { source } => source,
                Kind::Unknown(why) if directive.name == "script" => {
                    tally.skip(&place, &why);
                    continue;
                }
                _ => continue,
            };
            if is_component(&source) {
                known.entry((source.bytes().to_vec(), source.extension())).or_insert(place);
            }
        }
    }
    let case = |((bytes, extension), place)| Case { place, bytes, extension };
    let mut cases: Vec<Case> = known.into_iter().map(case).collect();
    cases.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(cases)
}

fn is_component(source: &Source) -> bool {
    match source {
        Source::Binary(bytes) => bytes.get(4..8).is_some_and(|version| version != [1, 0, 0, 0]),
        Source::Text(text) => text.windows(10).any(|word| word == b"(component"),
    }
}

/// The folder of the crate with the test files, which cargo downloads where it is not there.
fn test_files() -> crate::Result<PathBuf> {
    let (name, version) = CRATE;
    let folder = scratch::target_dir("conformance/components/suite");
    let manifest = format!(
        "[package]\nname = \"suite\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         {name} = {{ version = \"={version}\", default-features = false }}\n"
    );
    files::update(&folder.join("Cargo.toml"), manifest)?;
    files::update(&folder.join("src/lib.rs"), "")?;
    let metadata = MetadataCommand::new().current_dir(&folder).exec()?;
    let package = metadata.packages.into_iter().find(|package| package.name == name);
    let package = package.ok_or_else(|| format!("cargo has no `{name}`"))?;
    let folder = package.manifest_path.parent().ok_or("it is in no folder")?;
    Ok(folder.as_std_path().to_path_buf())
}
