//! Real modules, made by others: those below the folder that `WASMPORT_CORPUS` names.

use crate::{Result, files, process};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use walkdir::WalkDir;

const MAX_BYTES: u64 = 4 << 20;

/// Modules in a folder of their own.
pub(crate) struct Corpus {
    folder: TempDir,
    pub files: Vec<PathBuf>,
}

impl Corpus {
    /// Those that are not too large.
    pub fn accepted() -> Result<Self> {
        Self::of(&accepted(MAX_BYTES)?)
    }

    pub fn of(paths: &[PathBuf]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut copies = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            let copy = folder.path().join(format!("assets/module{index}.wasm"));
            files::write(&copy, &files::read(path)?)?;
            copies.push(copy);
        }
        Ok(Self { folder, files: copies })
    }

    /// The command that imports them all into an empty folder, with a cache that is as it was left.
    pub fn import(&self) -> Result<Command> {
        let out = self.folder.path().join("out");
        if out.exists() {
            std::fs::remove_dir_all(&out)?;
        }
        let mut command = Command::new(process::sibling("cargo-wasmport")?);
        command.arg("import").arg(self.folder.path().join("assets")).arg("--out-dir").arg(&out);
        command.arg("--no-embed").arg("--quiet").current_dir(self.folder.path());
        command.env("WASMPORT_CACHE_DIR", self.cache());
        Ok(command)
    }

    /// As [`import`](Self::import), with nothing in the cache.
    pub fn import_cold(&self) -> Result<Command> {
        if self.cache().exists() {
            std::fs::remove_dir_all(self.cache())?;
        }
        self.import()
    }

    /// Has imports compile exactly what `wasmtime compile` does: for this very machine, and without
    /// what makes results the same on all others.
    pub fn like_wasmtime(self) -> Result<Self> {
        let settings = "targets = [\"native\"]\n[engine]\ndeterministic = false\n";
        files::write(&self.folder.path().join("wasmport.toml"), settings.as_bytes())?;
        Ok(self)
    }

    /// Has imports for development compile as fast as they can.
    pub fn with_debug_profile(self) -> Result<Self> {
        let settings =
            "[profile.debug]\nopt-level = \"none\"\nregalloc-algorithm = \"single-pass\"\n";
        files::write(&self.folder.path().join("wasmport.toml"), settings.as_bytes())?;
        Ok(self)
    }

    /// Has imports compile for several targets, where they run.
    pub fn with_targets(self) -> Result<Self> {
        let settings = "targets = [\"x86_64-unknown-linux-gnu\", \"x86_64-unknown-linux-gnu+v3\", \"portable\"]\n\
                        [defaults]\nunsupported = \"skip\"\n";
        files::write(&self.folder.path().join("wasmport.toml"), settings.as_bytes())?;
        Ok(self)
    }

    /// The digests of the artifacts that the last import left.
    pub fn artifacts(&self) -> Result<Vec<String>> {
        let digest = |path: &PathBuf| Ok(blake3::hash(&files::read(path)?).to_string());
        self.artifact_files()?.iter().map(digest).collect()
    }

    /// The artifacts that the last import left.
    pub fn artifact_files(&self) -> Result<Vec<PathBuf>> {
        let folder = self.folder.path().join("out/artifacts");
        let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        let entries: Vec<_> = entries.collect::<std::result::Result<_, _>>()?;
        let artifacts = entries.iter().filter(|entry| entry.file_type().is_file());
        Ok(artifacts.map(|entry| entry.path().to_owned()).collect())
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }
}

/// The modules of the corpus that are not too large and that an import accepts.
pub(crate) fn accepted(max_bytes: u64) -> Result<Vec<PathBuf>> {
    let corpus = std::env::var_os("WASMPORT_CORPUS")
        .ok_or("set WASMPORT_CORPUS to a folder with wasm files at any depth")?;
    let entries: Vec<_> = WalkDir::new(corpus)
        .sort_by_file_name()
        .into_iter()
        .collect::<std::result::Result<_, _>>()?;
    let is_wasm = |path: &Path| path.extension().is_some_and(|extension| extension == "wasm");
    let paths = entries.into_iter().map(walkdir::DirEntry::into_path);
    let small: Vec<PathBuf> = paths
        .filter(|path| is_wasm(path) && files::len(path).is_ok_and(|len| len <= max_bytes))
        .collect();
    let checked = wasmport_build::RequiredFeatures::on_by_default();
    let accepts = |path: &PathBuf| wasmport_build::inspect(path, checked).is_ok();
    let accepted: Vec<PathBuf> = small.into_iter().filter(accepts).collect();
    eprintln!("  {} modules", accepted.len());
    Ok(accepted)
}
