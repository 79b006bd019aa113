//! Imports every component in the test files of the component model and of Wasmtime. The importer must
//! accept those that Wasmtime compiles, and their wrappers must compile. Components are skipped only if they
//! need a proposal at which Wasmtime's compiler panics.

use super::super::script::{Kind, Script, Source};
use super::Tally;
use crate::wrappers::Wrappers;
use crate::{files, reference, scratch};
use cargo_metadata::MetadataCommand;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wasmport_build::{WasmFeature, configure};
use wasmtime::{Engine, WasmFeatures};

/// The newest published crate that contains the test files.
const CRATE: (&str, &str) = ("wasmtime-cli", "46.0.3");

/// Prefix of Wasmtime's settings for components.
const COMPONENT_MODEL: &str = "component_model_";

/// Folder with the test files of the component model itself.
const SPECIFICATION: &str = "tests/component-model/test";

const FOLDERS: &[&str] = &[
    SPECIFICATION,
    "tests/misc_testsuite/component-model",
    "tests/misc_testsuite/component-model-threading",
];

/// A component of a test file, with its first location.
struct Case {
    location: String,
    bytes: Vec<u8>,
    extension: &'static str,
    /// Proposals in its file that no import can enable, because Wasmtime panics, as named in its settings.
    proposals: Vec<String>,
}

/// Wasmtime's verdict on a component; a refusal has a reason.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused(String),
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
    let importer =
        configure().no_cache().root(folder.path()).out_dir(wrappers.out_dir()).embed(false);
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
            (None, Verdict::Accepted) => drop(accepted.insert(name, &case.location)),
            (Some(_), Verdict::Refused(reason)) if is_about_proposals(case, &reason)? => {
                let proposals = case.proposals.join(", ");
                let why = format!("Wasmtime 48 panics with {proposals}, without it: {reason}");
                tally.skip(&case.location, &why);
            }
            (Some(_), Verdict::Refused(_)) => refused += 1,
            (Some(error), Verdict::Accepted) => {
                tally.fail(&case.location, &format!("only Wasmtime accepts it: {error}"));
            }
            (None, Verdict::Refused(error)) => {
                tally.fail(&case.location, &format!("Wasmtime refuses it: {error}"));
            }
        }
    }
    let failed = wrappers.check()?;
    for (name, error) in &failed {
        let location = accepted.get(name).map_or("", |location| location.as_str());
        tally.fail(location, &format!("its wrapper does not compile: {error}"));
    }
    println!("{} imported by both, {refused} refused by both", accepted.len());
    tally.passed += accepted.len() - failed.len() + refused;
    Ok(())
}

/// Returns Wasmtime's verdict on a component.
fn verdict(engine: &Engine, case: &Case) -> Verdict {
    let wasm = match wat::parse_bytes(&case.bytes) {
        Ok(wasm) => wasm,
        Err(error) => return Verdict::Refused(error.to_string()),
    };
    match engine.precompile_component(&wasm) {
        Ok(_) => Verdict::Accepted,
        Err(error) => Verdict::Refused(format!("{error:#}")),
    }
}

/// Whether Wasmtime with the proposals of the test file would not refuse a component for this reason.
fn is_about_proposals(case: &Case, reason: &str) -> crate::Result<bool> {
    if case.proposals.is_empty() {
        return Ok(false);
    }
    let flag = |name: &String| {
        let name = name.replace(COMPONENT_MODEL, "CM_").to_uppercase();
        let flag = WasmFeatures::from_name(&name);
        flag.ok_or_else(|| format!("{}: Wasmtime has no `{name}`", case.location))
    };
    let flags = case.proposals.iter().map(flag).collect::<Result<WasmFeatures, _>>()?;
    Ok(verdict(&reference::with(flags)?, case) != Verdict::Refused(reason.into()))
}

