//! Targets: whether this build compiles for them, and whether this machine runs them.

use super::finding::{Check, Finding, Level};
use crate::pipeline::{check_engine, has_code_generator};
use crate::settings::Settings;
use wasmport::engine::Target;

const CHECK: Check = Check("targets");

pub(super) fn check(settings: &Settings) -> Vec<Finding> {
    let targets: Vec<&Target> = settings.targets.iter().flatten().collect();
    let mut findings: Vec<Finding> = targets.iter().map(|target| one(settings, target)).collect();
    if !targets.is_empty() && !targets.iter().any(|target| target.runs_here()) {
        let cause =
            "none of the targets runs on this machine: programs built here find no artifact";
        let mend =
            format!("add \"{}\" or \"portable\" to `targets` in wasmport.toml", Target::host());
        findings.push(CHECK.find(Level::Warning, "this machine", cause, mend));
    }
    findings
}

fn one(settings: &Settings, target: &Target) -> Finding {
    let name = target.to_string();
    if !has_code_generator(target) {
        let cause = "this build of the command has no code generator for it";
        return CHECK.find(Level::Error, &name, cause, "cargo install cargo-wasmport");
    }
    if let Err(error) = check_engine(&settings.engine, target) {
        let cause = format!("Wasmtime refuses the engine configuration for it: {error:#}");
        return CHECK.find(Level::Error, &name, cause, "change `[engine]` in wasmport.toml");
    }
    if target.runs_here() {
        return CHECK.ok(&name, "this build compiles for it, and this machine runs it");
    }
    let is_own = target.has_triple_of(&Target::host());
    let cause = match is_own {
        true => "this machine's CPU lacks features of it",
        false => "this build compiles for it, and another machine runs it",
    };
    match is_own {
        true => CHECK.find(Level::Note, &name, cause, "cargo wasmport targets"),
        false => CHECK.ok(&name, cause),
    }
}
