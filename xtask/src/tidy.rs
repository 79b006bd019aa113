//! Tidy: the invariants of `docs/architecture.md` that neither rustc nor clippy checks.

use crate::{Result, bless, read_text, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;
use wasmport_build::{Importer, Settings, Status};

/// Text that may stand in the named library files only.
const ONLY_IN: &[(&str, &[&str])] = &[
    // One module in the workspace builds `wasmtime::Config`.
    (" Config::new(", &["crates/wasmport/src/engine/wasmtime_config.rs"]),
    ("wasmtime::Config::", &["crates/wasmport/src/engine/wasmtime_config.rs"]),
    // The runtime sees text and wasm only of what it has to compile itself.
    ("wat::", &["crates/wasmport/src/dynamic/", "crates/wasmport-build/src/"]),
    // Deserializing stands in one runtime module.
    ("Module::deserialize", &["crates/wasmport/src/code/deserialize.rs"]),
    ("Component::deserialize", &["crates/wasmport/src/code/deserialize.rs"]),
    // The generator of `bindgen!` is not made for others: one module knows it.
    ("wasmtime_internal_wit_bindgen", &["crates/wasmport-build/src/codegen/component/"]),
    ("Engine::default", &[]),
    // What a module computes before it is imported, it computes here and now.
    (" Module::new(", &["crates/wasmport-build/src/stages/preinit/module.rs"]),
    (
        "wasmtime_wasi",
        &[
            "crates/wasmport-build/src/stages/preinit/",
            "crates/wasmport/src/wasi/",
            "crates/wasmport/src/session/wasi.rs",
        ],
    ),
    ("wasmtime_wizer", &["crates/wasmport-build/src/stages/preinit/"]),
    (
        "deserialize_file",
        &["crates/wasmport/src/code/deserialize.rs", "crates/wasmport/src/code/map.rs"],
    ),
    (
        "unsafe {",
        &[
            "crates/wasmport/src/code/deserialize.rs",
            "crates/wasmport/src/code/map.rs",
            "crates/wasmport/src/runtime/load.rs",
            // What Wasmtime's generator writes, with its reason in one place.
            "crates/wasmport/src/macros.rs",
            "crates/wasmport/src/engine/wasmtime_config.rs",
            "crates/wasmport/src/memory/shared.rs",
        ],
    ),
    // File access names the path in its errors; one module writes.
    (
        "std::fs",
        &[
            "crates/wasmport-build/src/fs/",
            "crates/wasmport/src/fs",
            // Linux tells there which extensions a RISC-V machine has.
            "crates/wasmport/src/engine/cpu.rs",
        ],
    ),
    // The environment decides nothing, but in a build script; it says where programs and the cache
    // are, and tells a helper that it is one.
    (
        "env::var",
        &[
            "crates/wasmport-build/src/build_script.rs",
            // The folder that a program says it may name.
            "crates/wasmport/src/asset/source.rs",
            // Where a test has the process end.
            "crates/wasmport-build/src/fs/",
            "crates/wasmport-build/src/store/location.rs",
            "crates/wasmport-build/src/tool.rs",
            "crates/wasmport-cli/src/import.rs",
        ],
    ),
    // One module runs programs of others, one starts this program again.
    ("Command::new(", &["crates/wasmport-build/src/tool.rs", "crates/wasmport-cli/src/import.rs"]),
    (
        ".spawn()",
        &["crates/wasmport-build/src/tool.rs", "crates/wasmport-build/src/bounds/helper.rs"],
    ),
];

/// Text that must not stand below a folder or in a file.
const NEVER_IN: &[(&str, &[&str])] = &[
    // The runtime never sees the source of what was imported.
    ("crates/wasmport/src", &["wasmparser", "syn::", "quote"]),
    // Code generation sees the interface only.
    (
        "crates/wasmport-build/src/codegen",
        &["wasmparser", "crate::validate", "crate::read", "crate::compile"],
    ),
    // Stages do no input or output.
    ("crates/wasmport-build/src/codegen", &["crate::fs", "std::io", "print!", "println!"]),
    ("crates/wasmport-build/src/interface", &["crate::fs", "std::io", "print!", "println!"]),
    ("crates/wasmport-build/src/validate.rs", &["crate::fs", "std::io", "print!", "println!"]),
    ("crates/wasmport-build/src/features.rs", &["crate::fs", "std::io", "print!", "println!"]),
    ("crates/wasmport-build/src/compile.rs", &["crate::fs", "std::io", "print!", "println!"]),
    // But for the files that a module is given while it initializes.
    ("crates/wasmport-build/src/stages/canonicalize.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/compress.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/mod.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/optimize.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/preinit/", &["std::io", "print!", "println!"]),
    ("crates/wasmport-build/src/stages/strip.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/transform.rs", NO_STAGE_DOES),
    ("crates/wasmport-build/src/stages/translate.rs", NO_STAGE_DOES),
    // What the settings mean does not depend on what is there.
    ("crates/wasmport-build/src/settings/asset.rs", &["crate::fs", "std::io", "wasmtime::"]),
    ("crates/wasmport-build/src/settings/contradictions.rs", &["crate::fs", "std::io"]),
    ("crates/wasmport-build/src/settings/stages.rs", &["crate::fs", "std::io", "wasmtime::"]),
    // Only the build script's module speaks to cargo.
    ("crates/wasmport-build/src/pipeline.rs", &["println!"]),
    // Arguments and rendering only.
    ("crates/wasmport-cli/src", &["wasmtime::", "wasmparser"]),
];

/// Optional stages touch no files and run no modules.
const NO_STAGE_DOES: &[&str] =
    &["crate::fs", "std::io", "std::process", "print!", "println!", "wasmtime::"];

/// Files that decide outputs, beside those of some folders.
const DECIDING: &[&str] =
    &["compile.rs", "features.rs", "names.rs", "pack.rs", "tool.rs", "validate.rs"];

const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!", "TODO", "FIXME", "XXX"];

/// What a program that only loads assets must not be built from.
const NOT_IN_THE_RUNTIME: &[&str] = &[
    "cranelift-codegen",
    "wasmtime-internal-cranelift",
    "wasmtime-internal-winch",
    "wat",
    "wast",
    "wasm-encoder",
    "wit-parser",
    "syn",
    "quote",
    "proc-macro2",
    "prettyplease",
];

const MOST_LINES: usize = 500;

pub(crate) fn run() -> Result {
    let mut found = Vec::new();
    for file in library_files()? {
        let text = read_text(&file)?;
        check_file(&file, &text, &mut found);
    }
    check_generator(&mut found)?;
    check_dependencies("wasmport", &[], &mut found)?;
    check_dependencies("wasmport-build", &["--no-default-features"], &mut found)?;
    check_generated(&mut found)?;
    check_readme(&mut found)?;
    match found.as_slice() {
        [] => Ok(()),
        found => Err(format!("not tidy:\n{}", found.join("\n")).into()),
    }
}

/// The sources of the library crates, relative to the root.
fn library_files() -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root().join("crates")).sort_by_file_name() {
        let path: PathBuf = entry?.into_path();
        let relative = path.strip_prefix(root())?.to_string_lossy().replace('\\', "/");
        if relative.ends_with(".rs") && relative.contains("/src/") {
            files.push(relative);
        }
    }
    Ok(files)
}

