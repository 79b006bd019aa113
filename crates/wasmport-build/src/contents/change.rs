//! `Change`: a difference between two contents.

use super::item::Item;
use serde::Serialize;
use std::collections::BTreeMap;

/// The direction of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Imports.
    Import,
    /// Exports.
    Export,
}

/// A difference between two contents: without a type before, the item is new; without one after, it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The direction.
    pub direction: Direction,
    /// The module or the interface that the item belongs to.
    pub of: String,
    /// The name of the item.
    pub name: String,
    /// Its type before.
    pub before: Option<String>,
    /// Its type after.
    pub after: Option<String>,
}

/// Returns the differences of items in one direction.
pub(super) fn changes(direction: Direction, before: &[Item], after: &[Item]) -> Vec<Change> {
    let mut types = BTreeMap::<(&str, &str), (Option<&str>, Option<&str>)>::new();
    for item in before {
        types.entry((&item.of, &item.name)).or_default().0 = Some(&item.ty);
    }
    for item in after {
        types.entry((&item.of, &item.name)).or_default().1 = Some(&item.ty);
    }
    let changed = types.into_iter().filter(|(_, (before, after))| before != after);
    let changed = changed.map(|((of, name), (before, after))| Change {
        direction,
        of: of.to_owned(),
        name: name.to_owned(),
        before: before.map(ToOwned::to_owned),
        after: after.map(ToOwned::to_owned),
    });
    changed.collect()
}
