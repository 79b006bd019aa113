//! The part of the page about one asset.

use super::code::CodePage;
use super::functions::{FunctionTable, table};
use super::room::Room;
use super::rows::{escaped_len, within};
use super::treemap::{Treemap, treemap};
use super::{cell, cut};
use crate::text::bytes;
use askama::Template;
use std::collections::BTreeMap;
use wasmport_build::Status;
use wasmport_build::inspector::AssetOverview;
use wasmport_build::sizes::Sizes;

/// The longest type or signature in characters.
const LONGEST_TYPE: usize = 400;

/// The largest number of treemaps, and of functions in all of them.
const MOST_TREEMAPS: usize = 8;
const MOST_TILES: usize = 1200;

/// The largest number of sections in the table.
const MOST_SECTIONS: usize = 60;

/// A fact about the asset.
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

struct ImportRow {
    of: String,
    name: String,
    ty: String,
    provider: String,
    rust: Option<String>,
}

struct ExportRow {
    name: String,
    ty: String,
    rust: Option<String>,
}

struct SectionRow {
    name: String,
    bytes: Vec<Option<u64>>,
}

struct StageRow {
    stage: String,
    target: String,
    before: u64,
    after: u64,
    note: String,
}

struct ArtifactRow {
    target: String,
    bytes: u64,
    uncompressed: Option<u64>,
    digest: String,
    is_chosen: bool,
    reason: String,
    note: Option<String>,
}

struct CapabilityRow {
    text: String,
    by: String,
}

/// An asset.
#[derive(Template)]
#[template(path = "asset.html")]
pub(super) struct AssetPage {
    id: usize,
    name: String,
    status: &'static str,
    problems: Vec<String>,
    facts: Vec<Fact>,
    capabilities: Vec<CapabilityRow>,
    grants_wasi: bool,
    imports: Vec<ImportRow>,
    more_imports: usize,
    exports: Vec<ExportRow>,
    more_exports: usize,
    size_columns: Vec<String>,
    sections: Vec<SectionRow>,
    totals: Vec<u64>,
    treemaps: Vec<Treemap>,
    functions: FunctionTable,
    stages: Vec<StageRow>,
    artifacts: Vec<ArtifactRow>,
    code: Option<CodePage>,
}

impl AssetPage {
    /// Prepares the part about an asset, the `id`th of all `assets`, with as much as fits into the room.
    pub fn new(asset: &AssetOverview, id: usize, assets: usize, room: Room) -> Self {
        let columns = columns(asset);
        let shown = columns.len().clamp(1, MOST_TREEMAPS);
        let most = MOST_TILES / shown / assets.clamp(1, 20);
        let treemaps = columns.iter().take(MOST_TREEMAPS).map(|(name, sizes)| {
            let title = format!("{name}: {}", bytes(sizes.bytes));
            treemap(title, sizes, most.clamp(10, 300), room.tiles / shown)
        });
        let (imports, left_imports) = imports(asset, room.table);
        let (exports, left_exports) = exports(asset, room.table);
        Self {
            id,
            name: cell(&asset.name),
            status: status(asset.status),
            problems: problems(asset),
            facts: facts(asset),
            capabilities: capabilities(asset),
            grants_wasi: asset
                .imports
                .iter()
                .any(|import| import.provider == wasmport_build::inspector::Provider::Wasi),
            imports,
            more_imports: asset.more_imports + left_imports,
            exports,
            more_exports: asset.more_exports + left_exports,
            sections: sections(&columns),
            totals: columns.iter().map(|(_, sizes)| sizes.bytes).collect(),
            treemaps: treemaps.collect(),
            size_columns: columns.iter().map(|(name, _)| name.clone()).collect(),
            functions: table(asset, room.functions),
            stages: stages(asset),
            artifacts: artifacts(asset),
            code: asset.code.as_ref().map(|code| CodePage::new(code, room.code)),
        }
    }
}

/// Returns a word for a result.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Failed => "failed",
        Status::Stale => "stale",
        Status::Imported => "imported",
        _ => "fresh",
    }
}

fn problems(asset: &AssetOverview) -> Vec<String> {
    let stale = asset.stale.iter().map(|why| format!("stale: {why}"));
    let all = asset.error.iter().cloned().chain(stale).chain(asset.notes.iter().cloned());
    all.map(|text| cut(&text.replace("\n  ", "; "), 1000)).collect()
}

fn facts(asset: &AssetOverview) -> Vec<Fact> {
    let text = |name, value: String| Fact { name, value: cut(&value, 600), is_code: false };
    let code = |name, value: String| Fact { name, value: cut(&value, 600), is_code: true };
    let list = |items: &[&str]| if items.is_empty() { "none".into() } else { items.join(", ") };
    let mut facts = vec![
        code("source", asset.source.clone()),
        text("kind", asset.kind.name().into()),
        text("file", bytes(asset.bytes)),
    ];
    facts.extend(asset.blake3.map(|digest| code("BLAKE3", digest.to_string())));
    facts.push(text("wasm features", list(&asset.features)));
    facts.push(text("cargo features of wasmport", list(&asset.needs)));
    facts.extend(asset.compiled_by.clone().map(|by| text("compiled by Wasmtime", by)));
    facts
}

fn capabilities(asset: &AssetOverview) -> Vec<CapabilityRow> {
    let row = |capability: &wasmport_build::contents::Capability| CapabilityRow {
        text: cell(&capability.kind.to_string()),
        by: cut(&capability.wanted_by.join(", "), 600),
    };
    asset.capabilities.iter().map(row).collect()
}

