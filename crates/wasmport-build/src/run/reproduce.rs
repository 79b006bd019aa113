//! Reproduce: compares the results of compiling everything again with the outputs. It writes nothing.

use super::plan::Plan;
use crate::asset::Kind;
use crate::codegen;
use crate::error::Error;
use crate::fs;
use crate::project::check::removed;
use crate::project::files::Files;
use crate::project::freshness::changed_settings;
use crate::project::lock::Lock;
use crate::project::manifest::{Entry, Manifest};
use crate::report::{AssetReport, Report, Status};
use crate::settings::Settings;
use std::collections::BTreeMap;
use wasmport::Digest;

/// Generates the `mod.rs` files.
///
/// # Errors
///
/// Fails with [`Error::Internal`] if the generated code is not Rust.
pub(super) fn tree(settings: &Settings, manifest: &Manifest) -> Result<Files, Error> {
    let modules = manifest.assets.values().map(|entry| {
        let is_component = entry.kind == Kind::Component;
        let feature = is_component.then(|| codegen::component_feature(entry.features));
        codegen::Module { path: &entry.module, feature, is_interface: entry.is_interface }
    });
    let crate_path = codegen::CratePath::new(&settings.crate_path);
    codegen::tree(modules, &settings.engine, &crate_path)
        .map_err(|e| Error::Internal { message: e.to_string() })
}

/// Compares the results with the output files, their manifest, and the lock file if it exists.
///
/// # Errors
///
/// Fails if an output cannot be read.
pub(super) fn compare(plan: &Plan<'_>, made: &Manifest, report: &mut Report) -> Result<(), Error> {
    let lock = plan.lock.as_ref().filter(|lock| lock.exists());
    for asset in report.assets.iter_mut().filter(|asset| asset.status == Status::Imported) {
        let Some(entry) = made.assets.get(&asset.name) else { continue };
        asset.stale = asset_difference(plan, &asset.name, entry, lock)?;
        asset.status = asset.stale.as_ref().map_or(Status::Unchanged, |_| Status::Stale);
    }
    report.removed.clear();
    report.assets.extend(removed(&plan.discovered, plan.settings, &plan.freshness, lock));
    let tree = tree(plan.settings, made)?.digests();
    let previous = by_path(&plan.freshness.previous().tree).collect();
    let lines = output_differences(plan, by_path(&tree), previous)?;
    if !lines.is_empty() {
        let why = with_lines("generating it again gives another result", &lines);
        report.assets.push(AssetReport::stale("mod.rs", "mod.rs", why));
    }
    Ok(())
}

/// Returns the differences between an asset's results and its outputs, with the likely cause.
fn asset_difference(
    plan: &Plan<'_>,
    name: &str,
    made: &Entry,
    lock: Option<&Lock>,
) -> Result<Option<String>, Error> {
    let previous = plan.freshness.previous().assets.get(name).map(|entry| &**entry);
    let outputs = previous.into_iter().flat_map(Entry::outputs).collect();
    let mut lines = output_differences(plan, made.outputs(), outputs)?;
    let locked = lock.map(|lock| lock.differences(made, plan.settings)).unwrap_or_default();
    lines.extend(locked.into_iter().map(|line| format!("lock file: {line}")));
    let cause = previous.map_or("it was never imported".into(), |entry| cause(made, entry));
    Ok((!lines.is_empty()).then(|| with_lines(&cause, &lines)))
}

/// Returns a line with all digests for each output that differs.
fn output_differences<'b>(
    plan: &Plan<'_>,
    made: impl Iterator<Item = (&'b str, Digest)>,
    mut manifest: BTreeMap<&str, Digest>,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for (path, digest) in made {
        let recorded = manifest.remove(path);
        let file = fs::read_optional(&plan.settings.out_dir.join(path))?;
        let file = file.map(|bytes| fs::content_digest_of(&bytes));
        if (recorded, file) != (Some(digest), Some(digest)) {
            let [manifest, file] = [recorded, file]
                .map(|digest| digest.map_or("missing".into(), |digest| digest.to_string()));
            let actual = match manifest == file {
                true => format!("the output is {file}"),
                false => format!("the manifest says {manifest}, the file is {file}"),
            };
            lines.push(format!("{path}: made {digest}, {actual}"));
        }
    }
    let left = manifest.keys();
    lines.extend(left.map(|path| format!("{}: not made any more", path.escape_debug())));
    Ok(lines)
}

fn by_path(digests: &BTreeMap<String, Digest>) -> impl Iterator<Item = (&str, Digest)> {
    digests.iter().map(|(path, digest)| (path.as_str(), *digest))
}

fn with_lines(why: &str, lines: &[String]) -> String {
    format!("{why}\n{}", lines.join("\n"))
}

/// Returns the reason why the output may differ.
fn cause(made: &Entry, previous: &Entry) -> String {
    let made_by = |entry: &Entry| {
        let tools = entry.tools.iter().map(|(name, version)| format!(", {name} {version}"));
        let by = format!("Wasmtime {}, wasmport-build {}", entry.wasmtime, entry.generator);
        (by + &tools.collect::<String>()).escape_debug().to_string()
    };
    let targets = |entry: &Entry| {
        let artifacts = entry.artifacts.iter().map(|artifact| artifact.target.clone());
        artifacts.collect::<Vec<_>>()
    };
    let (by, earlier) = (made_by(made), made_by(previous));
    if made.source_digest != previous.source_digest {
        "its source changed since it was imported".into()
    } else if made.settings != previous.settings {
        changed_settings(previous.deciding.as_ref(), made.deciding.as_ref())
    } else if by != earlier {
        format!("{earlier} made it, this is {by}")
    } else if targets(made) != targets(previous) {
        "it was imported for other targets".into()
    } else {
        "source, settings and versions are the same, but the output differs: it was changed, another \
         build of wasmport made it, or a pass is not deterministic"
            .into()
    }
}