fn check_file(file: &str, text: &str, found: &mut Vec<String>) {
    // Tests at the end of a file may do as they like.
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|l| format!(" {l}\n"))
        .collect();
    if !text.starts_with("//!") {
        found.push(format!("{file}: begins without a sentence on what it is (`//!`)"));
    }
    if text.lines().count() > MOST_LINES {
        found.push(format!("{file}: more than {MOST_LINES} lines"));
    }
    for word in UNFINISHED.iter().filter(|word| text.contains(**word)) {
        found.push(format!("{file}: `{word}`"));
    }
    let may = |files: &[&str]| files.iter().any(|place| file.starts_with(place));
    for (word, _) in ONLY_IN.iter().filter(|(word, files)| code.contains(word) && !may(files)) {
        found.push(format!("{file}: `{}` stands in another module only", word.trim()));
    }
    for (place, words) in NEVER_IN.iter().filter(|(place, _)| file.starts_with(place)) {
        for word in words.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{file}: `{word}` must not be in {place}"));
        }
    }
}

/// Every file that decides what is generated or compiled is part of the digest that says whether it is fresh.
fn check_generator(found: &mut Vec<String>) -> Result {
    let source = "crates/wasmport-build/src/";
    let freshness = read_text(&format!("{source}freshness.rs"))?;
    for file in library_files()?.iter().filter_map(|file| file.strip_prefix(source)) {
        let folders = ["codegen/", "component/", "interface/", "stages/"];
        let decides =
            folders.iter().any(|folder| file.starts_with(folder)) || DECIDING.contains(&file);
        let is_test = file.ends_with("/tests.rs") || file.ends_with("/examples.rs");
        if decides && !is_test && !freshness.contains(&format!("include_str!(\"{file}\")")) {
            found.push(format!("{source}freshness.rs: `GENERATOR` lacks {file}"));
        }
    }
    Ok(())
}

