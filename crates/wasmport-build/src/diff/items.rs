//! Differences of imports and exports, item by item: those of core modules, and those of components that WIT cannot
//! describe.

use super::change::{Change, Direction, Subject};
use super::level::Verdict;
use super::types;
use crate::asset::Kind;
use crate::contents::{Contents, Item};
use std::collections::BTreeMap;
use wasmport::interface::{compatible, preview};

/// Returns the differences of all items.
pub(super) fn changes(before: &Contents, after: &Contents) -> Vec<Change> {
    let has_wasi = before.imports.iter().any(is_wasi);
    let is_component = before.kind == Kind::Component && after.kind == Kind::Component;
    let of = |direction, before: &[Item], after: &[Item]| {
        let pairs = pairs(before, after, is_component).into_iter();
        let change = |(before, after): Pair<'_>| change(direction, before, after, has_wasi);
        pairs.filter_map(change).collect::<Vec<_>>()
    };
    let mut changes = of(Direction::Import, &before.imports, &after.imports);
    changes.extend(of(Direction::Export, &before.exports, &after.exports));
    changes
}

/// Returns the items of a new asset: nothing used it before.
pub(super) fn of_added(after: &Contents) -> Vec<Change> {
    let item = |direction, item: &Item| {
        let reason = "the asset is new";
        Change::new(subject(direction, None, Some(item)), Verdict::minor(reason))
    };
    let imports = after.imports.iter().map(|import| item(Direction::Import, import));
    imports.chain(after.exports.iter().map(|export| item(Direction::Export, export))).collect()
}

/// An item before and after.
type Pair<'a> = (Option<&'a Item>, Option<&'a Item>);

/// Pairs items with the same name; compatible versions of an interface have one name. A module may import one name at
/// several types: equal types are pairs first.
fn pairs<'a>(before: &'a [Item], after: &'a [Item], is_component: bool) -> Vec<Pair<'a>> {
    let mut groups = BTreeMap::<(&str, &str), [Vec<&Item>; 2]>::new();
    for (side, items) in [before, after].into_iter().enumerate() {
        for item in items {
            let of = if is_component { compatible(&item.of) } else { &item.of };
            groups.entry((of, &item.name)).or_default()[side].push(item);
        }
    }
    let mut pairs = Vec::new();
    for [before, after] in groups.into_values() {
        let is_in = |items: &[&Item], item: &Item| {
            items.iter().any(|other| (&other.ty, &other.core) == (&item.ty, &item.core))
        };
        let (mut old, mut new) = (
            before.iter().filter(|item| !is_in(&after, item)),
            after.iter().filter(|item| !is_in(&before, item)),
        );
        loop {
            match (old.next(), new.next()) {
                (None, None) => break,
                (before, after) => pairs.push((before.copied(), after.copied())),
            }
        }
    }
    pairs
}

fn change(
    direction: Direction,
    before: Option<&Item>,
    after: Option<&Item>,
    has_wasi: bool,
) -> Option<Change> {
    let verdict = match (before, after) {
        (None, None) => return None,
        (Some(before), Some(after)) => types::verdict(direction, before, after),
        (None, Some(item)) => added(direction, has_wasi && is_wasi(item)),
        (Some(_), None) => removed(direction),
    };
    Some(Change::new(subject(direction, before, after), verdict))
}

/// Returns the meaning of a new item. `is_given` are imports that the host provides already.
pub(super) fn added(direction: Direction, is_given: bool) -> Verdict {
    match direction {
        Direction::Import if is_given => {
            Verdict::minor("a host that provides WASI provides all of it")
        }
        Direction::Import => Verdict::breaks("the host must provide it"),
        Direction::Export => Verdict::minor("callers do not need it"),
    }
}

/// Returns the meaning of an item that was removed.
pub(super) fn removed(direction: Direction) -> Verdict {
    match direction {
        Direction::Import => Verdict::minor(
            "the host provides more than the file needs; after an import its host trait lacks it",
        ),
        Direction::Export => Verdict::breaks("callers lack it"),
    }
}

fn is_wasi(item: &Item) -> bool {
    item.is_wasi || preview(&item.of).is_some()
}

fn subject(direction: Direction, before: Option<&Item>, after: Option<&Item>) -> Subject {
    let item = after.or(before);
    Subject {
        direction,
        of: item.map(|item| item.of.clone()).unwrap_or_default(),
        name: item.map(|item| item.name.clone()).unwrap_or_default(),
        before: before.map(|item| item.ty.clone()),
        after: after.map(|item| item.ty.clone()),
    }
}
