//! Packages: `wasmport` and `wasmport-build` among the dependencies of the cargo package.

use super::finding::{Check, Finding, Level, list};
use super::needs::Needs;
use crate::settings::Settings;
use cargo_metadata::{Metadata, MetadataCommand, Node, Package, PackageId};
use std::collections::BTreeSet;
use std::path::Path;

const CHECK: Check = Check("packages");

const RUNTIME: &str = "wasmport";
const IMPORTER: &str = "wasmport-build";

pub(super) fn check(settings: &Settings, folder: &Path, needs: &Needs) -> Vec<Finding> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // It neither writes a lock file nor uses the network.
    let options = ["--offline".to_owned(), "--locked".to_owned()];
    let metadata = MetadataCommand::new().current_dir(folder).other_options(options).exec();
    match metadata {
        Ok(metadata) => of_graph(&Graph { metadata: &metadata }, settings, folder, needs),
        Err(cargo_metadata::Error::CargoMetadata { stderr }) => vec![unresolved(&stderr)],
        Err(error) => vec![CHECK.failed("cargo metadata", error)],
    }
}

/// Explains that cargo cannot resolve the dependencies.
fn unresolved(stderr: &str) -> Finding {
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let errors = lines.skip_while(|line| !line.starts_with("error"));
    let cause = errors.take(3).collect::<Vec<_>>().join(" ");
    if stderr.contains("could not find `Cargo.toml`") {
        let cause = "the folder is in no cargo package: features of dependencies were not checked";
        return CHECK.find(Level::Note, "Cargo.toml", cause, "cargo init");
    }
    let cause =
        format!("cargo cannot list the dependencies without the network and a change: {cause}");
    CHECK.find(Level::Warning, "cargo metadata", cause, "cargo fetch")
}

/// The dependencies that cargo resolved.
struct Graph<'m> {
    metadata: &'m Metadata,
}

impl<'m> Graph<'m> {
    /// Returns the package in whose folder `folder` lies.
    fn own(&self, folder: &Path) -> Option<&'m Package> {
        let folder = crate::fs::canonicalize(folder).ok()?;
        let of = |package: &Package| {
            let root = crate::fs::canonicalize(package.manifest_path.as_std_path()).ok()?;
            let root = root.parent()?;
            folder.starts_with(root).then(|| root.components().count())
        };
        let members = self.metadata.workspace_packages().into_iter();
        let own = members.filter_map(|package| Some((of(package)?, package)));
        own.max_by_key(|(depth, _)| *depth).map(|(_, package)| package)
    }

    fn node(&self, id: &PackageId) -> Option<&'m Node> {
        self.metadata.resolve.as_ref()?.nodes.iter().find(|node| node.id == *id)
    }

    fn package(&self, id: &PackageId) -> Option<&'m Package> {
        self.metadata.packages.iter().find(|package| package.id == *id)
    }

    /// Returns the package of a name that `own` depends on directly, else one that its dependencies depend on.
    fn dependency(&self, own: &PackageId, name: &str) -> Option<(&'m Package, bool)> {
        let mut seen = BTreeSet::from([own.clone()]);
        let mut level = vec![own.clone()];
        let mut is_direct = true;
        while !level.is_empty() {
            let below = level.iter().filter_map(|id| self.node(id)).flat_map(|node| &node.deps);
            let below: Vec<PackageId> =
                below.map(|dep| dep.pkg.clone()).filter(|id| seen.insert(id.clone())).collect();
            let packages = below.iter().filter_map(|id| self.package(id));
            if let Some(package) =
                packages.into_iter().find(|package| package.name.as_str() == name)
            {
                return Some((package, is_direct));
            }
            (level, is_direct) = (below, false);
        }
        None
    }
}

