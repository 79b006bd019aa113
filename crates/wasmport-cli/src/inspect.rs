//! `inspect`: the imports, exports and features of files.

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::output::Output;
#[cfg(feature = "page")]
use crate::overview::{self, Wanted};
#[cfg(feature = "page")]
use crate::page;
use crate::text::plain;
use std::path::Path;
#[cfg(feature = "page")]
use wasmport_build::Target;
#[cfg(feature = "page")]
use wasmport_build::inspector::{AssetOverview, Overview};
use wasmport_build::{Inspection, RequiredFeatures, WasmFeature};

/// Runs `inspect`.
pub(crate) fn inspect(args: &InspectArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    #[cfg(feature = "page")]
    if let Some(page) = &args.html {
        return on_page(args, page, default_config, out);
    }
    let _ = default_config;
    // All proposals are enabled: `inspect` shows files that an import refuses by default.
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let mut inspections = Vec::new();
    let mut exit = Exit::Done;
    for file in &args.files {
        match wasmport_build::inspect(file, everything) {
            Ok(inspection) => inspections.push(inspection),
            Err(error) => {
                out.error(&error.to_string());
                exit = Exit::Failed;
            }
        }
    }
    match (out.is_json(), args.files.as_slice()) {
        // One file has one object, several have a list of those that can be read.
        (true, [_]) => inspections.iter().for_each(|inspection| out.json(inspection)),
        (true, _) => out.json(&inspections),
        (false, _) => {
            for (index, inspection) in inspections.iter().enumerate() {
                if index > 0 {
                    out.line("");
                }
                lines(inspection).iter().for_each(|line| out.line(&plain(line)));
            }
        }
    }
    exit
}

/// Writes a page about the files.
#[cfg(feature = "page")]
fn on_page(args: &InspectArgs, page: &Path, config: Option<&Path>, out: &Output) -> Exit {
    if args.files.iter().any(|file| is_same_file(file, page)) {
        out.error(&format!(
            "the page would replace `{}`, which is inspected\n  help: name another file with `--html`",
            plain(&page.display().to_string())
        ));
        return Exit::Usage;
    }
    let mut targets = args.targets.clone();
    if targets.is_empty() && args.code.is_some() {
        targets.push(Target::host());
    }
    let wanted = Wanted { targets: &targets, code: args.code.clone() };
    let config = args.config.as_deref().or(config);
    let (mut all, mut assets): (Option<Overview>, Vec<AssetOverview>) = (None, Vec::new());
    for file in &args.files {
        if let Some(error) = overview::unreadable(file) {
            assets.push(AssetOverview::of_failure(file, &error));
            continue;
        }
        match overview::of_file(file, config, &wanted, out) {
            Ok(mut overview) => {
                if args.files.len() > 1 {
                    overview::name_by_path(&mut overview, file);
                }
                assets.append(&mut overview.assets);
                overview::join(&mut all, overview);
            }
            Err(error) => {
                out.error(&error.to_string());
                return Exit::Usage;
            }
        }
    }
    let Some(mut all) = all else {
        // No file can be read: there is nothing to show.
        assets.iter().filter_map(|asset| asset.error.as_ref()).for_each(|error| out.error(error));
        return Exit::Failed;
    };
    all.assets = assets;
    let exit = overview::failures(&all, out);
    match page::write(page, &page::title_of_files(&args.files), &all) {
        Ok(bytes) if out.is_json() => out.json(&page::Written::new(page, bytes, &all)),
        Ok(bytes) => out.line(&page::line(page, bytes)),
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Failed;
        }
    }
    exit
}

/// Returns whether two paths lead to one file, such as by a symbolic link.
#[cfg(feature = "page")]
fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn lines(inspection: &Inspection) -> Vec<String> {
    let Inspection { path, bytes, blake3, kind, wasm_bytes, features, needs, interface, .. } =
        inspection;
    let features: Vec<&str> = features.iter().map(WasmFeature::name).collect();
    let list = |names: &[&str]| if names.is_empty() { "none".into() } else { names.join(", ") };
    let mut lines = vec![
        format!("file      {} ({bytes} bytes)", path.display()),
        format!("blake3    {blake3}"),
        format!("{:9} {wasm_bytes} bytes", kind.name()),
        format!("features  {}", list(&features)),
        format!("needs     {}", list(needs)),
    ];
    if let Some(wit) = &interface.wit {
        lines.extend(["wit".into(), String::new()]);
        lines.extend(wit.lines().map(String::from));
        return lines;
    }
    if let Some(what) = &interface.beyond_wit {
        lines.push(format!("wit       none: {what}"));
        return lines;
    }
    if let Some(len) = interface.too_large {
        lines.push(format!("wit       {len} bytes, too large for a wrapper"));
        return lines;
    }
    lines.push(format!("imports   {}", interface.imports.len()));
    lines.extend(
        interface.imports.iter().map(|i| format!("  {:?} {:?}: {}", i.module, i.name, i.ty)),
    );
    lines.push(format!("exports   {}", interface.exports.len()));
    lines.extend(interface.exports.iter().map(|e| format!("  {:?}: {}", e.name, e.ty)));
    lines
}
