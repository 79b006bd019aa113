//! `report`: the assets and interfaces of a project, as the last import left them.

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::output::{CYAN, GREEN, Output, RED, YELLOW};
use crate::overview::{self, Wanted};
#[cfg(feature = "page")]
use crate::page;
use crate::text::{bytes, count, plain};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wasmport_build::inspector::{AssetOverview, Overview, OverviewOptions, Provider};
use wasmport_build::{Error, Importer, Status, Target};

/// Runs `report`.
pub(crate) fn report(args: &ReportArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let overview = match describe(args, default_config, out) {
        Ok(overview) => overview,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    let exit = overview::failures(&overview, out);
    if out.is_json() {
        out.json(&overview);
    } else if !out.is_quiet() {
        lines(&overview, out);
    }
    #[cfg(feature = "page")]
    if let Some(path) = &args.html {
        match page::write(path, "the project", &overview) {
            Ok(bytes) if !out.is_json() && !out.is_quiet() => out.line(&page::line(path, bytes)),
            Ok(_) => {}
            Err(error) => {
                out.error(&error.to_string());
                return Exit::Failed;
            }
        }
    }
    exit
}

fn describe(
    args: &ReportArgs,
    default_config: Option<&Path>,
    out: &Output,
) -> Result<Overview, Error> {
    let settings = args.selection.settings(default_config)?;
    let importer = Importer::new(settings);
    let report = importer.run_check()?;
    let current = importer.overview(&report, &OverviewOptions::default())?;
    if !args.stages {
        return Ok(current);
    }
    let mut options = args.selection.options.clone();
    options.config = options.config.or_else(|| default_config.map(Into::into));
    let targets = targets(&current);
    let wanted = Wanted {
        targets: &targets,
        #[cfg(feature = "page")]
        code: None,
    };
    let mut again = overview::of_paths(&args.selection.paths, options, &wanted, out)?;
    take_verdicts(&mut again, current);
    Ok(again)
}

/// Returns the targets of all artifacts.
fn targets(overview: &Overview) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for artifact in overview.assets.iter().flat_map(|asset| &asset.artifacts) {
        if !targets.contains(&artifact.target) {
            targets.push(artifact.target.clone());
        }
    }
    targets
}

/// Replaces the results of an import into a temporary folder with those of the check.
fn take_verdicts(again: &mut Overview, current: Overview) {
    take_verdicts_of(&mut again.assets, current.assets);
    take_verdicts_of(&mut again.interfaces, current.interfaces);
    for warning in current.warnings {
        if !again.warnings.contains(&warning) {
            again.warnings.push(warning);
        }
    }
}

fn take_verdicts_of(again: &mut Vec<AssetOverview>, current: Vec<AssetOverview>) {
    let current = current.into_iter().map(|asset| (asset.source.clone(), asset));
    let mut checked: BTreeMap<String, AssetOverview> = current.collect();
    for asset in again.iter_mut() {
        let Some(own) = checked.remove(&asset.source) else { continue };
        if asset.status != Status::Failed {
            asset.status = own.status;
            asset.stale = own.stale;
        }
    }
    // Sources that were removed.
    again.extend(checked.into_values());
}

fn lines(overview: &Overview, out: &Output) {
    for one in &overview.assets {
        asset(one, "asset", out);
    }
    for interface in &overview.interfaces {
        asset(interface, "interface", out);
    }
    let artifacts = overview.assets.iter().flat_map(|asset| &asset.artifacts);
    let (mut number, mut stored) = (0, 0);
    for artifact in artifacts {
        number += 1;
        stored += artifact.bytes;
    }
    out.line(&format!(
        "report: {}, {}, {} of {}",
        count(overview.assets.len(), "asset"),
        count(overview.interfaces.len(), "interface"),
        count(number, "artifact"),
        bytes(stored)
    ));
}

fn asset(asset: &AssetOverview, what: &str, out: &Output) {
    let (style, word) = match asset.status {
        Status::Failed => (RED, "failed"),
        Status::Stale => (YELLOW, "stale"),
        Status::Imported => (GREEN, "imported"),
        _ => (GREEN, "fresh"),
    };
    let AssetOverview { source, kind, .. } = asset;
    out.line(&format!(
        "{style}{word:>9}{style:#} {}",
        plain(&format!("{source} ({what}, {})", kind.name()))
    ));
    let say = |key: &str, text: &str| {
        out.line(&format!("          {CYAN}{key}{CYAN:#} {}", plain(text)));
    };
    if let Some(why) = asset.stale.as_ref().and_then(|why| why.lines().next()) {
        say("stale", why);
    }
    if let Some(sizes) = &asset.sizes {
        let largest = sizes.functions.first().map(|function| {
            let name = function.name.clone();
            let name = name.unwrap_or_else(|| format!("function {}", function.index.unwrap_or(0)));
            format!(", the largest is {name} with {}", bytes(function.bytes))
        });
        let unlisted = usize::try_from(sizes.unlisted.functions).unwrap_or(usize::MAX);
        let functions = count(sizes.functions.len().saturating_add(unlisted), "function");
        let size = bytes(sizes.bytes);
        say("wasm", &format!("{size}, {functions}{}", largest.unwrap_or_default()));
    }
    for artifact in &asset.artifacts {
        let text = format!("{} {}: {}", artifact.target, bytes(artifact.bytes), artifact.reason);
        say("artifact", &text);
    }
    for capability in &asset.capabilities {
        say("wants", &capability.kind.to_string());
    }
    let providers = providers(asset);
    for (of, by) in providers {
        let by: Vec<String> = by.into_iter().collect();
        say("imports", &format!("{of:?}: {}", by.join("; ")));
    }
}

/// Returns who satisfies the imports, by module or interface.
fn providers(asset: &AssetOverview) -> BTreeMap<&str, BTreeSet<String>> {
    let mut providers = BTreeMap::<&str, BTreeSet<String>>::new();
    for import in &asset.imports {
        let mut by = import.provider.to_string();
        if import.provider == Provider::Unknown && import.of.is_empty() {
            by = format!("{by}: {}", import.name);
        }
        let _ = providers.entry(&import.of).or_default().insert(by);
    }
    providers
}