fn imports(asset: &AssetOverview, room: usize) -> (Vec<ImportRow>, usize) {
    let rows = asset.imports.iter().map(|import| {
        let mut provider = import.provider.to_string();
        if !import.assets.is_empty() {
            let names: Vec<&str> = import.assets.iter().take(5).map(String::as_str).collect();
            provider.push_str(&format!("; the asset {} exports it", names.join(", ")));
        }
        ImportRow {
            of: cell(&import.of),
            name: cell(&import.name),
            ty: cut(&import.ty, LONGEST_TYPE),
            provider: cut(&provider, LONGEST_TYPE),
            rust: import.rust.as_deref().map(|rust| cut(rust, LONGEST_TYPE)),
        }
    });
    within(rows, room, |row| {
        let texts = [&row.of, &row.name, &row.ty, &row.provider];
        let rust = row.rust.as_deref().map_or(0, escaped_len);
        texts.into_iter().map(|text| escaped_len(text)).chain([rust]).collect()
    })
}

fn exports(asset: &AssetOverview, room: usize) -> (Vec<ExportRow>, usize) {
    let rows = asset.exports.iter().map(|export| ExportRow {
        name: match export.of.as_str() {
            "" => cell(&export.name),
            of => cell(&format!("{of}#{}", export.name)),
        },
        ty: cut(&export.ty, LONGEST_TYPE),
        rust: export.rust.as_deref().map(|rust| cut(rust, LONGEST_TYPE)),
    });
    within(rows, room, |row| {
        let rust = row.rust.as_deref().map_or(0, escaped_len);
        vec![escaped_len(&row.name), escaped_len(&row.ty), rust]
    })
}

/// Returns the files of an asset whose sizes are known: the source, the module after all stages, the artifacts.
fn columns(asset: &AssetOverview) -> Vec<(String, &Sizes)> {
    let mut columns = Vec::new();
    let source = asset.sizes.as_ref();
    columns.extend(source.map(|sizes| ("wasm".to_owned(), sizes)));
    let is_other = |sizes: &&Sizes| source.is_none_or(|source| *source != **sizes);
    let last = asset.final_sizes.as_ref().filter(is_other);
    columns.extend(last.map(|sizes| ("wasm after stages".to_owned(), sizes)));
    let artifacts = asset.artifacts.iter().filter(|artifact| !artifact.target.is_source());
    columns.extend(
        artifacts
            .filter_map(|artifact| Some((artifact.target.to_string(), artifact.sizes.as_ref()?))),
    );
    columns
}

fn sections(columns: &[(String, &Sizes)]) -> Vec<SectionRow> {
    let mut order: Vec<String> = Vec::new();
    let mut rows: BTreeMap<String, Vec<Option<u64>>> = BTreeMap::new();
    for (column, (_, sizes)) in columns.iter().enumerate() {
        for section in &sizes.sections {
            let name = match section.module.filter(|module| *module > 0) {
                Some(module) => cell(&format!("{} of module {module}", section.name)),
                None => cell(&section.name),
            };
            let row = rows.entry(name.clone()).or_insert_with(|| {
                order.push(name);
                vec![None; columns.len()]
            });
            if let Some(bytes) = row.get_mut(column) {
                *bytes = Some(bytes.unwrap_or(0) + section.bytes);
            }
        }
    }
    let mut list: Vec<SectionRow> = order
        .into_iter()
        .filter_map(|name| rows.remove(&name).map(|bytes| SectionRow { name, bytes }))
        .collect();
    if list.len() > MOST_SECTIONS {
        list.sort_by_key(|row| std::cmp::Reverse(row.bytes.iter().flatten().max().copied()));
        let rest = list.split_off(MOST_SECTIONS);
        let sum = |column: usize| {
            let bytes = rest.iter().filter_map(|row| *row.bytes.get(column)?);
            Some(bytes.sum::<u64>()).filter(|bytes| *bytes > 0)
        };
        let bytes = (0..columns.len()).map(sum).collect();
        list.push(SectionRow { name: format!("{} smaller sections", rest.len()), bytes });
    }
    list
}

fn stages(asset: &AssetOverview) -> Vec<StageRow> {
    let row = |stage: &wasmport_build::StageReport| {
        let mut notes: Vec<String> = Vec::new();
        notes.extend(stage.by.as_deref().map(cell));
        notes.extend(stage.cached.then(|| "from the cache".to_owned()));
        notes.extend(stage.skipped.as_deref().map(|why| cell(&format!("skipped: {why}"))));
        StageRow {
            stage: stage.stage.to_string(),
            target: stage.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            before: stage.before,
            after: stage.after,
            note: notes.join(", "),
        }
    };
    // The target `source` may be there for this page alone.
    let is_shown = |stage: &&wasmport_build::StageReport| {
        stage.target.as_ref().is_none_or(|target| !target.is_source())
    };
    asset.stages.iter().filter(is_shown).map(row).collect()
}

fn artifacts(asset: &AssetOverview) -> Vec<ArtifactRow> {
    let row = |artifact: &wasmport_build::inspector::ArtifactOverview| ArtifactRow {
        target: artifact.target.to_string(),
        bytes: artifact.bytes,
        uncompressed: artifact.uncompressed,
        digest: artifact.blake3.to_string(),
        is_chosen: artifact.is_chosen,
        reason: artifact.reason.clone(),
        note: artifact.note.as_deref().map(cell),
    };
    asset.artifacts.iter().map(row).collect()
}

/// Formats an optional number of bytes.
fn number(bytes: &Option<u64>) -> String {
    bytes.map(|bytes| bytes.to_string()).unwrap_or_default()
}
