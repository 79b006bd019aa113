//! `check`: compares imported output with its sources.

use crate::args::SelectionArgs;
use crate::exit::Exit;
use crate::output::Output;
use std::path::Path;
use wasmport_build::Status;

/// Runs `check`.
pub(crate) fn check(args: &SelectionArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let report = match args.importer(default_config).and_then(|importer| importer.run_check()) {
        Ok(report) => report,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    out.report(&report, "check");
    let stale = report.count(Status::Stale);
    if stale > 0 {
        let outputs =
            if stale == 1 { "1 output is stale" } else { &format!("{stale} outputs are stale") };
        let command = args.import_command();
        out.error(&format!("{outputs}\n  help: run `{command}`, and commit its output"));
    }
    Exit::of(&report)
}
