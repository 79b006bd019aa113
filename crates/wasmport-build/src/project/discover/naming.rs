//! Naming: a Rust module for each file and folder.

use super::AssetFile;
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
                let last = path.rsplit('/').next().unwrap_or(path);
                let stem = if files.contains_key(*path) {
                    last.rsplit_once('.').map_or(last, |(stem, _)| stem)
                } else {
                    last
                };
                names::Request::new(stem).keyed_by(path)
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
    });
    found.collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
