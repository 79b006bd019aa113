//! Hashes the sources of `src/engine`, which decide the bytes of artifacts: `wasmport-build` cannot see
//! them once both crates are packaged.

#![expect(clippy::disallowed_methods, reason = "a build script has no `crate::fs`")]

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src/engine");
    let mut files = Vec::new();
    collect("src/engine".into(), &mut files)?;
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?.replace("\r\n", "\n");
        let name = file.to_string_lossy().replace('\\', "/");
        hasher.update(format!("{name}\0{}\0{text}", text.len()).as_bytes());
    }
    println!("cargo::rustc-env=WASMPORT_ENGINE_SOURCES={}", hasher.finalize().to_hex());
    Ok(())
}

fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    std::fs::read_dir(path)?.try_for_each(|entry| collect(entry?.path(), files))
}
