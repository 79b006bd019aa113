//! An import that finds nothing to do, against merely reading and hashing the sources.

use crate::measure::{fastest_of, time};
use crate::{Result, files, wasm};
use std::hint::black_box;
use std::path::Path;
use walkdir::WalkDir;
use wasmport_build::{Importer, Status};

const ASSETS: usize = 200;
const TURNS: u32 = 200;

pub(crate) fn import_200() -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let sources = folder.path().join("assets");
    write_sources(&sources)?;
    let importer =
        wasmport_build::configure().root(&sources).out_dir(folder.path().join("imported"));
    eprintln!("  importing {ASSETS} assets");
    import(&importer, Status::Imported)?;
    let ours = || time(|| import(&importer, Status::Unchanged));
    let theirs = || time(|| read_and_hash(&sources));
    Ok(fastest_of(TURNS, ours, theirs)?.ratio())
}

/// Imports; every asset is to end up as `expected`.
fn import(importer: &Importer, expected: Status) -> Result {
    let report = importer.run(&())?;
    match report.count(expected) {
        ASSETS => Ok(()),
        count => Err(format!("{count} of {ASSETS} assets are {expected:?}").into()),
    }
}

/// The least that any tool must do which trusts no timestamps.
fn read_and_hash(sources: &Path) -> Result {
    let mut total = 0;
    for entry in WalkDir::new(sources).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            total += entry.metadata()?.len();
            black_box(blake3::hash(&files::read(entry.path())?));
        }
    }
    black_box(total);
    Ok(())
}

/// Folders of 20 assets each, from 1 to 60 KB. As in real projects small ones are frequent: each
/// is larger than the one before by the same factor. One in four is text.
fn write_sources(folder: &Path) -> Result {
    for index in 0..ASSETS {
        let bytes = 1_000.0 * 60_f64.powf(index as f64 / (ASSETS - 1) as f64);
        let is_text = index % 4 == 0;
        let functions = bytes / if is_text { TEXT_PER_FUNCTION } else { BINARY_PER_FUNCTION };
        let text = wasm::wat((functions as usize).max(1), 3 + index % 10);
        let name = format!("group{}/asset{index}.", index % 10);
        if is_text {
            files::write(&folder.join(name + "wat"), text.as_bytes())?;
        } else {
            files::write(&folder.join(name + "wasm"), &wat::parse_str(text)?)?;
        }
    }
    Ok(())
}

/// What a function of [`wasm::wat`] takes on average, in bytes.
const TEXT_PER_FUNCTION: f64 = 1_000.0;
const BINARY_PER_FUNCTION: f64 = 150.0;