fn of_graph(graph: &Graph<'_>, settings: &Settings, folder: &Path, needs: &Needs) -> Vec<Finding> {
    let Some(own) = graph.own(folder) else {
        let cause = "the folder is in no package of the workspace: features of dependencies were not checked";
        return vec![CHECK.find(
            Level::Note,
            "Cargo.toml",
            cause,
            "run it in the folder of a package",
        )];
    };
    let mut findings = Vec::new();
    match graph.dependency(&own.id, RUNTIME) {
        None => {
            let cause = format!("the package `{}` does not depend on it", own.name);
            findings.push(CHECK.find(Level::Error, RUNTIME, cause, "cargo wasmport new"));
        }
        Some((package, is_direct)) => {
            findings.push(runtime(package, is_direct, settings));
            let enabled = graph.node(&package.id).map(|node| node.features.as_slice());
            let enabled = enabled.unwrap_or_default().iter().map(|feature| feature.as_str());
            findings.extend(features(&enabled.collect(), needs));
        }
    }
    findings.extend(graph.dependency(&own.id, IMPORTER).map(|(package, _)| importer(package)));
    findings
}

fn runtime(package: &Package, is_direct: bool, settings: &Settings) -> Finding {
    if let Some(finding) = other_version(package) {
        return finding;
    }
    if !is_direct && settings.other_crate_path().is_none() {
        let cause = "only other dependencies depend on it, and wrappers name it `::wasmport`";
        let mend = format!("cargo add wasmport@{}", package.version);
        return CHECK.find(Level::Error, RUNTIME, cause, mend);
    }
    CHECK.ok(RUNTIME, format!("version {}, that of this command", package.version))
}

fn importer(package: &Package) -> Finding {
    other_version(package).unwrap_or_else(|| {
        CHECK.ok(IMPORTER, format!("version {}, that of this command", package.version))
    })
}

/// Reports a version that is not the importer's own.
fn other_version(package: &Package) -> Option<Finding> {
    let (theirs, own) = (package.version.to_string(), crate::VERSION);
    if theirs == own {
        return None;
    }
    let cause = format!(
        "version {theirs} is not that of this command, {own}: each finds the output of the other stale"
    );
    let mend = format!("cargo install cargo-wasmport --version {theirs}");
    Some(CHECK.find(Level::Error, package.name.as_str(), cause, mend))
}

/// Compares the enabled features of `wasmport` with the required ones.
fn features(enabled: &BTreeSet<&str>, needs: &Needs) -> Vec<Finding> {
    let missing: Vec<_> =
        needs.iter().filter(|(feature, _)| !enabled.contains(feature.as_str())).collect();
    let mut findings: Vec<Finding> = missing
        .iter()
        .map(|(feature, by)| {
            let cause =
                format!("it is not enabled; needed by {}", list(by.iter().map(String::as_str)));
            let mend = format!("cargo add wasmport --features {feature}");
            CHECK.find(Level::Error, &format!("wasmport/{feature}"), cause, mend)
        })
        .collect();
    if missing.is_empty() && !needs.is_empty() {
        let names = needs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        findings.push(CHECK.ok(
            "features of wasmport",
            format!("all that the project needs are enabled: {names}"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_feature_names_who_needs_it() {
        let by = ["a.wat", "b.wat", "c.wat", "d.wat"].map(String::from);
        let needs =
            Needs::from([("gc".into(), by.into()), ("wasi".into(), ["e.wat".into()].into())]);
        let found = features(&BTreeSet::from(["wasi"]), &needs);
        let causes: Vec<&str> = found.iter().map(|finding| finding.cause.as_str()).collect();
        assert_eq!(causes, ["it is not enabled; needed by `a.wat`, `b.wat`, `c.wat` and 1 more"]);
        assert_eq!(found[0].mend.as_deref(), Some("cargo add wasmport --features gc"));
        let found = features(&BTreeSet::from(["gc", "wasi"]), &needs);
        assert!(found.iter().all(|finding| finding.level == Level::Ok) && found.len() == 1);
        assert!(features(&BTreeSet::new(), &Needs::new()).is_empty());
    }

    #[test]
    fn an_error_of_cargo_is_shortened() {
        let found = unresolved("    Updating x\nerror: no matching package\nhelp: y\n\nz\nmore\n");
        assert_eq!(found.level, Level::Warning);
        assert!(
            found.cause.ends_with("change: error: no matching package help: y z"),
            "{}",
            found.cause
        );
        assert_eq!(unresolved("error: could not find `Cargo.toml` in").level, Level::Note);
    }
}
