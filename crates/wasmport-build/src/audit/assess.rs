//! Looks up the advisories about the compiler of each asset.

use super::advisories::{Advisories, Relevant};
use super::code::Code;
use super::compiler::Compiler;
use super::rank::Rank;
use super::report::{AdvisoryReport, ArtifactReport, AssetReport, AuditStatus, FileReport};
use super::sources::Source;
use rustsec::VersionReq;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Looks up advisories, and collects those that are about a compiler.
pub(super) struct Assessor<'a, 'd> {
    advisories: &'a Advisories<'d>,
    /// The reports of those about a compiler, by their names.
    about: BTreeMap<String, AdvisoryReport>,
    errors: Vec<String>,
}

impl<'a, 'd> Assessor<'a, 'd> {
    pub fn new(advisories: &'a Advisories<'d>, errors: Vec<String>) -> Self {
        Self { advisories, about: BTreeMap::new(), errors }
    }

    /// Reports a file with its assets.
    pub fn file(&mut self, path: PathBuf, source: Source) -> FileReport {
        let Source { kind, signature, code, wrong: _ } = source;
        let mut assets: BTreeMap<(Option<String>, String), Vec<ArtifactReport>> = BTreeMap::new();
        for Code { name, target, wasmtime, digest } in code {
            let artifact = ArtifactReport { target, blake3: digest };
            assets.entry((name, wasmtime)).or_default().push(artifact);
        }
        let report = assets.into_iter().filter_map(|((name, wasmtime), artifacts)| {
            if let Some(compiler) = Compiler::parse(&wasmtime) {
                return Some(self.asset(name, &compiler, artifacts));
            }
            self.errors.push(format!(
                "`{}`: an artifact was compiled by Wasmtime `{}`, which is no version\n  help: import it again",
                path.display(),
                wasmtime.escape_debug()
            ));
            None
        });
        let assets = report.collect();
        FileReport { path, kind, signature, assets }
    }

    fn asset(
        &mut self,
        name: Option<String>,
        compiler: &Compiler,
        artifacts: Vec<ArtifactReport>,
    ) -> AssetReport {
        let (mut status, mut names) = (AuditStatus::Clean, Vec::new());
        for relevant in self.advisories.about(compiler) {
            let id = relevant.advisory.id().to_string();
            if !relevant.is_informational() {
                status = AuditStatus::Affected;
            } else if status == AuditStatus::Clean {
                status = AuditStatus::Informed;
            }
            let _ = self.about.entry(id.clone()).or_insert_with(|| report(relevant));
            names.push(id);
        }
        let is_affected = status == AuditStatus::Affected;
        let replacement = is_affected.then(|| self.advisories.replacement(compiler)).flatten();
        AssetReport {
            name,
            wasmtime: compiler.to_string(),
            exact: compiler.is_exact(),
            artifacts,
            status,
            advisories: names,
            rebuild_with: replacement.map(|version| version.to_string()),
        }
    }

    /// Returns the advisories about compilers, and the errors.
    pub fn finish(self) -> (Vec<AdvisoryReport>, Vec<String>) {
        (self.about.into_values().collect(), self.errors)
    }
}

fn report(relevant: &Relevant<'_>) -> AdvisoryReport {
    let (advisory, metadata) = (relevant.advisory, &relevant.advisory.metadata);
    let (id, package) = (advisory.id().to_string(), metadata.package.to_string());
    let page = || format!("https://rustsec.org/advisories/{id}.html");
    let versions = |requirements: &[VersionReq]| {
        requirements.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    AdvisoryReport {
        aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
        rank: Rank::of(&id, &package),
        title: advisory.title().to_owned(),
        date: advisory.date().as_str().to_owned(),
        severity: advisory.severity().map(|severity| severity.as_str().to_owned()),
        informational: metadata.informational.as_ref().map(ToString::to_string),
        patched: versions(advisory.versions.patched()),
        unaffected: versions(advisory.versions.unaffected()),
        url: metadata.url.as_ref().map_or_else(page, ToString::to_string),
        id,
        package,
    }
}
