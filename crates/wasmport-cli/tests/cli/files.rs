//! Files as a check-out or an argument has them.

use crate::{CALC, code, project, wasmport};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.invalid"]).args(args);
    let output = command.current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// A clone as git makes it on Windows by default.
#[test]
fn a_clone_with_other_line_ends_is_as_locked() {
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: there is no git");
        return;
    }
    let binary = String::from_utf8(wat::parse_str(CALC).unwrap()).unwrap();
    let settings =
        "import.roots = [\"assets\"]\n[defaults]\napi = '''\nfn one()\n    -> i32;\n'''\n";
    let project = project(&[
        ("assets/one.wat", "(module\n  (func (export \"one\") (result i32) (i32.const 1)))\n"),
        ("assets/two.wasm", &binary),
        ("wasmport.toml", settings),
        (".gitignore", ".wasmport-cache\n"),
    ]);
    assert_eq!(code(&wasmport(project.path(), &["import"])), 0);
    git(project.path(), &["init", "--quiet", "."]);
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "--quiet", "--message", "x"]);
    let clone = tempfile::tempdir().unwrap();
    let crlf = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "--quiet"];
    git(project.path(), &[&crlf[..], &[".", &clone.path().display().to_string()]].concat());
    for file in ["assets/one.wat", "src/assets/one.rs", "src/assets/mod.rs", "wasmport.lock"] {
        let text = fs::read_to_string(clone.path().join(file)).unwrap();
        assert!(text.contains("\r\n"), "{file}");
    }
    for args in [
        &["check", "--locked"][..],
        &["import", "--locked"],
        &["import", "--reproduce", "--locked"],
    ] {
        let output = wasmport(clone.path(), args);
        assert_eq!(code(&output), 0, "{args:?}: {}", said(&output));
    }
    let output = wasmport(clone.path(), &["import", "--locked"]);
    assert!(said(&output).starts_with("import: 2 unchanged"), "{}", said(&output));
}

#[test]
fn a_missing_path_is_named_with_the_nearest() {
    for settings in ["", "import.roots = [\"assets\"]\n"] {
        let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", settings)]);
        let output = wasmport(project.path(), &["import", "assets/clac.wat"]);
        assert_eq!(code(&output), 2);
        assert_eq!(
            said(&output),
            "error: cannot find `assets/clac.wat`: No such file or directory (os error 2)\n  help: did you \
             mean `assets/calc.wat`?\n"
        );
        let output = wasmport(project.path(), &["import", "nowhere.wasm"]);
        assert_eq!(
            said(&output),
            "error: cannot find `nowhere.wasm`: No such file or directory (os error 2)\n  help: create it, or \
             name another file or folder; a relative path starts in the current folder, and in a build \
             script in that of the package\n"
        );
    }
}

#[test]
fn the_help_for_stale_output_is_a_whole_command() {
    let project =
        project(&[("my assets/calc.wat", CALC), ("own.toml", "import.roots = [\"my assets\"]")]);
    let args = [
        "--config",
        "own.toml",
        "--out-dir",
        "it's",
        "--target",
        "source",
        "--wasm-feature",
        "memory64",
        "--no-embed",
        "my assets/calc.wat",
    ];
    let output = wasmport(project.path(), &[&["check", "--locked"][..], &args].concat());
    assert_eq!(code(&output), 2, "no lock file yet: {}", said(&output));
    let output = wasmport(project.path(), &[&["check"][..], &args].concat());
    assert_eq!(code(&output), 3);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: 2 outputs are stale\n  help: run `cargo wasmport import --config own.toml --out-dir 'it'\\''s' \
         --target source --wasm-feature memory64 --no-embed 'my assets/calc.wat'`, and commit its output\n"
    );
    assert_eq!(code(&wasmport(project.path(), &[&["import"][..], &args].concat())), 0);
    assert_eq!(code(&wasmport(project.path(), &[&["check"][..], &args].concat())), 0);
}

#[test]
fn an_output_folder_that_is_a_file_has_a_help() {
    let project = project(&[("assets/calc.wat", CALC), ("out", "mine")]);
    let output = wasmport(project.path(), &["import", "--out-dir", "out"]);
    assert_eq!(code(&output), 2);
    assert_eq!(
        said(&output),
        "error: cannot create `out`: File exists (os error 17)\n  help: a file is where a folder should be: move \
         it, or choose another output folder\n"
    );
}
