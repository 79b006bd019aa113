//! Comparisons of revisions, lock files, output folders and bundles by the command.

use crate::diff::{asset, text};
use crate::{CALC, code, json, program, project, wasmport};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Runs git in a folder without the settings of the user; none if git is not installed.
fn git(folder: &Path, args: &[&str]) -> Option<()> {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "commit.gpgsign=false",
    ]);
    command.args(["-c", "core.autocrlf=false"]).args(args).current_dir(folder);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    match command.output() {
        Ok(output) => {
            assert!(
                output.status.success(),
                "{args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(())
        }
        Err(_) => {
            eprintln!("skipped: git is not installed");
            None
        }
    }
}

/// A repository with two commits.
fn repository() -> Option<TempDir> {
    let project = project(&[
        ("assets/calc.wat", CALC),
        ("assets/mods/gone.wat", "(module)"),
        ("assets/same.wat", "(module (func))"),
    ]);
    git(project.path(), &["init", "--quiet"])?;
    git(project.path(), &["add", "."])?;
    git(project.path(), &["commit", "--quiet", "-m", "one"])?;
    fs::remove_dir_all(project.path().join("assets/mods")).unwrap();
    let with_memory =
        r#"(module (memory (export "m") 1) (func (export "one") (result i32) (i32.const 1)))"#;
    fs::write(project.path().join("assets/calc.wat"), with_memory).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", project.path().join("assets/link.wasm")).unwrap();
        let name = std::ffi::OsStr::from_bytes(b"assets/\xff\x1b.wat");
        use std::os::unix::ffi::OsStrExt as _;
        fs::write(project.path().join(name), CALC).unwrap();
    }
    git(project.path(), &["add", "."])?;
    git(project.path(), &["commit", "--quiet", "-m", "two"])?;
    Some(project)
}

#[test]
fn revisions_are_compared_without_a_checkout() {
    let Some(project) = repository() else { return };
    let run = |a: &str, b: &str| wasmport(project.path(), &["diff", a, b, "--format", "json"]);
    let unusable = usize::from(cfg!(unix));
    for (before, after) in [("HEAD~1:assets", "HEAD:assets"), ("HEAD~1:assets/", "assets")] {
        let output = run(before, after);
        let report = json(&output);
        assert_eq!(report["before"], json!({ "name": before, "kind": "folder" }));
        let calc = asset(&report, "calc.wat");
        assert_eq!(
            (&calc["compatibility"], &calc["level"]),
            (&json!("compatible"), &json!("minor"))
        );
        assert_eq!(calc["interface"][0]["name"], "m");
        assert_eq!(asset(&report, "mods/gone.wat")["status"], "removed");
        assert_eq!(asset(&report, "same.wat")["status"], "same");
        // A link is not followed, and a path that is no text is named.
        assert_eq!(report["assets"].as_array().unwrap().len(), 3 + unusable, "{report}");
        assert_eq!(report["summary"]["failed"], unusable);
        assert_eq!(code(&output), i32::try_from(unusable).unwrap());
        assert!(!text(&output).1.contains('\u{1b}'));
    }
    // One file, and the whole repository.
    let one = json(&run("HEAD~1:assets/calc.wat", "HEAD:assets/calc.wat"));
    assert_eq!(one["assets"][0]["level"], "minor", "{one}");
    assert_eq!(json(&run("HEAD~1:", "HEAD~1:"))["summary"]["same"], 3);
    // Paths start at the top of the repository.
    let inside = program()
        .args(["diff", "HEAD~1:assets", ".", "--format", "json"])
        .current_dir(project.path().join("assets"))
        .output()
        .unwrap();
    assert_eq!(asset(&json(&inside), "calc.wat")["status"], "changed");
}

