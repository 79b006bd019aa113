//! `import`.

use crate::output::Output;
use crate::progress::Bar;
use crate::{Exit, ImportArgs};
use std::path::Path;
use std::process::Command;
use wasmport_build::{Error, Report};

pub(crate) fn import(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    match run(args, default_config, out) {
        // It has told the process that started it.
        Ok(_) if is_helper() => Exit::Done,
        Ok(report) => {
            out.report(&report, if args.verify { "verify" } else { "import" });
            Exit::of(&report)
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
    if let Some(memory) = args.memory {
        importer = importer.memory_mib(memory);
    }
    if args.no_cache {
        importer = importer.no_cache();
    }
    if args.verify {
        importer = importer.reproduce();
    }
    if is_helper() {
        importer.serve()?;
        return Ok(Report::default());
    }
    let bar = Bar::new(out.shows_progress());
    let report =
        if args.no_helper { importer.run(&bar) } else { importer.run_in_helper(&bar, helper) };
    bar.finish();
    report
}

/// Set in the process that imports for another.
const HELPER: &str = "WASMPORT_HELPER";

/// Whether this process imports for another.
pub(crate) fn is_helper() -> bool {
    std::env::var_os(HELPER).is_some()
}

/// How long mimalloc keeps memory that was freed, in milliseconds.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// This very command again: whatever program it is a part of, it comes to the same settings.
fn helper() -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(HELPER, "1");
    if cfg!(feature = "mimalloc") && std::env::var_os(PURGE_DELAY).is_none() {
        // Compiling frees memory and soon takes it again: giving it back to the system in between
        // took an eighth of the time, and keeping it much longer a tenth of the memory.
        command.env(PURGE_DELAY, "100");
    }
    Ok(command)
}
