//! Workers: the cache of a run, and its assets imported several at once.

use super::plan::Plan;
use super::schedule::heaviest_first;
use crate::fs;
use crate::pipeline::ImportContext;
use crate::project::discover::AssetFile;
use crate::store::Cache;
use std::sync::Arc;

/// Opens the cache for a number of assets.
pub(super) fn import_context<'a>(plan: &'a Plan<'_>, assets: usize) -> ImportContext<'a> {
    let Plan { settings, tools, store, .. } = plan;
    let cache = store.as_ref().map_or_else(Cache::default, Cache::open);
    // Who reproduces uses nothing of other runs.
    let cache = match store {
        Some(_) if settings.has_network => cache.with_remote(settings),
        _ => cache,
    };
    // A single module has no other to share functions with.
    let shares = cache.is_on() || assets > 1;
    ImportContext { settings, tools, cache, functions: shares.then(Arc::default) }
}

/// Shrinks the cache to its limit, and returns its warnings.
pub(super) fn close(plan: &Plan<'_>, import: &ImportContext<'_>) -> Vec<String> {
    import.cache.shrink(plan.settings.cache.max_bytes());
    import.cache.warnings()
}

/// Calls `work` for each asset, several at once, the largest first.
pub(super) fn for_each<'b, T: Send>(
    plan: &Plan<'_>,
    assets: &[&'b AssetFile],
    work: impl Fn(&'b AssetFile) -> T + Sync,
) -> Vec<T> {
    let weight = |file: &&AssetFile| fs::len(&file.path).unwrap_or_default();
    let work = |file: &&'b AssetFile| plan.pool.install(|| work(file));
    let memory = plan.settings.memory_mib.map(|mib| u64::from(mib) << 20);
    // A thread that waits for functions of one asset takes up another, and the first then waits for all
    // of it: more assets than threads keep the processors busy.
    let assets_at_once = 2 * plan.pool.current_num_threads();
    heaviest_first(assets, weight, assets_at_once, memory, work)
}