#[test]
fn what_git_does_not_have_is_an_error_of_the_arguments() {
    let Some(project) = repository() else { return };
    for (name, expected) in [
        ("HEAD~7:assets", "HEAD~7"),
        ("HEAD:nothing", "nothing"),
        ("HEAD", "does not exist"),
        (":assets", "does not exist"),
        ("--output=x:assets", ""),
        ("HEAD:../x", ""),
        ("HEAD:\u{1b}[2J", r"\u{1b}[2J"),
    ] {
        let output = wasmport(project.path(), &["diff", "--", name, "assets"]);
        let error = text(&output).1;
        assert_eq!(code(&output), 2, "{name}: {error}");
        assert!(error.contains(expected) && error.contains("help: name "), "{name}: {error}");
        assert!(!error.contains('\u{1b}'));
    }
    assert!(!project.path().join("x").exists());
    let outside = crate::project(&[("a.wat", CALC)]);
    let output = wasmport(outside.path(), &["diff", "HEAD:a.wat", "a.wat"]);
    assert!(code(&output) == 2 && text(&output).1.contains("not a git repository"));
}

#[test]
fn pointers_of_git_lfs_are_named_or_resolved() {
    let Some(project) = repository() else { return };
    let wasm = wat::parse_str(CALC).unwrap();
    let digest = "c0ffee".repeat(11)[..64].to_owned();
    let pointer = |bytes: usize| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {bytes}\n")
    };
    fs::write(project.path().join("assets/big.wasm"), pointer(wasm.len())).unwrap();
    git(project.path(), &["add", "."]).unwrap();
    git(project.path(), &["commit", "--quiet", "-m", "three"]).unwrap();
    fs::write(project.path().join("now.wasm"), &wasm).unwrap();
    let run = || wasmport(project.path(), &["diff", "HEAD:assets/big.wasm", "now.wasm"]);
    let output = run();
    assert_eq!(code(&output), 1);
    assert!(text(&output).1.contains("a Git LFS pointer"), "{:?}", text(&output));
    // The repository has the file.
    let store = project.path().join(".git/lfs/objects").join(&digest[..2]).join(&digest[2..4]);
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join(&digest), &wasm).unwrap();
    let output = run();
    assert_eq!((code(&output), text(&output).0.as_str()), (0, "diff: 1 same; compatible\n"));
    fs::write(store.join(&digest), &wasm[1..]).unwrap();
    assert_eq!(code(&run()), 1, "a download that did not end is no file");
}

fn imported() -> TempDir {
    let project = project(&[("assets/calc.wat", CALC), ("assets/other.wat", "(module (func))")]);
    assert_eq!(code(&wasmport(project.path(), &["import", "--target", "portable"])), 0);
    project
}

/// Copies the lock file and the output.
fn keep(project: &Path) {
    fs::create_dir_all(project.join("kept/artifacts")).unwrap();
    fs::copy(project.join("wasmport.lock"), project.join("kept/wasmport.lock")).unwrap();
    let out = project.join("src/assets");
    fs::copy(out.join("wasmport.json"), project.join("kept/wasmport.json")).unwrap();
    for entry in fs::read_dir(out.join("artifacts")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), project.join("kept/artifacts").join(entry.file_name())).unwrap();
    }
}

#[test]
fn lock_files_tell_what_changed_without_the_source() {
    let project = imported();
    keep(project.path());
    fs::write(project.path().join("wasmport.toml"), "[engine]\nfuel = true\n").unwrap();
    fs::write(project.path().join("assets/other.wat"), "(module)").unwrap();
    assert_eq!(code(&wasmport(project.path(), &["import", "--target", "portable"])), 0);
    let args = ["diff", "kept/wasmport.lock", "wasmport.lock"];
    let report = json(&wasmport(project.path(), &[&args[..], &["--format", "json"]].concat()));
    assert_eq!(report["after"]["kind"], "lock");
    let calc = asset(&report, "calc.wat");
    assert_eq!(
        (&calc["compatibility"], &calc["level"]),
        (&json!("needs-recompile"), &json!("patch"))
    );
    assert_eq!(calc["records"][0]["key"], "settings", "{calc}");
    assert_eq!(calc["artifacts"][0]["target"], "portable");
    // The interface of another source is not known.
    let other = asset(&report, "other.wat");
    assert_eq!((&other["status"], &other["compatibility"]), (&json!("changed"), &Value::Null));
    assert_eq!(report["summary"]["compatibility"], Value::Null);
    let (out, _) = text(&wasmport(project.path(), &args));
    assert!(
        out.contains("  changed calc.wat: needs-recompile, patch\n          same source\n"),
        "{out}"
    );
    assert!(out.contains("          another source\n"), "{out}");
    assert!(out.contains("~ artifact for portable"), "{out}");
    let same = json(&wasmport(
        project.path(),
        &["diff", "wasmport.lock", "wasmport.lock", "--format", "json"],
    ));
    assert_eq!(same["summary"]["same"], 2);
    // A damaged one is an error with its line.
    let lock = fs::read_to_string(project.path().join("wasmport.lock")).unwrap();
    fs::write(project.path().join("wasmport.lock"), lock.replace("input", "imput")).unwrap();
    let output = wasmport(project.path(), &args);
    assert!(code(&output) == 1 && text(&output).1.contains("imput"), "{:?}", text(&output));
}

