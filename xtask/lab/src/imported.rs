//! Imports that this program runs as a process, as another machine would.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use wasmport::Digest;

/// The report of an import.
pub(crate) struct Imported {
    /// The digest of each artifact, by asset and target.
    pub artifacts: BTreeMap<(String, String), Digest>,
    /// The artifacts that were compiled now.
    pub compiled: BTreeSet<Digest>,
    pub warnings: Vec<String>,
}

/// Returns this program, which has the importer's commands.
pub(crate) fn lab() -> crate::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

impl Imported {
    /// Runs an import to its end.
    pub fn run(import: &mut Command) -> crate::Result<Self> {
        let output = import.output()?;
        if !output.status.success() {
            let text = [output.stderr, output.stdout].concat();
            return Err(String::from_utf8_lossy(&text).into_owned().into());
        }
        Self::parse(&output.stdout)
    }

    /// Reads the report of an import.
    pub fn parse(report: &[u8]) -> crate::Result<Self> {
        let report: Value = serde_json::from_slice(report)?;
        let (mut artifacts, mut compiled) = (BTreeMap::new(), BTreeSet::new());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for asset in report["assets"].as_array().into_iter().flatten() {
            if !asset["error"].is_null() {
                return Err(format!("{}: {}", asset["source"], asset["error"]).into());
            }
            let stages: Vec<&Value> = asset["stages"].as_array().into_iter().flatten().collect();
            for artifact in asset["artifacts"].as_array().into_iter().flatten() {
                let digest = Digest::from_hex(&text(&artifact["blake3"]));
                let digest = digest.ok_or("an artifact has no digest")?;
                let is_compiled = stages.iter().any(|stage| {
                    stage["stage"] == "compile"
                        && stage["target"] == artifact["target"]
                        && stage["cached"] != true
                });
                compiled.extend(is_compiled.then_some(digest));
                let _ =
                    artifacts.insert((text(&asset["source"]), text(&artifact["target"])), digest);
            }
        }
        let warnings = report["warnings"].as_array().into_iter().flatten().map(text).collect();
        Ok(Self { artifacts, compiled, warnings })
    }

    /// Returns the number of artifacts that were found in a cache.
    pub fn cached(&self) -> usize {
        let found = self.artifacts.values().filter(|digest| !self.compiled.contains(digest));
        found.count()
    }
}
