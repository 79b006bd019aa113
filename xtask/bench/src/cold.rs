//! An import of many real modules that finds nothing done before, against compiling each by itself.

use crate::corpus::Corpus;
use crate::measure::fastest_of;
use crate::{Result, files, process};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const TURNS: u32 = 5;
const LARGEST: usize = 6;

/// One import against a process for each file that compiles as `wasmtime compile` does; both compile
/// the same code.
pub(crate) fn against_a_loop() -> Result<f64> {
    against_a_loop_of(&Corpus::accepted()?.like_wasmtime()?)
}

/// One import with default settings, whose code is for any machine and has NaNs made the same, against
/// the same processes.
pub(crate) fn portable_against_a_loop() -> Result<f64> {
    against_a_loop_of(&Corpus::accepted()?)
}

fn against_a_loop_of(corpus: &Corpus) -> Result<f64> {
    let artifacts = tempfile::tempdir()?;
    let theirs = || -> Result<Duration> {
        let artifact = artifacts.path().join("artifact.cwasm");
        let compile = |file: &PathBuf| -> Result<Duration> {
            let program = process::sibling("bench-compile")?;
            process::time(Command::new(program).arg(file).arg(&artifact))
        };
        corpus.files.iter().map(compile).sum()
    };
    Ok(fastest_of(TURNS, || process::time(&mut corpus.import_cold()?), theirs)?.ratio())
}

/// One import against the times, added up, that one thread takes to compile each.
pub(crate) fn parallel() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let theirs = || -> Result<Duration> {
        let program = process::sibling("bench-compile")?;
        let seconds = process::output(Command::new(program).arg("--single").args(&corpus.files))?;
        Ok(Duration::from_secs_f64(seconds.trim().parse()?))
    };
    Ok(fastest_of(TURNS, || process::time(&mut corpus.import_cold()?), theirs)?.ratio())
}

/// The memory of one import against that of importing its largest module alone: of the largest files
/// the one that takes most, because a file may be large with data alone.
pub(crate) fn peak() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let mut largest = corpus.files.clone();
    largest.sort_by_key(|file| std::cmp::Reverse(files::len(file).unwrap_or_default()));
    let peak = |corpus: &Corpus| -> Result<u64> {
        let runs = (0..TURNS).map(|_| process::peak_memory(&mut corpus.import_cold()?));
        runs.collect::<Result<Vec<_>>>()?.into_iter().min().ok_or("no run".into())
    };
    let alone =
        largest.iter().take(LARGEST).map(|file| peak(&Corpus::of(std::slice::from_ref(file))?));
    let theirs = alone.collect::<Result<Vec<_>>>()?.into_iter().max().ok_or("no module")?;
    let ours = peak(&corpus)?;
    eprintln!("  all {} MiB, the largest alone {} MiB", ours >> 20, theirs >> 20);
    Ok(ours as f64 / theirs as f64)
}