/// Returns the proposals for components that a file may need and that no import can enable. The head of
/// Wasmtime's own files names them; files of the component model name none and may need any.
fn proposals(file: &str, text: &str) -> crate::Result<Vec<String>> {
    let is_known = |name: &str| {
        let name = name.replace('_', "-");
        WasmFeature::ALL.iter().any(|feature| feature.name() == name)
    };
    let names: Vec<String> = if file.starts_with(SPECIFICATION) {
        // Wasmtime's validator supports more proposals than its compiler.
        let flags = WasmFeatures::all().iter_names();
        let names = flags.filter_map(|(name, flag)| Some((name.strip_prefix("CM_")?, flag)));
        let names = names.filter(|(_, flag)| reference::with(*flag).is_ok());
        names.map(|(name, _)| format!("{COMPONENT_MODEL}{}", name.to_lowercase())).collect()
    } else {
        let head = text.lines().map_while(|line| line.strip_prefix(";;!"));
        let settings: toml::Table = toml::from_str(&head.collect::<Vec<_>>().join("\n"))?;
        let on = settings.into_iter().filter(|(_, value)| value.as_bool() == Some(true));
        on.map(|(name, _)| name).filter(|name| name.starts_with(COMPONENT_MODEL)).collect()
    };
    Ok(names.into_iter().filter(|name| !is_known(name)).collect())
}

/// Returns the distinct components of all files.
fn cases(root: &Path, tally: &mut Tally) -> crate::Result<Vec<Case>> {
    let mut known = BTreeMap::new();
    let folders = FOLDERS.iter().flat_map(|f| WalkDir::new(root.join(f)).sort_by_file_name());
    for entry in folders {
        let path = entry?.into_path();
        if path.extension().is_none_or(|extension| extension != "wast") {
            continue;
        }
        let file = path.strip_prefix(root)?.to_string_lossy().into_owned();
        let text = files::read(&path)?;
        let proposals = proposals(&file, &text).map_err(|e| format!("{file}: {e}"))?;
        for directive in Script::parse(file.clone(), &text).directives {
            let location = format!("{file}:{}", directive.line);
            let source = match directive.kind {
                Kind::Module { source, .. }
                | Kind::Definition { source, .. }
                | Kind::Uninstantiable { source, .. }
                | Kind::Unlinkable { source, .. }
                | Kind::Refused { source } => source,
                Kind::Unknown(why) if directive.name == "script" => {
                    let why = format!("the text parser of Wasmtime 48 does not know it: {why}");
                    tally.skip(&location, &why);
                    continue;
                }
                _ => continue,
            };
            if is_component(&source) {
                let first = || (location, proposals.clone());
                known.entry((source.bytes().to_vec(), source.extension())).or_insert_with(first);
            }
        }
    }
    let case = |((bytes, extension), (location, proposals))| Case {
        location,
        bytes,
        extension,
        proposals,
    };
    let mut cases: Vec<Case> = known.into_iter().map(case).collect();
    cases.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(cases)
}

fn is_component(source: &Source) -> bool {
    match source {
        Source::Binary(bytes) => bytes.get(4..8).is_some_and(|version| version != [1, 0, 0, 0]),
        Source::Text(text) => text.windows(10).any(|word| word == b"(component"),
    }
}

/// Returns the folder of the crate with the test files, which cargo downloads if it is missing.
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = ";;! component_model_async = true\n;;! component_model_map = true\n\
                        ;;! component_model_gc = true\n;;! multi_memory = true\n";

    #[test]
    fn the_head_of_a_file_names_proposals_that_no_import_can_enable() {
        let all = |text: &str| proposals("tests/misc_testsuite/x.wast", text).unwrap();
        assert_eq!(all(HEAD), ["component_model_gc"]);
        assert_eq!(all(&HEAD.replace("gc = true", "gc = false")), [""; 0]);
        assert_eq!(all(&format!("\n{HEAD}")), [""; 0]);
        assert!(proposals("x.wast", ";;! what\n").is_err());
        let any = proposals(&format!("{SPECIFICATION}/x.wast"), "").unwrap();
        assert_eq!(any, ["component_model_gc"]);
    }

    #[test]
    fn components_that_are_refused_for_another_reason_are_not_skipped() {
        let case = |text: &str, proposals: &[&str]| Case {
            location: "x.wast:1".into(),
            bytes: text.as_bytes().into(),
            extension: "wat",
            proposals: proposals.iter().map(ToString::to_string).collect(),
        };
        let is_skipped = |case: &Case| {
            let Verdict::Refused(reason) = verdict(&reference::engine().unwrap(), case) else {
                panic!()
            };
            is_about_proposals(case, &reason).unwrap()
        };
        let gc = r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f") gc)))"#;
        assert!(is_skipped(&case(gc, &["component_model_gc"])));
        assert!(!is_skipped(&case(gc, &[])));
        let wrong = "(component (core module (func (result i32))))";
        assert!(!is_skipped(&case(wrong, &["component_model_gc"])));
        let unknown = case(gc, &["component_model_nothing"]);
        assert!(is_about_proposals(&unknown, "").is_err());
    }
}
