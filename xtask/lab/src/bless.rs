//! Bless: what the importer generates and the cases print now becomes the expected output.

use crate::{Result, root};
use walkdir::WalkDir;
use wasmport_build::{Error, Importer, Settings, Status};

/// Imports every project with committed output again, then rewrites what the cases expect, the tests in
/// `docs/faults.md`, the schemas, the tables of `docs/settings.md`, the examples of `docs/stages.md`, and messages.
pub(crate) fn run() -> Result {
    for settings in projects()? {
        let file = settings.file.clone().unwrap_or_default();
        // Output of this version counts as fresh, even if another generator wrote it.
        std::fs::remove_dir_all(&settings.out_dir)?;
        let report = Importer::new(settings).no_cache().update_lock().run(&())?;
        if report.count(Status::Failed) > 0 {
            return Err(Box::new(Error::Failed(Box::new(report))));
        }
        println!("{}: {} imported", file.display(), report.count(Status::Imported));
    }
    // In the workspace, which has been built already: packages alone have other features.
    let mut cargo = crate::cargo();
    cargo.args(["test", "--quiet", "--workspace", "--test", "cases", "--test", "faults"]);
    let status = cargo.env("BLESS", "1").current_dir(root()).status()?;
    if !status.success() {
        return Err("the cases or the list of faults failed".into());
    }
    let mut cargo = crate::cargo();
    cargo.args(["test", "--quiet", "--workspace", "--test", "it", "--"]);
    cargo.args(["schema::", "stage_docs::", "messages::tables::"]);
    let status = cargo.env("BLESS", "1").current_dir(root()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err("the schemas, the book and the messages cannot be written".into())
    }
}

/// Returns the settings of all fixtures whose output folder holds a manifest: that output is committed.
fn projects() -> Result<Vec<Settings>> {
    let mut projects = Vec::new();
    for entry in WalkDir::new(root().join("fixtures")).sort_by_file_name() {
        let entry = entry?;
        if entry.file_name() == "wasmport.toml" {
            let settings = Settings::from_file(entry.path())?;
            projects.extend(settings.out_dir.join("wasmport.json").exists().then_some(settings));
        }
    }
    Ok(projects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_output_is_current_and_as_locked() {
        let projects = projects().unwrap();
        assert!(projects.len() > 1);
        for settings in projects {
            let file = settings.file.clone().unwrap();
            for asset in Importer::new(settings).locked().run_check().unwrap().assets {
                let is_current = asset.status == Status::Unchanged;
                let (source, stale) = (&asset.source, &asset.stale);
                assert!(
                    is_current,
                    "{}: {source}: {stale:?} (`cargo xtask bless`)",
                    file.display()
                );
            }
        }
    }
}