/// By itself, as a user's program depends on it: a workspace would unify features.
fn check_dependencies(package: &str, flags: &[&str], found: &mut Vec<String>) -> Result {
    let output = Command::new(crate::cargo())
        .args(["tree", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(flags)
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let tree = String::from_utf8(output.stdout)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut banned: Vec<&str> = names.filter(|name| NOT_IN_THE_RUNTIME.contains(name)).collect();
    banned.sort_unstable();
    banned.dedup();
    found.extend(
        banned.iter().map(|name| format!("{package} {}: depends on `{name}`", flags.join(" "))),
    );
    Ok(())
}

/// What is committed as generated belongs to its sources, and to the lock files.
fn check_generated(found: &mut Vec<String>) -> Result {
    for path in bless::SETTINGS {
        let settings = Settings::from_file(&root().join(path))?;
        for asset in Importer::new(settings)
            .locked()
            .run_check()?
            .assets
            .iter()
            .filter(|a| a.status != Status::Unchanged)
        {
            let why = asset.stale.as_deref().unwrap_or("failed");
            found.push(format!(
                "{}: `{}`: {why} (`cargo xtask bless`)",
                Path::new(path).display(),
                asset.source
            ));
        }
    }
    Ok(())
}

/// README's example is a project that is built and run.
fn check_readme(found: &mut Vec<String>) -> Result {
    let readme = read_text("README.md")?;
    for file in ["build.rs", "src/main.rs"] {
        let path = format!("fixtures/projects/ten-lines/{file}");
        if !readme.contains(read_text(&path)?.trim()) {
            found.push(format!("README.md: its example is not {path}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check_file(file, text, &mut found);
        found
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let stage = "crates/wasmport-build/src/codegen/new.rs";
        assert!(found(stage, "//! Fine.\nlet x = EngineConfig::new();\n").is_empty());
        for (text, rules) in [
            ("fn f() {}", 1),
            ("//! x\nlet c = Config::new();", 1),
            ("//! x\nModule::deserialize(e, b)", 1),
            ("//! x\nuse wasmparser::Parser;", 1),
            ("//! x\nuse crate::fs;\nstd::fs::read(p)", 2),
            ("//! x\ntodo!()", 1),
            ("//! x\nCommand::new(p).spawn()", 2),
            ("//! x\n// std::fs in a comment", 0),
            ("//! x\n#[cfg(test)]\nmod tests { use std::fs; }", 0),
        ] {
            assert_eq!(found(stage, text).len(), rules, "{text}: {:?}", found(stage, text));
        }
        let stage = "crates/wasmport-build/src/stages/strip.rs";
        assert_eq!(found(stage, "//! x\nuse crate::fs;\nwasmtime::Engine::new()").len(), 2);
        assert_eq!(
            found("crates/wasmport/src/x.rs", &format!("//! x\n{}", "\n".repeat(501))).len(),
            1
        );
    }
}
