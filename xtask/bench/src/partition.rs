//! Parts of an import that several jobs share.

use crate::corpus::Corpus;
use crate::{Result, process};
use std::time::Duration;

const PARTS: u32 = 4;
const TURNS: u32 = 2;

/// The slowest part of a cold import against the mean of all, each on one thread.
pub(crate) fn balance() -> Result<f64> {
    let corpus = Corpus::accepted()?.with_targets()?;
    let mut fastest = [Duration::MAX; PARTS as usize];
    for _ in 0..TURNS {
        for (part, fastest) in (1..=PARTS).zip(&mut fastest) {
            let mut import = corpus.import_cold()?;
            import.args(["--jobs", "1", "--partition", &format!("{part}/{PARTS}")]);
            *fastest = process::time(&mut import)?.min(*fastest);
        }
    }
    eprintln!("  fastest of {TURNS}: {fastest:?}");
    let slowest = fastest.iter().max().copied().unwrap_or_default();
    let all: Duration = fastest.iter().sum();
    Ok(slowest.as_secs_f64() * f64::from(PARTS) / all.as_secs_f64())
}
