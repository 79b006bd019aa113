//! What the stages of a run did, as a table.

use comfy_table::{CellAlignment, Table, presets::NOTHING};
use std::collections::BTreeMap;
use wasmport_build::{AssetReport, Report, StageReport, Status};

/// A row for each stage that did something for what was imported, in the order in which stages run.
pub(crate) fn of_run(report: &Report) -> Option<String> {
    let mut stages: Vec<String> = Vec::new();
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let imported = report.assets.iter().filter(|asset| asset.status == Status::Imported);
    for stage in imported.flat_map(|asset| &asset.stages) {
        let name = match &stage.target {
            Some(target) => format!("{} {target}", stage.stage),
            None => stage.stage.to_string(),
        };
        if !stages.contains(&name) {
            stages.push(name.clone());
        }
        totals.entry(name).or_default().add(stage);
    }
    stages.sort_by_key(|name| order(name));
    let rows = stages.iter().filter_map(|name| {
        let Totals { count, skipped, cached, before, after, seconds } = totals.get(name)?;
        let notes = [(cached, "from the cache"), (skipped, "left out")];
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

/// A row for each stage of one asset.
pub(crate) fn of_asset(asset: &AssetReport) -> Option<String> {
    let rows = asset.stages.iter().map(|stage| {
        let target = stage.target.as_ref().map(ToString::to_string);
        let cached = if stage.cached { "from the cache" } else { "" };
        let by = [stage.by.as_deref().unwrap_or_default(), cached].join(" ");
        let note =
            stage.skipped.as_ref().map_or(by.trim().to_owned(), |why| format!("left out: {why}"));
        let name = stage.stage.to_string();
        let note = crate::text::plain(&[target.unwrap_or_default(), note].join(" "));
        [name, bytes(stage.before), bytes(stage.after), time(stage.seconds), note.trim().to_owned()]
    });
    table(["", "before", "after", "time", ""], rows.collect())
}

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

/// Where a stage stands: assets that leave stages out do not change the order.
fn order(name: &str) -> usize {
    const STAGES: [&str; 13] = [
        "read",
        "translate",
        "validate",
        "preinit",
        "compose",
        "transform",
        "optimize",
        "world",
        "strip",
        "canonicalize",
        "compile",
        "compress",
        "codegen",
    ];
    let stage = name.split(' ').next().unwrap_or_default();
    STAGES.iter().position(|known| *known == stage).unwrap_or(STAGES.len())
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

/// In the largest unit that leaves a number above one.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} GiB")
}

/// Added up over all assets, of which several run at once.
fn time(seconds: f64) -> String {
    if seconds < 0.0995 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!([bytes(0), bytes(1023), bytes(1024)], ["0 B", "1023 B", "1.0 KiB"]);
        assert_eq!([bytes(5 << 20), bytes(3 << 40)], ["5.0 MiB", "3072.0 GiB"]);
        assert_eq!([time(0.000_04), time(0.05), time(1.234)], ["0.0 ms", "50.0 ms", "1.23 s"]);
    }
}
