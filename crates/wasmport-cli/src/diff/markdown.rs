//! A report in Markdown for a comment on a pull request: of bounded length, with names of files inside code spans alone.

use super::{sizes, text};
use crate::text::plain;
use wasmport_build::contents::Capability;
use wasmport_build::diff::{AssetDiff, Change, DiffReport, DiffStatus, Mover};

/// The largest report in bytes. Comments on GitHub may have 65536 characters.
const LARGEST: usize = 60_000;

/// The bytes that are left for the last line.
const RESERVE: usize = 500;

/// The number of differences of one kind that are listed of an asset.
const LISTED: usize = 30;

/// The number of functions that are listed.
const FUNCTIONS: usize = 10;

/// The longest name in bytes.
const LONGEST: usize = 400;

/// Returns the report.
pub(super) fn of_report(report: &DiffReport) -> String {
    let mut page = Page(String::new());
    let (before, after) = (code(&report.before.name), code(&report.after.name));
    let _ = page.push(&format!("### Differences of {before} and {after}\n\n"));
    let _ = page.push(&format!("{}\n\n", text::summary(report)));
    for denied in report.denied.iter().take(LISTED) {
        let (path, message) = (code(&denied.path), code(&denied.message));
        let _ = page.push(&format!("- **{}**: {path}: {message}\n", denied.rule.name()));
    }
    let records: Vec<String> =
        report.records.iter().map(|record| code(&text::of_record(record))).collect();
    let _ = page.push(&list("Records", &records));
    let different: Vec<&AssetDiff> =
        report.assets.iter().filter(|asset| asset.status != DiffStatus::Same).collect();
    if !different.is_empty() {
        let head = "\n| asset | result | compatibility | version | size |\n|---|---|---|---|---|\n";
        let _ = page.push(head);
    }
    let rows: Vec<String> = different.iter().map(|asset| row(asset)).collect();
    let in_table = rows.iter().take_while(|row| page.push(row)).count();
    let sections = different.iter().map(|asset| section(asset));
    let whole = sections.take_while(|section| page.push(section)).count();
    page.end(different.len() - in_table, different.len() - whole)
}

/// Text of bounded length.
struct Page(String);

impl Page {
    /// Adds a text, and returns whether there was room for it.
    fn push(&mut self, text: &str) -> bool {
        let has_room = self.0.len() + text.len() <= LARGEST - RESERVE;
        if has_room {
            self.0.push_str(text);
        }
        has_room
    }

    fn end(self, rows: usize, sections: usize) -> String {
        let mut text = self.0;
        if rows > 0 {
            text.push_str(&format!("\n{rows} more assets differ than the table has room for.\n"));
        }
        if sections > 0 {
            text.push_str(&format!("\nThe details of {sections} assets were left out.\n"));
        }
        text.trim_end().to_owned()
    }
}

/// Returns the row of an asset.
fn row(asset: &AssetDiff) -> String {
    let compatibility = asset.contents.compatibility.map_or("not known", |known| known.name());
    let level = asset.contents.level.map_or("", |level| level.name());
    let size = text::size(asset.before, asset.after).unwrap_or_default();
    let (path, status) = (cell(&code(&asset.path)), asset.status.name());
    let compatibility = match asset.status {
        DiffStatus::Failed => "",
        _ => compatibility,
    };
    format!("| {path} | {status} | {compatibility} | {level} | {size} |\n")
}

/// Returns the details of an asset.
fn section(asset: &AssetDiff) -> String {
    let contents = &asset.contents;
    let mut body = String::new();
    if let Some(kind) = asset.kind {
        let (before, after) = (kind.before.name(), kind.after.name());
        body.push_str(&format!("- it was a {before} and is a {after}\n"));
    }
    let capabilities = |capabilities: &[Capability]| -> Vec<String> {
        capabilities.iter().map(|capability| code(text::of_capability(capability).trim())).collect()
    };
    body.push_str(&list("now wants", &capabilities(&contents.capabilities.gained)));
    body.push_str(&list("no longer wants", &capabilities(&contents.capabilities.lost)));
    let changes: Vec<String> = contents.interface.iter().map(change).collect();
    // Nothing used an added asset.
    if asset.status != DiffStatus::Added {
        body.push_str(&list("interface", &changes));
    }
    let engine: Vec<String> =
        text::of_engine(&contents.engine).iter().map(|line| code(line)).collect();
    body.push_str(&list("engine", &engine));
    let records: Vec<String> =
        asset.records.iter().map(|record| code(&text::of_record(record))).collect();
    body.push_str(&list("records", &records));
    let artifacts: Vec<String> =
        asset.artifacts.iter().map(|artifact| code(&text::of_artifact(artifact))).collect();
    body.push_str(&list("artifacts", &artifacts));
    if let Some(diff) = &asset.sizes {
        let mover = |mover: &Mover| format!("{}: {}", code(&sizes::name(mover)), sizes::of(mover));
        let functions: Vec<String> = diff.functions.iter().take(FUNCTIONS).map(mover).collect();
        body.push_str(&list("functions of other sizes", &functions));
    }
    body.push_str(&list("error", &asset.error.iter().map(|error| code(error)).collect::<Vec<_>>()));
    if body.is_empty() {
        return String::new();
    }
    format!("\n#### {}\n\n{body}", code(&asset.path))
}

/// Returns a list item with a list of the first parts; nothing without parts.
fn list(title: &str, parts: &[String]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let listed: String = parts.iter().take(LISTED).map(|part| format!("  - {part}\n")).collect();
    let more = match parts.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("  - and {more} more\n"),
    };
    format!("- {title}\n{listed}{more}")
}

fn change(change: &Change) -> String {
    let name = code(&text::name(change));
    let types = match (&change.before, &change.after) {
        (None, Some(after)) => format!("added: {}", code(after)),
        (Some(before), None) => format!("removed: {}", code(before)),
        (before, after) => {
            let [before, after] = [before, after].map(|ty| ty.as_deref().unwrap_or_default());
            format!("{} became {}", code(before), code(after))
        }
    };
    let (direction, compatibility) = (change.direction.name(), change.compatibility.name());
    format!("{direction} {name} {types} (**{compatibility}**: {})", code(&change.reason))
}

/// Writes any text as a code span on one line, in which Markdown and HTML have no meaning.
fn code(text: &str) -> String {
    let mut text = plain(text).replace('\t', " ");
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A span neither begins nor ends with a backtick, and is never empty.
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Escapes a code span for a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_code_span() {
        let cases = [
            ("calc.wat", "`calc.wat`"),
            ("a`b", "``a`b``"),
            ("`a``", "``` `a`` ```"),
            ("", "`  `"),
            ("<script>\n| \x1b[2J @user", "`<script>\\n| \\u{1b}[2J @user`"),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected, "{text:?}");
        }
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert!(code(&"`".repeat(10_000)).len() < 3 * LONGEST + 20);
    }

    #[test]
    fn a_page_has_a_bound() {
        let mut page = Page(String::new());
        let pushed = (0..100_000).take_while(|_| page.push("0123456789\n")).count();
        assert!(pushed < 6000);
        let text = page.end(usize::MAX, usize::MAX);
        assert!(text.len() <= LARGEST, "{}", text.len());
        assert!(text.ends_with("were left out."));
    }
}
