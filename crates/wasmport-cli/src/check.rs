//! `check`.

use crate::output::Output;
use crate::{Exit, SelectionArgs};
use std::path::Path;
use wasmport_build::Status;

pub(crate) fn check(args: &SelectionArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let report = match args.importer(default_config).and_then(|importer| importer.check()) {
        Ok(report) => report,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    out.report(&report, "check");
    let stale = report.count(Status::Stale);
    if stale > 0 {
        out.error(&format!(
            "{stale} stale\n  help: run `import` with the same arguments, and commit what it writes"
        ));
    }
    match (report.count(Status::Failed), stale) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Stale,
        _ => Exit::Failed,
    }
}
