//! `new`: adds wasmport to a cargo package.

use super::{code, json, project, wasmport};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that packages depend on.
const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

const PACKAGE: &str =
    "[package]\nname = \"game\" # mine\nversion = \"0.1.0\"\nedition = \"2024\"\n";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(contents(&path)),
            false => drop(all.insert(path.clone(), fs::read_to_string(&path).unwrap())),
        }
    }
    all
}

fn actions(document: &serde_json::Value) -> Vec<String> {
    let files = document["files"].as_array().unwrap().iter();
    files
        .map(|file| {
            format!("{} {}", file["action"].as_str().unwrap(), file["path"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_second_call_changes_nothing() {
    let project = project(&[("Cargo.toml", PACKAGE), ("src/main.rs", "fn main() {}\n")]);
    let first = json(&wasmport(project.path(), &["new", "--format", "json"]));
    assert_eq!(
        actions(&first),
        [
            "changed Cargo.toml",
            "created build.rs",
            "created wasmport.toml",
            "created assets/add.wat",
            "created examples/add.rs"
        ]
    );
    let by_hand = first["by_hand"][0]["lines"].as_str().unwrap();
    assert_eq!(by_hand, "mod assets {\n    ::wasmport::include_assets!();\n}\n");
    let before = contents(project.path());
    let manifest = &before[&project.path().join("Cargo.toml")];
    assert!(manifest.starts_with(PACKAGE), "{manifest}");
    let dependency = |name: &str| format!("{name} = \"{VERSION}\"\n");
    assert!(
        manifest.contains(&("[dependencies]\n".to_owned() + &dependency("wasmport"))),
        "{manifest}"
    );
    let built = "[build-dependencies]\n".to_owned() + &dependency("wasmport-build");
    assert!(manifest.contains(&built), "{manifest}");

    let again = wasmport(project.path(), &["new"]);
    assert_eq!(code(&again), 0);
    assert_eq!(contents(project.path()), before);
    let text = String::from_utf8(again.stdout).unwrap();
    assert_eq!(text.matches("     kept ").count(), 5, "{text}");
    assert!(!text.contains("created") && !text.contains("changed"), "{text}");
    // The settings and the asset are good.
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    let wrapper = fs::read_to_string(project.path().join("src/assets/add.rs")).unwrap();
    assert!(wrapper.contains("pub struct AddSession") && wrapper.contains("fn add("), "{wrapper}");
}

#[test]
fn existing_files_stay_and_the_rest_is_named() {
    let files = [
        ("Cargo.toml", PACKAGE),
        ("build.rs", "fn main() {}\n"),
        ("assets/own.wat", "(module)"),
        ("wasmport.toml", "# mine\n"),
        ("src/main.rs", "mod assets;\nfn main() {}\n"),
    ];
    let project = project(&files);
    let document = json(&wasmport(project.path(), &["new", ".", "--format", "json"]));
    assert_eq!(
        actions(&document),
        ["changed Cargo.toml", "kept build.rs", "kept wasmport.toml", "kept assets"]
    );
    for (path, text) in &files[1..] {
        assert_eq!(fs::read_to_string(project.path().join(path)).unwrap(), *text);
    }
    let by_hand = document["by_hand"].as_array().unwrap();
    assert_eq!(by_hand.len(), 1, "{document}");
    assert!(by_hand[0]["lines"].as_str().unwrap().contains("wasmport_build::import(\"assets\")?;"));
    assert!(!project.path().join("examples").exists());
}

#[test]
fn members_of_workspaces_share_the_dependency() {
    let root =
        "[workspace]\nmembers = [\"game\"]\n\n[workspace.dependencies]\nwasmport = \"0.1\"\n";
    let project =
        project(&[("Cargo.toml", root), ("game/Cargo.toml", PACKAGE), ("game/src/lib.rs", "")]);
    let output = wasmport(project.path(), &["new"]);
    assert_eq!(code(&output), 2);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("help: name the folder of a member of the workspace")
    );
    assert_eq!(code(&wasmport(project.path(), &["new", "game"])), 0);
    let manifest = fs::read_to_string(project.path().join("game/Cargo.toml")).unwrap();
    assert!(manifest.contains("wasmport = { workspace = true }\n"), "{manifest}");
    assert!(manifest.contains(&format!("wasmport-build = \"{VERSION}\"\n")), "{manifest}");
    assert_eq!(fs::read_to_string(project.path().join("Cargo.toml")).unwrap(), root);
}

#[test]
fn checked_in_output_needs_no_build_script() {
    let project = project(&[("Cargo.toml", PACKAGE), ("src/main.rs", "fn main() {}\n")]);
    let document = json(&wasmport(project.path(), &["new", "--checked-in", "--format", "json"]));
    assert_eq!(
        actions(&document),
        ["changed Cargo.toml", "created assets/add.wat", "created examples/add.rs"]
    );
    assert_eq!(document["next"][0], "cargo wasmport import");
    let manifest = fs::read_to_string(project.path().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("wasmport-build"), "{manifest}");
}

#[test]
fn folders_without_a_package_are_refused() {
    let project = project(&[("bad/Cargo.toml", "[package\n"), ("bare/Cargo.toml", "")]);
    for (folder, part) in
        [("nowhere", "has no Cargo.toml"), ("bad", "is not valid TOML"), ("bare", "has no package")]
    {
        let output = wasmport(project.path(), &["new", folder]);
        assert!(code(&output) == 2 && output.stdout.is_empty(), "{folder}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(part) && error.contains("\n  help: "), "{error}");
    }
    assert_eq!(fs::read_dir(project.path().join("bad")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_stay_links() {
    let project = project(&[("real.toml", PACKAGE), ("src/main.rs", "fn main() {}\n")]);
    std::os::unix::fs::symlink("real.toml", project.path().join("Cargo.toml")).unwrap();
    std::os::unix::fs::symlink("elsewhere", project.path().join("build.rs")).unwrap();
    assert_eq!(code(&wasmport(project.path(), &["new"])), 0);
    assert!(
        project.path().join("Cargo.toml").is_symlink()
            && !project.path().join("elsewhere").exists()
    );
    assert!(
        fs::read_to_string(project.path().join("real.toml")).unwrap().contains("wasmport-build")
    );
}

/// The file and the lines of each change that is left to the user.
fn by_hand(document: &serde_json::Value) -> Vec<(&str, &str)> {
    let changes = document["by_hand"].as_array().unwrap().iter();
    changes
        .map(|change| (change["file"].as_str().unwrap(), change["lines"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_file_in_place_of_a_folder_is_found_before_anything_is_written() {
    for path in ["assets", "examples"] {
        let project = project(&[("Cargo.toml", PACKAGE), (path, "mine")]);
        let before = contents(project.path());
        let output = wasmport(project.path(), &["new"]);
        let error = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(code(&output) == 1 && error.contains(path), "{path}: {error}");
        assert_eq!(contents(project.path()), before, "{path}");
    }
}

#[test]
fn nothing_is_written_outside_of_the_package() {
    let outside = tempfile::tempdir().unwrap();
    let absolute = outside.path().join("evil.rs").display().to_string().replace('\\', "/");
    for build in ["../evil.rs", &absolute] {
        let manifest = format!("{PACKAGE}build = \"{build}\"\n");
        let project = project(&[("game/Cargo.toml", &manifest)]);
        let document = json(&wasmport(project.path(), &["new", "game", "--format", "json"]));
        let (file, lines) = by_hand(&document)[0];
        assert!(file == build && lines.contains("wasmport_build::import"), "{document:#}");
        assert!(!project.path().join("evil.rs").exists(), "{build}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_not_followed() {
    let project = project(&[("game/Cargo.toml", PACKAGE), ("a/.keep", ""), ("e/.keep", "")]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, project.path().join("game").join(name)).unwrap();
    };
    link("../e", "examples");
    let new = || json(&wasmport(project.path(), &["new", "game", "--format", "json"]));
    let document = new();
    assert!(by_hand(&document).iter().any(|(file, _)| *file == "examples/add.rs"), "{document:#}");
    fs::remove_dir_all(project.path().join("game/assets")).unwrap();
    link("../a", "assets");
    let document = new();
    assert!(by_hand(&document).iter().any(|(file, _)| *file == "assets/add.wat"), "{document:#}");
    for folder in ["a", "e"] {
        assert_eq!(fs::read_dir(project.path().join(folder)).unwrap().count(), 1, "{folder}");
    }
}

#[test]
fn a_build_script_that_cannot_be_written_has_its_lines() {
    let project = project(&[("Cargo.toml", PACKAGE), ("build.rs/mine", "")]);
    let document = json(&wasmport(project.path(), &["new", "--format", "json"]));
    let (file, lines) = by_hand(&document)[0];
    assert!(file == "build.rs" && lines.starts_with("//! Imports"), "{document:#}");
    #[cfg(unix)]
    {
        fs::remove_dir_all(project.path().join("build.rs")).unwrap();
        std::os::unix::fs::symlink("nowhere", project.path().join("build.rs")).unwrap();
        let document = json(&wasmport(project.path(), &["new", "--format", "json"]));
        assert_eq!(by_hand(&document)[0].0, "build.rs", "{document:#}");
    }
}

#[test]
fn hidden_files_and_comments_change_nothing() {
    let main = "// TODO: mod assets;\nfn main() {}\n";
    let files = [("Cargo.toml", PACKAGE), ("assets/.gitkeep", ""), ("src/main.rs", main)];
    let project = project(&files);
    let document = json(&wasmport(project.path(), &["new", "--format", "json"]));
    let actions = actions(&document);
    for created in ["created assets/add.wat", "created examples/add.rs"] {
        assert!(actions.iter().any(|action| action == created), "{actions:?}");
    }
    let (_, lines) = by_hand(&document)[0];
    assert!(lines.contains("include_assets!"), "{document:#}");
}

#[test]
fn the_build_script_follows_settings_and_names() {
    let manifest = format!(
        "{PACKAGE}\n[build-dependencies]\nmy-wb = {{ package = \"wasmport-build\", version = \"{VERSION}\" }}\n"
    );
    let settings = ("wasmport.toml", "[import]\nroots = [\"wasm\"]\n");
    let project = project(&[("Cargo.toml", &manifest), settings]);
    let document = json(&wasmport(project.path(), &["new", "--format", "json"]));
    assert_eq!(
        actions(&document),
        ["changed Cargo.toml", "created build.rs", "kept wasmport.toml", "kept assets"]
    );
    let script = fs::read_to_string(project.path().join("build.rs")).unwrap();
    assert!(
        script.contains("my_wb::Settings::of_project(") && !script.contains("\"assets\""),
        "{script}"
    );
    assert!(!script.contains("wasmport_build"), "{script}");
    // A build script that exists calls the importer by its own name too.
    let again = wasmport(project.path(), &["new"]);
    let text = String::from_utf8(again.stdout).unwrap();
    assert!(text.contains("build.rs: it calls `my_wb`"), "{text}");
    fs::write(project.path().join("build.rs"), "// my_wb\nfn main() {}\n").unwrap();
    let document = json(&wasmport(project.path(), &["new", "--format", "json"]));
    assert!(by_hand(&document)[0].1.contains("my_wb::Importer::new("), "{document:#}");
    fs::write(project.path().join("wasmport.toml"), "[import]\nroot = 1\n").unwrap();
    assert_eq!(code(&wasmport(project.path(), &["new"])), 2);
}

/// Adds wasmport with the sources of this repository, and runs the example.
fn build(args: &[&str], before: impl FnOnce(&Path)) {
    let project = project(&[("Cargo.toml", PACKAGE), ("src/main.rs", "fn main() {}\n")]);
    fs::write(project.path().join("Cargo.toml"), format!("{PACKAGE}\n[workspace]\n")).unwrap();
    let source = repository().display().to_string();
    let output = wasmport(project.path(), &[&["new", "--source", &source][..], args].concat());
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    // The versions that this repository is tested with.
    fs::copy(repository().join("Cargo.lock"), project.path().join("Cargo.lock")).unwrap();
    before(project.path());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--offline", "--example", "add"]).current_dir(project.path());
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        command.env("CARGO_TARGET_DIR", Path::new(&target).join("new"));
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 + 3 = 5\n");
}

#[test]
#[ignore = "compiles Wasmtime and the importer"]
fn the_example_of_a_build_script_runs() {
    build(&[], |_| ());
}

#[test]
#[ignore = "compiles Wasmtime"]
fn the_example_of_checked_in_output_runs() {
    build(&["--checked-in"], |folder| assert_eq!(code(&wasmport(folder, &["import"])), 0));
}
