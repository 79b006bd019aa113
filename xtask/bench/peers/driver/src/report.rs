//! The figures of a comparison.

use crate::build::Program;
use crate::error::Result;
use crate::machine::Machine;
use crate::peers::{Module, Peer};
use crate::run::{Figures, Measured};
use crate::{files, lines};
use serde::Serialize;
use std::collections::BTreeMap;

/// A comparison.
#[derive(Serialize)]
pub(crate) struct Report {
    /// True if the figures are of few runs.
    pub quick: bool,
    pub machine: Machine,
    #[serde(rename = "peers")]
    pub rows: Vec<Row>,
    pub skipped: Vec<Skipped>,
}

/// A peer that cannot be built here.
#[derive(Serialize)]
pub(crate) struct Skipped {
    pub name: String,
    pub reason: String,
}

/// The figures of a peer.
#[derive(Serialize)]
pub(crate) struct Row {
    pub name: String,
    pub label: String,
    pub version: String,
    pub build_seconds: Option<f64>,
    pub crates: Option<usize>,
    pub program_bytes: u64,
    /// Lines in the files that only the build needs.
    pub build_lines: usize,
    /// By the module's name.
    pub modules: BTreeMap<&'static str, OfModule>,
}

/// The figures of a peer with one module.
#[derive(Serialize)]
pub(crate) struct OfModule {
    pub host_lines: usize,
    /// The size of the artifact, if it is a file of its own.
    pub artifact_bytes: Option<u64>,
    #[serde(flatten)]
    pub figures: Figures,
}

impl Row {
    /// Adds sizes and lines to what was measured.
    pub fn new(peer: &Peer, program: &Program, mut measured: Measured) -> Result<Self> {
        let folder = files::peers().join("programs").join(peer.name);
        let artifacts = files::scratch().join("artifacts");
        let mut modules = BTreeMap::new();
        for (module, file, artifact) in peer.modules {
            let of_module = OfModule {
                host_lines: lines::of_file(&folder.join(file))?,
                artifact_bytes: artifact
                    .map(|name| files::len(&artifacts.join(name)))
                    .transpose()?,
                figures: measured.remove(module).unwrap_or_default(),
            };
            modules.insert(module.name(), of_module);
        }
        let build_lines = peer.build_files.iter().map(|file| lines::of_file(&folder.join(file)));
        Ok(Self {
            name: peer.name.into(),
            label: peer.label.into(),
            version: program.version.clone(),
            build_seconds: program.seconds,
            crates: program.crates,
            program_bytes: files::len(&program.path)?,
            build_lines: build_lines.sum::<Result<usize>>()?,
            modules,
        })
    }

    /// Returns the figures with a module.
    pub fn module(&self, module: Module) -> Option<&OfModule> {
        self.modules.get(module.name())
    }
}

impl Report {
    /// Returns the report as JSON.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}
