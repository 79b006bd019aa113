//! Items: the artifacts that an import compiles, and the part that compiles each of them.

use super::plan::{Plan, TargetsBySource};
use crate::asset::Kind;
use crate::partition::Partition;
use crate::pipeline::compile_cost;
use crate::project::discover::AssetFile;
use crate::report::AssetReport;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use wasmport::Digest;
use wasmport::engine::Target;

/// An artifact to compile: an asset for a target.
///
/// Assets with the same content and the same choices have the same artifacts: the first of them stands for all.
struct Item {
    source: String,
    target: Target,
    weight: Weight,
}

/// The order of an item, which every job computes from the same tree: neither names nor the machine matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    /// The estimated time to compile.
    cost: u64,
    key: Digest,
}

/// The items of a project.
pub(super) struct Items {
    all: Vec<Item>,
    /// The assets that cannot be read.
    pub failed: Vec<AssetReport>,
}

impl Items {
    /// Lists the items of all assets that the plan has discovered. Of assets with the same artifacts, one that the
    /// plan imports stands for all.
    pub fn of(plan: &Plan<'_>) -> Self {
        let pending: HashSet<&str> = plan.pending().map(|file| file.source.as_str()).collect();
        let mut assets: Vec<&AssetFile> =
            plan.discovered.assets.iter().filter(|file| !file.is_interface()).collect();
        assets.sort_by_key(|file| !pending.contains(file.source.as_str()));
        let measure = |file: &&AssetFile| {
            let digest = plan.freshness.source_digest(file)?;
            Ok((
                plan.freshness.artifacts_key(file, digest),
                compile_cost::code_bytes(file, plan.settings),
            ))
        };
        let measured: Vec<Result<_, _>> =
            plan.pool.install(|| assets.par_iter().map(measure).collect());
        let targets: Vec<&Target> =
            plan.settings.targets.iter().flatten().filter(|target| !target.is_source()).collect();
        let (mut all, mut failed) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (file, measured) in assets.into_iter().zip(measured) {
            match measured {
                Err(error) => failed.push(file.failed(Kind::Module, error)),
                Ok((key, _)) if !seen.insert(key) => {}
                Ok((key, code)) => all.extend(targets.iter().map(|target| Item {
                    source: file.source.clone(),
                    target: (*target).clone(),
                    weight: Weight {
                        cost: compile_cost::of(code, target),
                        key: Digest::of(format!("{key} {target}").as_bytes()),
                    },
                })),
            }
        }
        Self { all, failed }
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns the items of a part.
    pub fn of_part(&self, partition: Partition) -> TargetsBySource {
        let parts = self.parts(partition.parts());
        let own = self.all.iter().zip(parts).filter(|(_, part)| *part == partition.part());
        by_source(own.map(|(item, _)| item))
    }

    /// Returns the items of some sources.
    pub fn of_sources(&self, sources: &HashSet<&str>) -> TargetsBySource {
        by_source(self.all.iter().filter(|item| sources.contains(item.source.as_str())))
    }

    /// Returns the part of each item, by source and target.
    pub fn by_part(&self, parts: u32) -> HashMap<(&str, &Target), Partition> {
        let items = self.all.iter().map(|item| (item.source.as_str(), &item.target));
        let assigned = items.zip(self.parts(parts));
        assigned
            .filter_map(|(item, part)| Some((item, Partition::new(part, parts).ok()?)))
            .collect()
    }

    fn parts(&self, parts: u32) -> Vec<u32> {
        let weights: Vec<Weight> = self.all.iter().map(|item| item.weight).collect();
        assign(&weights, parts)
    }
}

fn by_source<'a>(items: impl Iterator<Item = &'a Item>) -> TargetsBySource {
    let mut targets = TargetsBySource::new();
    for item in items {
        targets.entry(item.source.clone()).or_default().push(item.target.clone());
    }
    targets
}

/// Returns the part of each item: the most expensive item first, each to the part with the least load.
fn assign(weights: &[Weight], parts: u32) -> Vec<u32> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|index| Reverse(weights[*index]));
    // Parts beyond the number of items have none.
    let used = u32::try_from(weights.len()).unwrap_or(u32::MAX).min(parts);
    let mut loads: BinaryHeap<Reverse<(u64, u32)>> =
        (1..=used).map(|part| Reverse((0, part))).collect();
    let mut assigned = vec![0; weights.len()];
    for index in order {
        // There is a part if there is an item.
        let Some(Reverse((load, part))) = loads.pop() else { continue };
        assigned[index] = part;
        loads.push(Reverse((load.saturating_add(weights[index].cost), part)));
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights(costs: &[u64]) -> Vec<Weight> {
        let weight = |(index, cost): (usize, &u64)| Weight {
            cost: *cost,
            key: Digest::of(&index.to_le_bytes()),
        };
        costs.iter().enumerate().map(weight).collect()
    }

    fn loads(weights: &[Weight], parts: u32) -> Vec<u64> {
        let assigned = assign(weights, parts);
        let load = |part| {
            let own = weights.iter().zip(&assigned).filter(|(_, of)| **of == part);
            own.map(|(weight, _)| weight.cost).sum()
        };
        (1..=parts).map(load).collect()
    }

    #[test]
    fn loads_are_as_even_as_the_items_allow() {
        assert_eq!(loads(&weights(&[7, 6, 5, 4, 3, 2, 1]), 3), [10, 9, 9]);
        assert_eq!(loads(&weights(&[100, 1, 1, 1]), 2), [100, 3]);
        assert_eq!(loads(&weights(&[5, 5]), 4), [5, 5, 0, 0]);
        assert_eq!(loads(&[], 2), [0, 0]);
        assert_eq!(
            assign(&weights(&[1, 2]), u32::MAX),
            [2, 1],
            "no memory for parts without items"
        );
    }

    proptest! {
        #[test]
        fn each_item_has_one_part_whatever_the_order(
            costs in prop::collection::vec(0..1_000_000_u64, 0..200),
            parts in 1..40_u32,
            seed in any::<u64>(),
        ) {
            let weights = weights(&costs);
            let assigned = assign(&weights, parts);
            prop_assert!(assigned.iter().all(|part| (1..=parts).contains(part)));
            // The order of the items, which is that of their names, does not matter.
            let mut order: Vec<usize> = (0..weights.len()).collect();
            order.sort_by_key(|index| Digest::of(&(*index as u64 ^ seed).to_le_bytes()));
            let shuffled: Vec<Weight> = order.iter().map(|index| weights[*index]).collect();
            let expected: Vec<u32> = order.iter().map(|index| assigned[*index]).collect();
            prop_assert_eq!(assign(&shuffled, parts), expected);
            // The bound of this method: 4/3 of the best, which is no less than the mean and the largest.
            let all: u64 = costs.iter().sum();
            let largest = costs.iter().copied().max().unwrap_or_default();
            let slowest = loads(&weights, parts).into_iter().max().unwrap_or_default();
            prop_assert!(slowest <= all / u64::from(parts) + largest);
        }
    }
}
