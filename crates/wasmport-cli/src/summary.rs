//! Tables of the stages of a run or an asset.

use crate::text::{bytes, plain};
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use std::collections::BTreeMap;
use wasmport_build::{AssetReport, Report, Stage, StageReport, Status};

/// Returns a table with a row for each stage and target of the imported assets, in the order of the stages.
pub(crate) fn of_run(report: &Report) -> Option<String> {
    let mut stages: Vec<(Stage, String)> = Vec::new();
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let is_imported = |status| matches!(status, Status::Imported | Status::Compiled);
    let imported = report.assets.iter().filter(|asset| is_imported(asset.status));
    for stage in imported.flat_map(|asset| &asset.stages) {
        let name = match &stage.target {
            Some(target) => format!("{} {target}", stage.stage),
            None => stage.stage.to_string(),
        };
        if !totals.contains_key(&name) {
            stages.push((stage.stage, name.clone()));
        }
        totals.entry(name).or_default().add(stage);
    }
    // Some assets skip stages, so the order of appearance is not the order of the stages.
    stages.sort_by_key(|(stage, _)| *stage);
    let rows = stages.iter().filter_map(|(_, name)| {
        let Totals { count, skipped, cached, before, after, seconds } = totals.get(name)?;
        let notes = [(cached, "from the cache"), (skipped, "skipped")];
        let notes = notes.iter().filter(|(count, _)| **count > 0);
        let notes: Vec<String> = notes.map(|(count, what)| format!("{count} {what}")).collect();
        Some([
            name.clone(),
            count.to_string(),
            bytes(*before),
            bytes(*after),
            time(*seconds),
            notes.join(", "),
        ])
    });
    table(["stage", "done", "before", "after", "time", ""], rows.collect())
}

/// Returns a table with a row for each stage of one asset.
pub(crate) fn of_asset(asset: &AssetReport) -> Option<String> {
    let rows = asset.stages.iter().map(|stage| {
        let target = stage.target.as_ref().map(ToString::to_string);
        let cached = if stage.cached { "from the cache" } else { "" };
        let by = [stage.by.as_deref().unwrap_or_default(), cached].join(" ");
        let note =
            stage.skipped.as_ref().map_or(by.trim().to_owned(), |why| format!("skipped: {why}"));
        let name = stage.stage.to_string();
        let note = plain(&[target.unwrap_or_default(), note].join(" "));
        [name, bytes(stage.before), bytes(stage.after), time(stage.seconds), note.trim().to_owned()]
    });
    table(["", "before", "after", "time", ""], rows.collect())
}

/// The totals of a stage over all assets.
#[derive(Default)]
struct Totals {
    count: usize,
    skipped: usize,
    cached: usize,
    before: u64,
    after: u64,
    seconds: f64,
}

impl Totals {
    fn add(&mut self, stage: &StageReport) {
        self.seconds += stage.seconds;
        if stage.skipped.is_some() {
            self.skipped += 1;
        } else {
            self.count += 1;
            self.cached += usize::from(stage.cached);
            self.before += stage.before;
            self.after += stage.after;
        }
    }
}

fn table<const N: usize>(header: [&str; N], rows: Vec<[String; N]>) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(1).take(N - 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Some(table.trim_fmt())
}

/// Formats a time. Totals can exceed the duration of the run: several assets run at the same time.
fn time(seconds: f64) -> String {
    if seconds < 0.0995 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!([time(0.000_04), time(0.05), time(1.234)], ["0.0 ms", "50.0 ms", "1.23 s"]);
    }
}
