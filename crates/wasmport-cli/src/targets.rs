//! `targets`: the targets, and which of them this machine runs.

use crate::args::{TargetsArgs, settings};
use crate::exit::Exit;
use crate::output::Output;
use serde::Serialize;
use std::path::Path;
use wasmport_build::{Target, common_targets, has_code_generator};

/// A target, for the table and as JSON.
#[derive(Serialize)]
struct Row {
    target: Target,
    runs_here: bool,
    /// This build of the command has a code generator for the target.
    compiles: bool,
    /// The project imports for the target or one of its CPU levels.
    chosen: bool,
    levels: Vec<Level>,
    cpu_features: Vec<&'static str>,
}

#[derive(Serialize)]
struct Level {
    name: &'static str,
    runs_here: bool,
}

#[derive(Serialize)]
struct Targets {
    targets: Vec<Row>,
    host: Target,
    native: Target,
    chosen: Vec<Target>,
}

/// Runs `targets`.
pub(crate) fn targets(args: &TargetsArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let settings = match settings(args.config.as_deref(), default_config) {
        Ok(settings) => settings,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    // The default target is this machine.
    let chosen = settings.targets.unwrap_or_else(|| vec![Target::host()]);
    let rows: Vec<Row> = common_targets().map(|target| row(target, &chosen)).collect();
    let (host, native) = (Target::host(), Target::native());
    let targets = Targets { targets: rows, host, native, chosen };
    if out.is_json() {
        out.json(&targets);
    } else {
        targets.lines().iter().for_each(|line| out.line(line));
    }
    Exit::Done
}

fn row(target: Target, chosen: &[Target]) -> Row {
    let runs = |level: &str| target.with_cpu(level).is_ok_and(|target| target.runs_here());
    let levels = target.cpu_levels().map(|name| Level { name, runs_here: runs(name) }).collect();
    Row {
        runs_here: target.runs_here(),
        compiles: has_code_generator(&target),
        chosen: chosen.iter().any(|other| *other == target || other.has_triple_of(&target)),
        levels,
        cpu_features: target.known_cpu_features().collect(),
        target,
    }
}

impl Targets {
    fn lines(&self) -> Vec<String> {
        let mark = |runs_here| if runs_here { "*" } else { " " };
        let mut lines = Vec::new();
        for row in &self.targets {
            let levels = row
                .levels
                .iter()
                .map(|level| format!("{}{}", level.name, mark(level.runs_here).trim()));
            let levels: Vec<String> = levels.collect();
            let chosen = if row.chosen { "import" } else { "" };
            let missing = if row.compiles { "" } else { "no code generator" };
            let line = format!(
                "{} {chosen:6} {:29} {:16} {missing}",
                mark(row.runs_here),
                row.target,
                levels.join(" ")
            );
            lines.push(line.trim_end().to_owned());
        }
        lines.push(String::new());
        lines.push("targets are the machines on which the program runs".into());
        lines.push("* runs on this machine; import: in the project's targets".into());
        if self.targets.iter().any(|row| !row.compiles) {
            lines.push(
                "no code generator: this build lacks it; `cargo install cargo-wasmport` has all of them".into(),
            );
        }
        lines.push(format!("the host is {}", self.host));
        lines.push(format!("native is {}", self.native));
        lines.push("add a level or CPU features with `+`; `portable` is Wasmtime's interpreter, `source` is the wasm file".into());
        lines.push("CPU features:".into());
        for row in self.targets.iter().filter(|row| !row.cpu_features.is_empty()) {
            let arch = row.target.to_string();
            let line = format!(
                "  {}: {}",
                arch.split('-').next().unwrap_or_default(),
                row.cpu_features.join(" ")
            );
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}
