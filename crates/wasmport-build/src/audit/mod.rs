//! Audits: which artifacts were compiled by a Wasmtime that has advisories.

mod advisories;
mod artifact;
mod assess;
mod code;
mod compiler;
mod database;
mod described;
mod error;
mod marker;
mod rank;
mod report;
mod scan;
mod sources;

pub use database::AdvisoryDatabase;
pub use error::AuditError;
pub use rank::Rank;
#[cfg(feature = "schema")]
pub use report::audit_schema;
pub use report::{
    AdvisoryReport, ArtifactReport, AssetReport, AuditReport, AuditStatus, AuditSummary,
    DatabaseReport, FileKind, FileReport, Signature,
};

use crate::fs;
use advisories::Advisories;
use assess::Assessor;
use code::Code;
use sources::Source;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// Audits files, and all files below folders: lock files, manifests, bundles, artifacts and programs.
///
/// Files that cannot be read are among the [errors](AuditReport::errors) of the report.
#[must_use]
pub fn audit<P: AsRef<Path>>(paths: &[P], database: &AdvisoryDatabase) -> AuditReport {
    let mut audit = Audit::default();
    paths.iter().for_each(|path| audit.read(path.as_ref()));
    audit.identify();
    audit.report(database)
}

/// The files that were read.
#[derive(Default)]
struct Audit {
    sources: Vec<(PathBuf, Source)>,
    files: usize,
    errors: Vec<AuditError>,
}

impl Audit {
    /// Reads a file, or all files below a folder. Of those below a folder, the ones without artifacts are not reported.
    fn read(&mut self, root: &Path) {
        for path in fs::regular_files_below(root) {
            self.files += 1;
            match path.map_err(AuditError::from).and_then(|path| Ok((sources::read(&path)?, path)))
            {
                Ok((mut source, path)) => {
                    self.errors.append(&mut source.wrong);
                    if !source.code.is_empty() || path == root {
                        self.sources.push((path, source));
                    }
                }
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Removes the artifacts that another file describes: code alone has only a major version.
    fn identify(&mut self) {
        let all = self.sources.iter().flat_map(|(_, source)| &source.code);
        let known: BTreeSet<Digest> =
            all.filter(|code| code.name.is_some()).map(|code| code.digest).collect();
        let is_new = |code: &Code| code.name.is_some() || !known.contains(&code.digest);
        self.sources.retain_mut(|(_, source)| {
            let was_empty = source.code.is_empty();
            source.code.retain(is_new);
            was_empty || !source.code.is_empty()
        });
    }

    fn report(self, database: &AdvisoryDatabase) -> AuditReport {
        let advisories = Advisories::of(&database.database);
        let errors = self.errors.iter().map(ToString::to_string).collect();
        let mut assessor = Assessor::new(&advisories, errors);
        let sources = self.sources.into_iter();
        let files: Vec<FileReport> =
            sources.map(|(path, source)| assessor.file(path, source)).collect();
        let (advisories, errors) = assessor.finish();
        let all = || files.iter().flat_map(|file| &file.assets);
        let affected = all().filter(|asset| asset.status == AuditStatus::Affected).count();
        let summary = AuditSummary { files: self.files, assets: all().count(), affected };
        AuditReport { database: database.report(), files, advisories, errors, summary }
    }
}
