//! Naming: a Rust module for each file and folder.

use super::AssetFile;
use crate::asset::{AssetError, Stage};
use crate::names;
use crate::settings::AssetRules;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// Names that Windows reserves, whatever the extension. Checked-in output is for all systems.
const DEVICES: &[&str] = &[
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1",
    "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// Takes out files that differ in their extension alone, such as `calc.wasm` and `calc.wat`, each with an
/// error: they would be the same module, and nothing says which of them the program means.
pub(super) fn take_twins(files: &mut BTreeMap<String, PathBuf>) -> Vec<(String, AssetError)> {
    let mut by_stem: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for source in files.keys() {
        by_stem.entry(stem(source)).or_default().push(source);
    }
    let mut failed = Vec::new();
    for twins in by_stem.values().filter(|twins| twins.len() > 1) {
        let exclusions: Vec<String> =
            twins.iter().map(|twin| format!("`exclude = [{twin:?}]`")).collect();
        for source in twins {
            let others = twins.iter().filter(|other| *other != source);
            let others: Vec<String> = others.map(|other| format!("`{other}`")).collect();
            let message = format!("it would be the same Rust module as {}", others.join(" and "));
            let help = format!("exclude one, with {}, or rename it", exclusions.join(" or "));
            let error = AssetError::new(&files[*source], Stage::Discover, message).help(help);
            failed.push(((*source).clone(), error));
        }
    }
    failed.iter().for_each(|(source, _)| drop(files.remove(source)));
    failed
}

/// Returns the path without the extension.
fn stem(source: &str) -> &str {
    let name = source.rsplit('/').next().unwrap_or(source);
    let extension = name.rsplit_once('.').map_or(0, |(_, extension)| extension.len() + 1);
    &source[..source.len() - extension]
}

/// Names each folder and file as a Rust module that is unique within its folder.
pub(super) fn name(files: BTreeMap<String, PathBuf>, rules: &AssetRules) -> Vec<AssetFile> {
    let mut scopes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in files.keys() {
        for (end, _) in source.match_indices('/').chain([(source.len(), "")]) {
            let path = &source[..end];
            scopes.entry(parent(path)).or_default().insert(path);
        }
    }
    let mut idents: BTreeMap<&str, String> = BTreeMap::new();
    for paths in scopes.values() {
        let requests: Vec<names::Request> = paths
            .iter()
            .map(|path| {
                let name = if files.contains_key(*path) { stem(path) } else { path };
                let last = name.rsplit('/').next().unwrap_or(name);
                names::Request::new(last).keyed_by(path)
            })
            .collect();
        idents.extend(paths.iter().copied().zip(names::snake_case(&requests, DEVICES)));
    }
    let module = |source: &str| {
        let ends = source.match_indices('/').map(|(end, _)| end).chain([source.len()]);
        ends.map(|end| idents[&source[..end]].clone()).collect()
    };
    let mut by_rules = HashMap::new();
    let mut settings = |source: &str| {
        let settings = by_rules.entry(rules.matching(source));
        Arc::clone(settings.or_insert_with(|| Arc::new(rules.of(source))))
    };
    let found = files.iter().map(|(source, path)| AssetFile {
        path: path.clone(),
        source: source.clone(),
        module: module(source),
        settings: settings(source),
        pin: None,
    });
    found.collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
