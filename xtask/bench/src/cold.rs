//! An import of many real modules that finds nothing done before, against compiling each by itself.

use crate::measure::fastest_of;
use crate::{Result, files, process};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use walkdir::WalkDir;

const MAX_BYTES: u64 = 4 << 20;
const TURNS: u32 = 3;
const LARGEST: usize = 6;

/// One import against a process for each file that compiles as `wasmtime compile` does.
pub(crate) fn against_a_loop() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let theirs = || -> Result<Duration> {
        let artifact = corpus.folder.path().join("artifact.cwasm");
        let compile = |file: &PathBuf| -> Result<Duration> {
            let program = process::sibling("bench-compile")?;
            process::time(Command::new(program).arg(file).arg(&artifact))
        };
        corpus.files.iter().map(compile).sum()
    };
    Ok(fastest_of(TURNS, || process::time(&mut corpus.import()?), theirs)?.ratio())
}

/// One import against the times, added up, that one thread takes to compile each.
pub(crate) fn parallel() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let theirs = || -> Result<Duration> {
        let program = process::sibling("bench-compile")?;
        let seconds = process::output(Command::new(program).arg("--single").args(&corpus.files))?;
        Ok(Duration::from_secs_f64(seconds.trim().parse()?))
    };
    Ok(fastest_of(TURNS, || process::time(&mut corpus.import()?), theirs)?.ratio())
}

/// The memory of one import against that of importing its largest module alone: of the largest files
/// the one that takes most, because a file may be large with data alone.
pub(crate) fn peak() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let mut largest = corpus.files.clone();
    largest.sort_by_key(|file| std::cmp::Reverse(files::len(file).unwrap_or_default()));
    let peak = |corpus: &Corpus| -> Result<u64> {
        let runs = (0..TURNS).map(|_| process::peak_memory(&mut corpus.import()?));
        runs.collect::<Result<Vec<_>>>()?.into_iter().min().ok_or("no run".into())
    };
    let alone =
        largest.iter().take(LARGEST).map(|file| peak(&Corpus::of(std::slice::from_ref(file))?));
    let theirs = alone.collect::<Result<Vec<_>>>()?.into_iter().max().ok_or("no module")?;
    let ours = peak(&corpus)?;
    eprintln!("  all {} MiB, the largest alone {} MiB", ours >> 20, theirs >> 20);
    Ok(ours as f64 / theirs as f64)
}

/// Modules in a folder of their own.
struct Corpus {
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Corpus {
    /// The modules of the corpus that are not too large and that an import accepts.
    fn accepted() -> Result<Self> {
        let corpus = std::env::var_os("WASMPORT_CORPUS")
            .ok_or("set WASMPORT_CORPUS to a folder with wasm files at any depth")?;
        let entries: Vec<_> = WalkDir::new(corpus)
            .sort_by_file_name()
            .into_iter()
            .collect::<std::result::Result<_, _>>()?;
        let is_wasm = |path: &Path| path.extension().is_some_and(|extension| extension == "wasm");
        let paths = entries.into_iter().map(walkdir::DirEntry::into_path);
        let small: Vec<PathBuf> = paths
            .filter(|path| is_wasm(path) && files::len(path).is_ok_and(|len| len <= MAX_BYTES))
            .collect();
        let checked = wasmport_build::RequiredFeatures::on_by_default();
        let accepts = |path: &PathBuf| wasmport_build::inspect(path, checked).is_ok();
        let accepted: Vec<PathBuf> = small.into_iter().filter(accepts).collect();
        eprintln!("  {} modules", accepted.len());
        Self::of(&accepted)
    }

    fn of(paths: &[PathBuf]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut copies = Vec::new();
        for (index, path) in paths.iter().enumerate() {
            let copy = folder.path().join(format!("assets/module{index}.wasm"));
            files::write(&copy, &files::read(path)?)?;
            copies.push(copy);
        }
        Ok(Self { folder, files: copies })
    }

    /// The command that imports them all, into an empty folder.
    fn import(&self) -> Result<Command> {
        let out = self.folder.path().join("out");
        if out.exists() {
            std::fs::remove_dir_all(&out)?;
        }
        let mut command = Command::new(process::sibling("cargo-wasmport")?);
        command.arg("import").arg(self.folder.path().join("assets")).arg("--out-dir").arg(&out);
        command.arg("--no-embed").arg("--quiet").current_dir(self.folder.path());
        Ok(command)
    }
}
