//! Output: results on standard output, everything else on standard error.

use crate::args::Format;
use crate::summary;
use crate::text::plain;
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use std::io::Write as _;
use wasmport::support::printable;
use wasmport_build::{AssetReport, PartReport, Partition, Report, Status};

pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default().bold();

/// The format and amount of output. `anstream` handles `NO_COLOR` and pipes.
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    verbose: u8,
    one_line_documents: bool,
}

impl Output {
    /// Creates an output with the format and verbosity of the arguments.
    pub fn new(format: Format, quiet: bool, verbose: u8) -> Self {
        Self { format, quiet, verbose, one_line_documents: false }
    }

    /// Prints each JSON document on one line, for commands that print several.
    pub fn one_line_documents(self) -> Self {
        Self { one_line_documents: true, ..self }
    }

    /// Returns whether the format is JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Returns whether results of normal interest are shown.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Returns whether results of less interest are shown.
    pub fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Returns whether progress is shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && !self.is_json()
    }

    /// Prints one line of a result.
    pub fn line(&self, line: &str) {
        // If standard output is closed, nobody reads an error about it.
        let _ = writeln!(anstream::stdout(), "{line}");
    }

    /// Prints the result as one JSON document.
    pub fn json(&self, value: &impl serde::Serialize) {
        let json = if self.one_line_documents {
            serde_json::to_string(value)
        } else {
            serde_json::to_string_pretty(value)
        };
        match json {
            Ok(json) => self.line(&json),
            Err(e) => self.error(&e.to_string()),
        }
    }

    /// Prints an error.
    pub fn error(&self, message: &str) {
        let _ = writeln!(anstream::stderr(), "{RED}error{RED:#}: {}", with_styled_help(message));
    }

    /// Prints news about a run, unless the output is quiet.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{CYAN}note{CYAN:#}: {}", plain(message));
        }
    }

    /// Prints a warning, unless the output is quiet.
    pub fn warning(&self, message: &str) {
        if !self.quiet {
            let _ = writeln!(
                anstream::stderr(),
                "{YELLOW}warning{YELLOW:#}: {}",
                with_styled_help(message)
            );
        }
    }

    /// Prints the result of a run: warnings, failures, assets and a summary.
    pub fn report(&self, report: &Report, verb: &str) {
        report.warnings.iter().for_each(|warning| self.warning(warning));
        report.failures().for_each(|(_, error)| self.error(&error.to_string()));
        missing(report).into_iter().for_each(|message| self.error(&message));
        if self.is_json() {
            return self.json(report);
        }
        if self.quiet {
            let stale = report.assets.iter().filter_map(|a| Some((a, a.stale.as_ref()?)));
            return stale.for_each(|(asset, why)| {
                self.error(&format!("`{}`: {}", plain(&asset.source), why.replace('\n', "\n  ")))
            });
        }
        let removed = report.removed.iter();
        removed.for_each(|source| {
            self.line(&format!("{YELLOW}  removed{YELLOW:#} {}", plain(source)))
        });
        report.assets.iter().for_each(|asset| self.asset(asset));
        self.table(summary::of_run(report));
        self.line(&counts(report, verb));
    }

    fn table(&self, table: Option<String>) {
        let lines = table.iter().flat_map(|table| table.lines());
        lines.for_each(|line| self.line(&format!("          {line}")));
    }

    fn asset(&self, asset: &AssetReport) {
        let (style, word) = match asset.status {
            Status::Imported => (GREEN, "imported"),
            Status::Compiled => (GREEN, "compiled"),
            Status::Stale => (YELLOW, "stale"),
            Status::Failed => (RED, "failed"),
            _ if self.verbose > 0 => (CYAN, "unchanged"),
            _ => return,
        };
        let mut why = asset.stale.iter().flat_map(|why| why.lines()).map(plain);
        let first = why.next().map(|why| format!(": {why}")).unwrap_or_default();
        self.line(&format!("{style}{word:>9}{style:#} {}{first}", plain(&asset.source)));
        why.for_each(|line| self.line(&format!("          {line}")));
        if self.verbose > 0 {
            for artifact in &asset.artifacts {
                self.line(&format!("          {} {} bytes", artifact.target, artifact.bytes));
            }
            self.table(summary::of_asset(asset));
        }
    }
}

/// Escapes control characters in a message, which may quote files, and colours its help lines.
fn with_styled_help(message: &str) -> String {
    printable(message).replace("\n  help: ", &format!("\n  {CYAN}help{CYAN:#}: "))
}

/// Sums up what a merge misses, and says what to do.
fn missing(report: &Report) -> Option<String> {
    let (first, count) = (report.missing.first()?, report.missing.len());
    let parts: BTreeSet<Partition> = report.missing.iter().filter_map(|item| item.part).collect();
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    let part = first.part.map_or_else(|| "K/N".into(), |part| part.to_string());
    let of = match parts.as_slice() {
        [] => String::new(),
        [one] => format!(", of part {one}"),
        more => format!(", of the parts {}", more.join(", ")),
    };
    let s = if count == 1 { "" } else { "s" };
    Some(format!(
        "{count} result{s} missing{of}: nothing was written\n  help: run `cargo wasmport import --partition {part}` \
         again with these sources and settings, or pass `--compile-missing`"
    ))
}

fn counts(report: &Report, verb: &str) -> String {
    let counts = [
        (Status::Compiled, "compiled"),
        (Status::Imported, "imported"),
        (Status::Unchanged, "unchanged"),
        (Status::Stale, "stale"),
        (Status::Failed, "failed"),
    ];
    let parts: Vec<String> = counts
        .into_iter()
        .map(|(status, word)| (report.count(status), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let what = if parts.is_empty() { "no assets".into() } else { parts.join(", ") };
    if let Some(PartReport { part, parts, items, of, cached, .. }) = report.part {
        return format!(
            "part {part}/{parts}: {items} of {of} items, {cached} from the cache; {what} in {:.2} s",
            report.seconds
        );
    }
    format!("{verb}: {what} in {:.2} s", report.seconds)
}
