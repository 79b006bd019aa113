//! The tables in Markdown.

use crate::peers::{Module, WITHOUT_COMPONENTS};
use crate::report::{OfModule, Report, Row};
use std::fmt::Write as _;

/// A column of a table about a module: title, figure, divisor and decimals.
type Column = (&'static str, &'static str, f64, usize);

const FIRST: Column = ("start to first call, ms", "first_call_ns", 1e6, 1);
const INSTANTIATE: Column = ("instantiate, µs", "instantiate_ns", 1e3, 1);
const PEAK: Column = ("peak memory, MiB", "peak_kib", 1024.0, 1);
const CALL: Column = ("call, ns", "call_ns", 1.0, 1);
const HOST: Column = ("host call, ns", "host_ns", 1.0, 1);
const TEXT: Column = ("call with text, ns", "text_ns", 1.0, 0);
const HOST_CALL: Column = ("call with a host call, ns", "host_ns", 1.0, 1);
const COMPUTE: Column = ("slug of 70 kB, ms", "compute_ns", 1e6, 2);

/// Returns all tables.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = machine(report);
    programs(&mut text, &report.rows);
    for module in Module::ALL {
        let (title, columns): (_, &[Column]) = match module {
            Module::Small => ("`small.wasm`: calls", &[FIRST, CALL, HOST, INSTANTIATE, PEAK]),
            Module::Real => {
                ("`slugs.wasm`: text and computing", &[FIRST, COMPUTE, INSTANTIATE, PEAK])
            }
            Module::Component => {
                ("`shelf.wasm`: a component", &[FIRST, CALL, TEXT, HOST_CALL, INSTANTIATE, PEAK])
            }
        };
        of_module(&mut text, report, module, title, columns);
    }
    for skipped in &report.skipped {
        line(&mut text, &format!("\nSkipped: {}: {}", skipped.name, skipped.reason));
    }
    text
}

/// Returns the sentence about the machine.
fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let cc = machine.cc.as_deref().map(|cc| format!(", {cc}")).unwrap_or_default();
    let quick = if report.quick { " Few runs: figures of no worth." } else { "" };
    format!(
        "Measured on {}: {}, {} cores, {} GiB, {}, {}{cc}; load {} before.{quick}\n",
        machine.date,
        machine.cpu,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.rustc,
        machine.load,
    )
}

/// Adds the table of builds, sizes and lines.
fn programs(text: &mut String, rows: &[Row]) {
    line(text, "\n**Programs**\n");
    line(
        text,
        "| | version | clean build, s | packages | program, KiB | host code, lines: small | slugs | shelf | build, lines |",
    );
    line(text, "|---|---|--:|--:|--:|--:|--:|--:|--:|");
    for row in rows {
        let lines = Module::ALL
            .map(|module| cell(row.module(module).map(|module| module.host_lines.to_string())));
        let cells = [
            row.label.clone(),
            row.version.clone(),
            cell(row.build_seconds.map(|seconds| format!("{seconds:.0}"))),
            cell(row.crates.map(|crates| crates.to_string())),
            kib(row.program_bytes),
            lines.join(" | "),
            row.build_lines.to_string(),
        ];
        line(text, &format!("| {} |", cells.join(" | ")));
    }
}

/// Adds the table of a module.
fn of_module(text: &mut String, report: &Report, module: Module, title: &str, columns: &[Column]) {
    let rows: Vec<(&str, &OfModule)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row.label.as_str(), row.module(module)?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    line(text, &format!("\n**{title}**\n"));
    let titles: Vec<_> = columns.iter().map(|(title, ..)| *title).collect();
    line(text, &format!("| | {} | artifact file, KiB |", titles.join(" | ")));
    line(text, &format!("|---{}|--:|", "|--:".repeat(columns.len())));
    for (label, of_module) in rows {
        let figure = |(_, name, divisor, decimals): &Column| {
            let value = of_module.figures.get(*name);
            cell(value.map(|value| format!("{:.decimals$}", value / divisor)))
        };
        let figures = columns.iter().map(figure).collect::<Vec<_>>().join(" | ");
        let artifact = cell(of_module.artifact_bytes.map(kib));
        line(text, &format!("| {label} | {figures} | {artifact} |"));
    }
    if module == Module::Component {
        line(text, &format!("| {WITHOUT_COMPONENTS} |{} — |", " — |".repeat(columns.len())));
    }
}

/// Returns the text, or a dash for no figure.
fn cell(text: Option<String>) -> String {
    text.unwrap_or_else(|| "—".into())
}

fn kib(bytes: u64) -> String {
    bytes.div_ceil(1024).to_string()
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::report::Skipped;
    use std::collections::BTreeMap;

    fn report() -> Report {
        let figures = [("first_call_ns", 1_234_567.0), ("peak_kib", 2048.0), ("call_ns", 3.25)];
        let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        let module = OfModule { host_lines: 40, artifact_bytes: Some(1500), figures };
        Report {
            quick: true,
            machine: Machine {
                date: "2026-01-02".into(),
                cpu: "A CPU".into(),
                cores: 2,
                memory_gib: 8,
                system: "Linux".into(),
                rustc: "rustc 1".into(),
                cc: None,
                load: 0.25,
            },
            rows: vec![Row {
                name: "wasmi".into(),
                label: "Wasmi".into(),
                version: "2.0.0".into(),
                build_seconds: Some(12.4),
                crates: None,
                program_bytes: 2049,
                build_lines: 0,
                modules: BTreeMap::from([("small", module)]),
            }],
            skipped: vec![Skipped { name: "wasm2c".into(), reason: "no `cc`".into() }],
        }
    }

    #[test]
    fn tables_have_units_and_dashes() {
        let text = markdown(&report());
        assert!(text.contains("| Wasmi | 2.0.0 | 12 | — | 3 | 40 | — | — | 0 |\n"), "{text}");
        assert!(text.contains("| Wasmi | 1.2 | 3.2 | — | — | 2.0 | 2 |\n"), "{text}");
        assert!(text.contains("Skipped: wasm2c: no `cc`"), "{text}");
        assert!(text.contains("Few runs") && !text.contains("slugs.wasm"), "{text}");
    }

    #[test]
    fn json_has_the_same_figures() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["peers"][0]["modules"]["small"]["call_ns"], 3.25);
        assert_eq!(json["peers"][0]["modules"]["small"]["artifact_bytes"], 1500);
        assert_eq!(json["machine"]["cores"], 2);
    }
}
