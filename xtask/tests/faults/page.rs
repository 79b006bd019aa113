//! The table of `docs/faults.md`; `cargo xtask faults` reads it too.

/// The cell of a row that no test covers, or its end if the remote part has none.
pub(crate) const WAITS: &str = "waits: remote tier";
/// The cell of a row that has no test and does not wait.
pub(crate) const NONE: &str = "no test yet";

/// Splits a line of the table into its number, the line without the cell of tests, and that cell.
pub(crate) fn row(line: &str) -> Option<(u32, &str, &str)> {
    let number = line.strip_prefix("| ")?.split(' ').next()?.parse().ok()?;
    let (row, cell) = line.strip_suffix(" |")?.rsplit_once(" | ")?;
    Some((number, &line[..row.len() + 2], cell))
}
