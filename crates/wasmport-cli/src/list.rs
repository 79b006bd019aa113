//! `list`: the assets of the project and their state.

use crate::args::SelectionArgs;
use crate::exit::Exit;
use crate::output::{GREEN, Output, RED, YELLOW};
use crate::text::{bytes, plain};
use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use std::path::Path;
use wasmport_build::{ListState, ListedAsset, Listing};

/// Runs `list`.
pub(crate) fn list(args: &SelectionArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let listing = match args.importer(default_config).and_then(|importer| importer.list()) {
        Ok(listing) => listing,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    listing.warnings.iter().for_each(|warning| out.warning(warning));
    if out.is_json() {
        out.json(&listing);
    } else {
        show(&listing, out);
    }
    if listing.summary.failed > 0 { Exit::Failed } else { Exit::Done }
}

fn show(listing: &Listing, out: &Output) {
    for (asset, row) in listing.assets.iter().zip(rows(&listing.assets)) {
        out.line(&decorated(asset, &row, out));
        let is_known = matches!(asset.state, ListState::Fresh | ListState::NotImported);
        if out.is_verbose() || (!is_known && !out.is_quiet()) {
            let why = asset.why.iter().flat_map(|why| why.lines());
            why.for_each(|line| out.line(&format!("             {}", plain(line))));
        }
        if out.is_verbose() {
            for artifact in &asset.artifacts {
                let size = bytes(artifact.bytes);
                out.line(&format!("             {} {size}", plain(&artifact.path)));
            }
        }
    }
    if !out.is_quiet() {
        out.line(&summary(listing));
    }
}

fn state(state: ListState) -> (Style, &'static str) {
    match state {
        ListState::Fresh => (GREEN, "fresh"),
        ListState::Stale => (YELLOW, "stale"),
        ListState::NotImported => (YELLOW, "not imported"),
        ListState::Failed => (RED, "failed"),
        ListState::Removed => (YELLOW, "removed"),
        _ => (YELLOW, "unknown"),
    }
}

fn rows(assets: &[ListedAsset]) -> Vec<String> {
    if assets.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).add_rows(assets.iter().map(row));
    for column in table.column_iter_mut().skip(4).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt().lines().map(ToOwned::to_owned).collect()
}

fn row(asset: &ListedAsset) -> [String; 7] {
    let kind = match (asset.kind, asset.is_interface) {
        (_, true) => "interface",
        (Some(kind), false) => kind.name(),
        (None, false) => "?",
    };
    let artifacts = asset.artifacts.iter().map(|artifact| artifact.bytes);
    let targets: Vec<String> =
        asset.artifacts.iter().map(|artifact| artifact.target.to_string()).collect();
    let size = |bytes_: Option<u64>| bytes_.map(bytes).unwrap_or_default();
    let imported = (!asset.artifacts.is_empty()).then(|| artifacts.fold(0, u64::saturating_add));
    [
        state(asset.state).1.into(),
        plain(&asset.source),
        plain(&asset.name),
        kind.into(),
        size(asset.source_bytes),
        size(imported),
        targets.join(" "),
    ]
}

/// Colors the state in a row, and links the source to its file.
fn decorated(asset: &ListedAsset, row: &str, out: &Output) -> String {
    let (style, word) = state(asset.state);
    let source = plain(&asset.source);
    let row = row.trim_start();
    let rest = row.strip_prefix(word).unwrap_or(row);
    let rest = match &asset.path {
        Some(path) => rest.replacen(&source, &out.link(path, &source), 1),
        None => rest.to_owned(),
    };
    format!("{style}{word}{style:#}{rest}")
}

fn summary(listing: &Listing) -> String {
    let summary = &listing.summary;
    let counts = [
        (summary.fresh, "fresh"),
        (summary.stale, "stale"),
        (summary.not_imported, "not imported"),
        (summary.failed, "failed"),
        (summary.removed, "removed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    let what = if counts.is_empty() { "no assets".into() } else { counts.join(", ") };
    let folder = plain(&listing.out_dir.display().to_string());
    format!("list: {what}; {} of artifacts in {folder}", bytes(summary.artifact_bytes))
}
