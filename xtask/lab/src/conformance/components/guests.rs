//! Imports the components of all toolchains and calls them by their wrappers, by `bindgen!` and by
//! Wasmtime's dynamic API.

use super::super::{FEATURES, PROFILE};
use super::Tally;
use super::toolchains::{TOOLCHAINS, sources};
use crate::{files, scratch};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use wasmport::engine::Target;
use wasmport::{EngineConfig, Runtime, RuntimeOptions};
use wasmport_build::configure;

/// Engine config of the import and of plain Wasmtime, so that one program can run both.
const ENGINE: EngineConfig = EngineConfig::new();

pub(super) fn run(tally: &mut Tally) -> crate::Result {
    let folder = scratch::target_dir("conformance/components/guests");
    let names = collect(&folder.join("wasm"), tally)?;
    compile(&names, &folder)?;
    let assets = folder.join("src/assets");
    let importer = configure().no_cache().root(folder.join("wasm")).out_dir(&assets).engine(ENGINE);
    let report = importer.embed(false).run(&())?;
    if let Some((asset, error)) = report.failures().next() {
        return Err(format!("{}: {error}", asset.source).into());
    }
    let program = build(&folder, &names)?;
    let output = Command::new(program).arg(&folder).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines: Vec<&str> = text.lines().collect();
    let counts = lines.pop().and_then(|line| line.split_once(' '));
    let (Some((right, wrong)), true) = (counts, output.status.success()) else {
        return Err(String::from_utf8_lossy(&output.stderr).trim_end().into());
    };
    lines.iter().for_each(|line| println!("{}", calls::printable(line)));
    println!("{} guests, each called in three ways: {right} calls as expected", names.len());
    tally.passed += right.parse::<usize>()?;
    tally.failed += wrong.parse::<usize>()?;
    Ok(())
}

/// Fills the folder with the components. A toolchain that does not work is skipped, except in CI.
fn collect(folder: &Path, tally: &mut Tally) -> crate::Result<Vec<&'static str>> {
    let mut components = Vec::new();
    for toolchain in TOOLCHAINS {
        match toolchain.component() {
            Ok(component) => components.push((toolchain.name, std::fs::read(component)?)),
            Err(error) if std::env::var_os("CI").is_some() => return Err(error),
            Err(error) => tally.skip(toolchain.name, &error.to_string()),
        }
    }
    let wasm: Vec<(String, &[u8])> =
        components.iter().map(|(name, bytes)| (format!("{name}.wasm"), &**bytes)).collect();
    files::fill(folder, &wasm)?;
    Ok(components.into_iter().map(|(name, _)| name).collect())
}

/// Compiles the components with plain Wasmtime.
fn compile(names: &[&str], folder: &Path) -> crate::Result {
    // Only the engine for `source` has the compiler.
    let mut options = RuntimeOptions::default();
    options.target = Some(Target::SOURCE);
    let runtime = Runtime::builder(&ENGINE).options(options).build()?;
    for name in names {
        let wasm = std::fs::read(folder.join(format!("wasm/{name}.wasm")))?;
        let digest = blake3::hash(&wasm).to_string();
        let file = |extension| folder.join(format!("wasmtime/{name}.{extension}"));
        if !std::fs::read_to_string(file("of")).is_ok_and(|of| of == digest) {
            files::write(&file("cwasm"), runtime.engine().precompile_component(&wasm)?)?;
            files::write(&file("of"), digest)?;
        }
    }
    Ok(())
}

/// Builds the program, with warnings denied.
fn build(folder: &Path, names: &[&str]) -> crate::Result<std::path::PathBuf> {
    for entry in std::fs::read_dir(sources().join("program"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        files::update(&folder.join("src").join(name), files::read(&path)?)?;
    }
    files::update(&folder.join("wit/guest.wit"), files::read(&sources().join("wit/guest.wit"))?)?;
    files::update(&folder.join("src/guests.rs"), guests(&folder.join("src/assets"), names)?)?;
    let manifest = format!(
        "[package]\nname = \"guests\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [lints.rust]\nwarnings = \"deny\"\n\n{PROFILE}\n\
         [dependencies]\n\
         wasmport = {{ path = {:?}, features = {FEATURES} }}\n\
         wasmtime = {{ version = \"48\", default-features = false }}\n\
         wasmtime-wasi = {{ version = \"48\", default-features = false, features = [\"p2\"] }}\n",
        crate::root().join("crates/wasmport")
    );
    files::update(&folder.join("Cargo.toml"), manifest)?;
    scratch::write_lock(folder)?;
    let target_dir = scratch::target_dir("conformance/target");
    let findings = scratch::cargo(folder, &["build"], &target_dir, |_| true)?;
    let error = findings.errors.into_iter().next();
    let error = error.and_then(|(_, lines)| lines.into_values().next()).or(findings.elsewhere);
    if let Some(error) = error {
        return Err(format!("compiling the program: {error}").into());
    }
    let program = findings.artifacts.get("guests").and_then(|files| files.last());
    Ok(program.ok_or("cargo made no program")?.clone())
}

/// Generates the table of guests.
fn guests(assets: &Path, names: &[&str]) -> crate::Result<String> {
    let manifest: Value = serde_json::from_str(&files::read(&assets.join("wasmport.json"))?)?;
    let (mut wrappers, mut table) = (String::new(), String::new());
    for name in names {
        let wit = manifest["assets"][name]["interface"]["wit"].as_str().unwrap_or_default();
        let wasi = if wit.contains("import wasi:") { ", wasmport::wasi::Wasi::new()" } else { "" };
        let session = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        let session = session.collect::<String>() + "Session";
        wrappers += &format!("by_wrapper!({name}, {session}{wasi});\n");
        table += &format!("    ({name:?}, {name}::Host::calls),\n");
    }
    Ok(format!(
        "//! The guests by their wrappers.\n\n{wrappers}\n\
         type Calls = fn(&wasmport::Runtime) -> crate::Result<Vec<String>>;\n\n\
         /// By name, what makes the calls.\n\
         pub(crate) const ALL: &[(&str, Calls)] = &[\n{table}];\n"
    ))
}
