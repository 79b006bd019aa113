//! `doctor`: findings about the machine, the package and the project.

use crate::args::{DoctorArgs, settings};
use crate::exit::Exit;
use crate::output::{CYAN, GREEN, Output, RED, YELLOW};
use crate::text::{count, plain};
use std::path::Path;
use wasmport_build::doctor::{Diagnosis, Finding, Level, diagnose};

/// Runs `doctor`.
pub(crate) fn doctor(args: &DoctorArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let config = args.config.as_deref().or(default_config);
    let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
    let diagnosis = diagnose(settings(args.config.as_deref(), default_config), folder);
    if out.is_json() {
        out.json(&diagnosis);
    } else {
        show(&diagnosis, out);
    }
    if diagnosis.summary.errors > 0 { Exit::Failed } else { Exit::Done }
}

fn show(diagnosis: &Diagnosis, out: &Output) {
    let is_shown = |finding: &&Finding| !out.is_quiet() || finding.level >= Level::Warning;
    for finding in diagnosis.findings.iter().filter(is_shown) {
        let (style, word) = match finding.level {
            Level::Ok => (GREEN, "ok"),
            Level::Note => (CYAN, "note"),
            Level::Warning => (YELLOW, "warning"),
            _ => (RED, "error"),
        };
        let (subject, mut cause) = (plain(&finding.subject), finding.cause.lines().map(plain));
        let first = cause.next().unwrap_or_default();
        let check = finding.check;
        out.line(&format!("{style}{word:>9}{style:#} {check}: {subject}: {first}"));
        cause.for_each(|line| out.line(&format!("          {line}")));
        let mend = finding.mend.iter().flat_map(|mend| mend.lines());
        mend.for_each(|line| out.line(&format!("          {CYAN}help{CYAN:#}: {}", plain(line))));
    }
    if !out.is_quiet() {
        let summary = diagnosis.summary;
        out.line(&format!(
            "doctor: {} ok, {}, {}, {}",
            summary.ok,
            count(summary.notes, "note"),
            count(summary.warnings, "warning"),
            count(summary.errors, "error")
        ));
    }
}
