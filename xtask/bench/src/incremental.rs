//! Imports that find most of their work done, against those that find none.

use crate::corpus::{Corpus, accepted};
use crate::measure::fastest_of;
use crate::{Result, edit, files, process};
use std::time::Duration;

const TURNS: u32 = 3;
/// One large module is what people wait for.
const LARGEST: u64 = 16 << 20;

/// A cold import of a large module against importing it again after an edit; both give the same bytes.
pub(crate) fn edit() -> Result<f64> {
    let mut modules = accepted(LARGEST)?;
    modules.sort_by_key(|file| files::len(file).unwrap_or_default());
    let module = modules.pop().ok_or("no module")?;
    let corpus = Corpus::of(std::slice::from_ref(&module))?;
    let asset = corpus.files.first().ok_or("no module")?.clone();
    let before = files::read(&module)?;
    let after = edit::edited(&before)?;
    eprintln!("  {} bytes of {}", before.len(), module.display());
    let mut cold_artifacts = Vec::new();
    let mut cold = || -> Result<Duration> {
        files::write(&asset, &after)?;
        let took = process::time(&mut corpus.import_cold()?)?;
        cold_artifacts = corpus.artifacts()?;
        Ok(took)
    };
    let mut artifacts = Vec::new();
    let again = || -> Result<Duration> {
        files::write(&asset, &before)?;
        process::time(&mut corpus.import_cold()?)?;
        files::write(&asset, &after)?;
        let took = process::time(&mut corpus.import()?)?;
        artifacts = corpus.artifacts()?;
        Ok(took)
    };
    let ratio = fastest_of(TURNS, &mut cold, again)?.ratio();
    if artifacts.is_empty() || artifacts != cold_artifacts {
        return Err("the edited module became other bytes than in a cold import".into());
    }
    Ok(ratio)
}

/// A cold import of many modules against one that finds all of them.
pub(crate) fn corpus() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let cold = || process::time(&mut corpus.import_cold()?);
    let found = || process::time(&mut corpus.import()?);
    Ok(fastest_of(TURNS, cold, found)?.ratio())
}

/// A cold import that keeps what it does against one that keeps nothing.
pub(crate) fn overhead() -> Result<f64> {
    let corpus = Corpus::accepted()?;
    let kept = || process::time(&mut corpus.import_cold()?);
    let forgotten = || process::time(corpus.import_cold()?.arg("--no-cache"));
    Ok(fastest_of(TURNS, kept, forgotten)?.ratio())
}
