//! Bless: what the cases print and the importer generates now becomes what is expected.

use crate::{Result, root};
use std::process::Command;
use wasmport_build::{Importer, Settings, Status};

/// The settings of everything generated that is committed.
pub(crate) const SETTINGS: &[&str] = &[
    "fixtures/wasmport.toml",
    "fixtures/cases/wasmport.toml",
    "fixtures/projects/checked-in/wasmport.toml",
    "fixtures/projects/verified/wasmport.toml",
];

pub(crate) fn run() -> Result {
    for path in SETTINGS {
        let settings = Settings::from_file(&root().join(path))?;
        // All of it is generated; a new generator of the same version must not find it fresh.
        std::fs::remove_dir_all(&settings.out_dir).or_else(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(e),
        })?;
        let report = Importer::new(settings).no_cache().update_lock().run(&())?;
        if report.count(Status::Failed) > 0 {
            return Err(Box::new(wasmport_build::Error::Failed(Box::new(report))));
        }
        println!("{path}: {} imported", report.count(Status::Imported));
    }
    let tests = ["test", "--quiet", "--package", "wasmport-cli", "--test", "cases"];
    let status =
        Command::new(crate::cargo()).args(tests).env("BLESS", "1").current_dir(root()).status()?;
    if status.success() { Ok(()) } else { Err("the cases failed".into()) }
}
