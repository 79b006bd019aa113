//! macOS, which nothing emulates here: its code is type-checked.

use super::machine::rust_sources;
use crate::scratch::target_dir;
use crate::{files, root};

const TRIPLE: &str = "aarch64-apple-darwin";

/// A C compiler and archiver that writes an empty file. Checking links nothing, so that the C code of
/// dependencies, for which there are no headers of macOS, is not missed.
const NO_C: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift; : >"$1" ;;
    *.a) : >"$1" ;;
  esac
  shift
done
"#;

/// Type-checks the crates with all their tests for macOS.
pub(super) fn check() -> crate::Result {
    let folder = target_dir("elsewhere").join("macos");
    let no_c = folder.join("no-c");
    files::write_program(&no_c, NO_C)?;
    let mut cargo = crate::cargo();
    rust_sources(&mut cargo, &target_dir("elsewhere"));
    let triple = TRIPLE.replace('-', "_");
    cargo.env(format!("CC_{triple}"), &no_c).env(format!("AR_{triple}"), &no_c);
    // Any folder: it is passed to the C compiler.
    cargo.env("SDKROOT", &folder).current_dir(root());
    cargo.args(["check", "-Zbuild-std=std,panic_unwind", "--target", TRIPLE, "--tests"]);
    cargo.args([
        "--package",
        "wasmport",
        "--package",
        "wasmport-build",
        "--package",
        "wasmport-cli",
    ]);
    if cargo.status()?.success() {
        Ok(())
    } else {
        Err("the crates do not compile for macOS".into())
    }
}
