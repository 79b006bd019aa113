//! Links: core modules of a project whose exports satisfy the imports of others.

use super::AssetOverview;
use crate::asset::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// The largest number of pairs of assets that are compared.
const MOST_PAIRS: usize = 1_000_000;

/// Names for each import module the assets that export everything that is imported from it, with the same types.
pub(super) fn find(assets: &mut [AssetOverview]) {
    if assets.len().saturating_mul(assets.len()) > MOST_PAIRS {
        return;
    }
    let exports: Vec<(String, BTreeSet<(String, String)>)> = assets
        .iter()
        .filter(|asset| asset.kind == Kind::Module && !asset.exports.is_empty())
        .map(|asset| {
            let exports = asset.exports.iter().map(|e| (e.name.clone(), e.ty.clone()));
            (asset.name.clone(), exports.collect())
        })
        .collect();
    for asset in assets.iter_mut().filter(|asset| asset.kind == Kind::Module) {
        let mut modules = BTreeMap::<String, Vec<(String, String)>>::new();
        for import in &asset.imports {
            let wanted = modules.entry(import.of.clone()).or_default();
            wanted.push((import.name.clone(), import.ty.clone()));
        }
        let satisfied = |wanted: &[(String, String)]| {
            let has_all = |exports: &BTreeSet<(String, String)>| {
                wanted.iter().all(|import| exports.contains(import))
            };
            let others = exports.iter().filter(|(name, _)| *name != asset.name);
            let found = others.filter(|(_, exports)| has_all(exports));
            found.map(|(name, _)| name.clone()).collect::<Vec<String>>()
        };
        let satisfied: BTreeMap<String, Vec<String>> =
            modules.iter().map(|(of, wanted)| (of.clone(), satisfied(wanted))).collect();
        for import in &mut asset.imports {
            import.assets = satisfied.get(&import.of).cloned().unwrap_or_default();
        }
    }
}
