//! `diff`: what differs between two files, folders or revisions, and what that means for callers.

mod markdown;
mod sizes;
mod text;

pub(crate) use text::{of_capability, of_contents};

use crate::args::{DiffArgs, DiffFormat, Format};
use crate::exit::Exit;
use crate::output::Output;
use crate::text::plain;
use wasmport_build::Error;
use wasmport_build::diff::{Denial, DiffOptions, DiffReport, diff as compare};

/// Runs `diff`.
pub(crate) fn diff(args: &DiffArgs) -> Exit {
    let format = if args.format == DiffFormat::Json { Format::Json } else { Format::Human };
    let out = Output::new(format, args.quiet, args.verbose);
    let mut options = DiffOptions::default();
    options.sizes = !args.no_sizes;
    let mut report = match compare(&args.before, &args.after, options) {
        Ok(report) => report,
        Err(error) => {
            out.error(&error.to_string());
            return match error {
                Error::Arguments { .. } => Exit::Usage,
                _ => Exit::Failed,
            };
        }
    };
    let rules: Vec<Denial> = args.deny.iter().copied().map(Denial::from).collect();
    report.deny(&rules);
    match args.format {
        DiffFormat::Json => out.json(&report),
        DiffFormat::Markdown => out.line(&markdown::of_report(&report)),
        DiffFormat::Human if args.quiet => {}
        DiffFormat::Human => text::of_report(&report, args.verbose > 0, &out),
    }
    errors(&report, &out)
}

/// Prints the assets that cannot be compared and the denied differences, a line each, and returns the exit code.
fn errors(report: &DiffReport, out: &Output) -> Exit {
    let failed = report.assets.iter().filter_map(|asset| asset.error.as_ref());
    let failed = failed.map(|error| out.error(error)).count();
    for denied in &report.denied {
        let (path, rule) = (plain(&denied.path), denied.rule.name());
        out.error(&format!("{path}: {rule}: {}", plain(&denied.message)));
    }
    match (failed, report.denied.len()) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Stale,
        _ => Exit::Failed,
    }
}
