//! `import`: imports assets, by default in a helper process.

use crate::args::ImportArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Bar;
use std::path::Path;
use std::process::Command;
use wasmport_build::{Error, Report};

/// Runs `import`.
pub(crate) fn import(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    match run(args, default_config, out) {
        // A helper reports to the process that started it.
        Ok(_) if is_helper() => Exit::Done,
        Ok(report) => {
            out.report(&report, if args.reproduce { "reproduce" } else { "import" });
            Exit::of(&report)
        }
        Err(error) => {
            out.error(&error.to_string());
            Exit::Usage
        }
    }
}

fn run(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Result<Report, Error> {
    let mut importer = args.selection.importer(default_config)?.profile(args.profile.into());
    if let Some(jobs) = args.jobs {
        importer = importer.jobs(jobs.into());
    }
    if let Some(memory) = args.memory {
        importer = importer.memory_mib(memory);
    }
    if args.no_cache {
        importer = importer.no_cache();
    }
    if args.trust_cache {
        importer = importer.trust_cache();
    }
    if args.allow_tools {
        importer = importer.allow_tools();
    }
    if let Some(dir) = &args.emit_stages {
        importer = importer.emit_stages(dir);
    }
    if args.reproduce {
        importer = importer.reproduce();
    }
    if is_helper() {
        importer.serve()?;
        return Ok(Report::default());
    }
    let bar = Bar::new(out);
    let report =
        if args.no_helper { importer.run(&bar) } else { importer.run_in_helper(&bar, helper) };
    bar.finish();
    report
}

/// The variable that marks a helper process.
const HELPER: &str = "WASMPORT_HELPER";

/// Returns whether this process is a helper, which imports for the process that started it.
pub(crate) fn is_helper() -> bool {
    std::env::var_os(HELPER).is_some()
}

/// The variable for the time after which mimalloc returns freed memory, in milliseconds.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Builds the command for the helper: this program with the same arguments, so that it reads the same
/// settings.
fn helper() -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(HELPER, "1");
    if cfg!(feature = "mimalloc") && std::env::var_os(PURGE_DELAY).is_none() {
        // Compiling soon allocates freed memory again: the default of 0 ms costs time in the kernel, and
        // seconds cost memory (docs/architecture.md has the figures).
        command.env(PURGE_DELAY, "100");
    }
    Ok(command)
}