#[test]
fn output_folders_have_sizes_per_target() {
    let project = imported();
    keep(project.path());
    let longer = r#"(module (func (export "one") (param i32) (result i32)
        (i32.mul (i32.add (local.get 0) (i32.const 7)) (i32.div_u (local.get 0) (i32.const 3)))))"#;
    fs::write(project.path().join("assets/calc.wat"), longer).unwrap();
    assert_eq!(code(&wasmport(project.path(), &["import", "--target", "portable"])), 0);
    for (before, after) in
        [("kept", "src/assets"), ("kept/wasmport.json", "src/assets/wasmport.json")]
    {
        let args = ["diff", before, after, "--format", "json"];
        let report = json(&wasmport(project.path(), &args));
        assert_eq!(report["before"]["kind"], "manifest");
        let artifact = &asset(&report, "calc")["artifacts"][0];
        assert_eq!(artifact["target"], "portable");
        let functions = artifact["sizes"]["functions"].as_array().unwrap();
        assert!(functions.iter().any(|f| f["name"] == "function[0]"), "{artifact}");
        assert_eq!(asset(&report, "other")["status"], "same");
    }
    let without = ["diff", "kept", "src/assets", "--no-sizes", "--format", "json"];
    let report = json(&wasmport(project.path(), &without));
    assert_eq!(asset(&report, "calc")["artifacts"][0]["sizes"], Value::Null);
    // An artifact alone has sizes too.
    let artifact = |folder: &str| {
        let entries = fs::read_dir(project.path().join(folder).join("artifacts")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        let is_calc = |path: &std::path::PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with("calc")
        };
        paths.find(is_calc).unwrap().to_str().unwrap().to_owned()
    };
    let (before, after) = (artifact("kept"), artifact("src/assets"));
    let report = json(&wasmport(project.path(), &["diff", &before, &after, "--format", "json"]));
    let sizes = &report["assets"][0]["sizes"];
    // Its length is that of whole pages.
    assert!(sizes["moved_functions"].as_u64() > Some(0), "{report}");
    assert_eq!(report["assets"][0]["compatibility"], Value::Null);
    let deny = ["diff", "kept", "src/assets", "--deny", "larger", "-q"];
    let denied = wasmport(project.path(), &deny);
    let grown = sizes["before"] != sizes["after"];
    assert_eq!(code(&denied), if grown { 3 } else { 0 }, "{:?}", text(&denied));
}

#[cfg(feature = "bundle")]
#[test]
fn bundles_are_compared_by_what_they_record() {
    let project = imported();
    let run = |args: &[&str]| {
        let output = program().args(args).current_dir(project.path()).output().unwrap();
        assert_eq!(code(&output), 0, "{:?}", text(&output));
        output
    };
    run(&["key", "new", "key"]);
    fs::write(project.path().join("wasmport.toml"), "targets = [\"portable\"]\n").unwrap();
    run(&["import"]);
    run(&["bundle", "--output", "one", "--key", "key"]);
    run(&["bundle", "--output", "two", "--key", "key", "--generation", "2", "calc"]);
    let report = json(&run(&["diff", "one", "two", "--format", "json"]));
    assert_eq!(report["before"]["kind"], "bundle");
    assert_eq!(report["records"], json!([{ "key": "generation", "before": "0", "after": "2" }]));
    assert_eq!(asset(&report, "calc")["status"], "same");
    assert_eq!(asset(&report, "other")["status"], "removed");
}
