//! Imports of many tiny assets, each with a number of its own.

use super::process::Process;
use crate::files;
use std::path::Path;

/// The assets in a folder.
const IN_A_FOLDER: u64 = 100;

pub(super) fn measure(numbers: &[u64]) -> crate::Result {
    println!("\nImports of modules with one function each, for one target, in one process.\n");
    println!("| assets | what | s | peak MB |");
    println!("|---|---|---|---|");
    for number in numbers {
        let project = tempfile::tempdir()?;
        write(project.path(), *number)?;
        for (what, unchanged) in [
            ("all are imported", 0),
            ("nothing changed", *number),
            ("nothing changed again", *number),
        ] {
            let took = Process::Import.start(project.path(), &[])?;
            if took.found != unchanged || !took.warnings.is_empty() {
                return Err(
                    format!("{} assets are unchanged: {:?}", took.found, took.warnings).into()
                );
            }
            println!("| {number} | {what} | {:.2} | {} |", took.seconds, took.peak / 1024);
        }
        let first = project.path().join("assets/folder0/asset0.wat");
        files::write(&first, "(module (func (export \"number\") (result i32) (i32.const -1)))")?;
        let took = Process::Import.start(project.path(), &[])?;
        println!("| {number} | one changed | {:.2} | {} |", took.seconds, took.peak / 1024);
    }
    Ok(())
}

fn write(project: &Path, number: u64) -> crate::Result {
    files::write(&project.join("wasmport.toml"), "")?;
    for asset in 0..number {
        let path = format!("assets/folder{}/asset{asset}.wat", asset / IN_A_FOLDER);
        let text = format!("(module (func (export \"number\") (result i32) (i32.const {asset})))");
        files::write(&project.join(path), text)?;
    }
    Ok(())
}
