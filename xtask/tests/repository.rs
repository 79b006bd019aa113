//! Checks that the README shows real code and that light builds link no compiler.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Packages that only compile, parse or generate code.
const COMPILERS: &[&str] = &[
    "cranelift-codegen",
    "prettyplease",
    "proc-macro2",
    "quote",
    "syn",
    "wasm-encoder",
    "wasmtime-internal-cranelift",
    "wasmtime-internal-winch",
    "wast",
    "wat",
    "wit-parser",
];

/// Returns the compilers that a build of one package alone links; a workspace build would unify features.
fn compilers(args: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--package"]);
    // Flags for features concern the package of the current folder, if there is one.
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    let output = cargo.args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| COMPILERS.contains(name)).map(Into::into).collect()
}

#[test]
fn the_runtime_and_the_checking_importer_link_no_compiler() {
    let none = BTreeSet::new();
    assert_eq!(compilers(&["wasmport"]), none);
    assert_eq!(compilers(&["wasmport", "--features", "wasi-http"]), none);
    assert_eq!(compilers(&["wasmport", "--features", "oci"]), none);
    assert_eq!(compilers(&["wasmport", "--features", "replay,snapshot,vfs-zip"]), none);
    assert_eq!(compilers(&["wasmport-build", "--no-default-features"]), none);
    assert!(compilers(&["wasmport-build"]).contains("cranelift-codegen"));
}

#[test]
fn the_readme_shows_a_project_that_is_built_and_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    for file in ["wasmport.toml", "build.rs", "src/main.rs"] {
        let code = read(&format!("fixtures/projects/ten-lines/{file}"));
        assert!(read("README.md").contains(code.trim()), "README.md lacks the project's {file}");
    }
}

#[test]
fn the_page_about_c_libraries_shows_a_project_that_is_built_and_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let (page, project) = (read("docs/c-libraries.md"), "fixtures/projects/sandboxed-c");
    for (file, first) in [
        ("fixtures/sources/png/png.c", ""),
        (&format!("{project}/wasmport.toml"), "# A hostile file"),
        (&format!("{project}/src/lib.rs"), ""),
    ] {
        let code = read(file);
        let code = code.trim_end();
        assert!(
            page.contains(&code[code.find(first).unwrap()..]),
            "docs/c-libraries.md lacks {file}"
        );
    }
}
