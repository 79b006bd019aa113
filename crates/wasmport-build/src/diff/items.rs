//! Differences of imports and exports, item by item: those of core modules, and those of components that WIT cannot
//! describe.

use super::change::{Change, Direction, Subject};
use super::level::Verdict;
use super::types;
use crate::asset::Kind;
use crate::contents::{Contents, CoreType, Item};
use std::collections::{BTreeMap, HashMap, HashSet};
use wasmport::Digest;
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
        let (old_types, new_types) = (types_of(&before), types_of(&after));
        let (mut old, mut new) = (
            before.iter().filter(|item| !is_in(&new_types, item)),
            after.iter().filter(|item| !is_in(&old_types, item)),
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

/// The types of items, found by their text and digest: a file may import one name at very many types.
type TypesOf<'a> = HashMap<(&'a str, Option<Digest>), Vec<Option<&'a CoreType>>>;

fn types_of<'a>(items: &[&'a Item]) -> TypesOf<'a> {
    let mut types = TypesOf::new();
    for item in items {
        let same = types.entry(type_key(item)).or_default();
        if !same.contains(&item.core.as_ref()) {
            same.push(item.core.as_ref());
        }
    }
    types
}

fn is_in(types: &TypesOf<'_>, item: &Item) -> bool {
    types.get(&type_key(item)).is_some_and(|same| same.contains(&item.core.as_ref()))
}

fn type_key(item: &Item) -> (&str, Option<Digest>) {
    (&item.ty, item.core.as_ref().and_then(|core| core.inner))
}

/// Returns whether both sides have an item of a component whose type is more than its text says: what a core module, a
/// component or an instance contains is not compared, and neither is a type.
pub(super) fn has_opaque(before: &[Item], after: &[Item]) -> bool {
    let is_opaque = |item: &&Item| {
        item.core.is_none()
            && ["core module", "component", "instance", "type", "value"].contains(&&*item.ty)
    };
    let names = |items: &'_ [Item]| -> HashSet<(String, String)> {
        let key = |item: &Item| (compatible(&item.of).to_owned(), item.name.clone());
        items.iter().filter(is_opaque).map(key).collect()
    };
    !names(before).is_disjoint(&names(after))
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
