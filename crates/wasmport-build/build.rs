//! Hashes the sources that decide the importer's outputs: see `src/project/generator.rs`.

#![expect(
    clippy::disallowed_methods,
    reason = "the wrappers that name paths in errors belong to the crate, not to its build script"
)]

use std::path::{Path, PathBuf};

/// The folders and files whose sources decide the bytes of artifacts.
pub const ARTIFACTS: &[&str] =
    &["asset", "component", "interface", "panics.rs", "pipeline", "settings", "tool", "wasm"];

/// The folders and files whose sources decide the text of wrappers.
pub const WRAPPERS: &[&str] =
    &["codegen", "component", "interface", "names.rs", "project", "settings"];

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-env=WASMPORT_ARTIFACT_SOURCES={}", digest("src".as_ref(), ARTIFACTS)?);
    println!("cargo::rustc-env=WASMPORT_WRAPPER_SOURCES={}", digest("src".as_ref(), WRAPPERS)?);
    Ok(())
}

/// Hashes the sources at the given paths below `root`, with their names and with one kind of line ends.
pub fn digest(root: &Path, paths: &[&str]) -> std::io::Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(&root.join(path), &mut files)?;
    }
    let name =
        |file: &Path| file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
    files.sort_by_key(|file| name(file));
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?.replace("\r\n", "\n");
        hasher.update(format!("{}\0{}\0{text}", name(&file), text.len()).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(path.into());
    }
    Ok(())
}
