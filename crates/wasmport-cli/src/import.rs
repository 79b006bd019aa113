//! `import` and `merge`: import assets, by default in a helper process.

use crate::args::{ImportArgs, MergeArgs, RunArgs};
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Bar;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use wasmport_build::{Error, Importer, Report};

/// Runs `import`.
pub(crate) fn import(args: &ImportArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    if args.dry_run {
        return dry_run(args.importer(default_config), out);
    }
    let verb = if args.reproduce { "reproduce" } else { "import" };
    run(args.importer(default_config), &args.run, verb, out)
}

fn dry_run(importer: Result<Importer, Error>, out: &Output) -> Exit {
    match importer.and_then(|importer| importer.plan()) {
        Ok(plan) => {
            out.plan(&plan);
            if plan.summary.fail > 0 || plan.is_refused { Exit::Failed } else { Exit::Done }
        }
        Err(error) => {
            out.error(&error.to_string());
            Exit::Usage
        }
    }
}

/// Runs `merge`.
pub(crate) fn merge(args: &MergeArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    run(args.importer(default_config), &args.run, "merge", out)
}

fn run(importer: Result<Importer, Error>, args: &RunArgs, verb: &str, out: &Output) -> Exit {
    match importer.and_then(|importer| report(&importer, args, out)) {
        // A helper reports to the process that started it.
        Ok(_) if is_helper() => Exit::Done,
        Ok(report) => {
            out.report(&report, verb);
            Exit::of(&report)
        }
        Err(error) => {
            out.error(&error.to_string());
            Exit::Usage
        }
    }
}

fn report(importer: &Importer, args: &RunArgs, out: &Output) -> Result<Report, Error> {
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
    helper_for(&std::env::args_os().skip(1).collect::<Vec<_>>())
}

/// Builds the command for a helper with other arguments, such as those of an import.
pub(crate) fn helper_for(args: &[OsString]) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args).env(HELPER, "1");
    if cfg!(feature = "mimalloc") && std::env::var_os(PURGE_DELAY).is_none() {
        // Compiling soon allocates freed memory again: the default of 0 ms costs time in the kernel, and
        // seconds cost memory (docs/architecture.md has the figures).
        command.env(PURGE_DELAY, "100");
    }
    Ok(command)
}
