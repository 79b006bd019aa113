//! `import`.

use crate::output::Output;
use crate::progress::Bar;
use crate::{Exit, ImportArgs};
use std::path::Path;
use wasmport_build::{Error, Report, Status};

pub(crate) fn import(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    match run(args, default_config, out) {
        Ok(report) => {
            out.report(&report, "import");
            if report.count(Status::Failed) > 0 { Exit::Failed } else { Exit::Done }
        }
        Err(error) => {
            out.error(&error.to_string());
            Exit::Usage
        }
    }
}

fn run(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Result<Report, Error> {
    let mut importer = args.selection.importer(default_config)?;
    if let Some(jobs) = args.jobs {
        importer = importer.jobs(jobs.into());
    }
    let bar = Bar::new(out.shows_progress());
    let report = importer.run(&bar);
    bar.finish();
    report
}
