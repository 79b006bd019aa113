//! Differences of the worlds of components.

use super::change::{Change, Direction, Subject};
use super::items::{added, removed};
use super::level::Verdict;
use crate::component::{Aspect, Difference, Direction as Side, ItemKind, World, misfits};
use crate::names::unversioned;
use std::collections::BTreeSet;
use wasmport::interface::{Preview, preview};

/// Returns the differences of all items.
pub(super) fn changes(before: &World, after: &World) -> Vec<Change> {
    let is_lacking = |difference: &Difference| difference.aspect == Aspect::Lacking;
    let forward = misfits(after, before);
    // In the other direction, items that one side lacks are new exports and removed imports.
    let backward: Vec<Difference> = misfits(before, after).into_iter().filter(is_lacking).collect();
    let given = given(before);
    let mut changes: Vec<Change> = Vec::new();
    for difference in &forward {
        let other = other_version(difference, &backward);
        let change = of_misfit(difference, other, &given);
        // Each part of a type is a difference.
        match changes.last_mut().filter(|last| is_same_item(last, &change)) {
            Some(last) => last.details.extend(change.details),
            None => changes.push(change),
        }
    }
    for difference in &backward {
        let other = other_version(difference, &forward);
        changes.push(of_lacking_before(difference, other));
    }
    let key = |change: &Change| (change.direction, change.of.clone(), change.name.clone());
    changes.sort_by_cached_key(key);
    changes
}

fn is_same_item(one: &Change, other: &Change) -> bool {
    let key = |change: &Change| {
        (change.direction, change.of.clone(), change.name.clone(), change.compatibility)
    };
    !one.details.is_empty() && !other.details.is_empty() && key(one) == key(other)
}

/// Returns the parts of WASI that a host of the world provides.
fn given(world: &World) -> BTreeSet<Preview> {
    let mut given: BTreeSet<Preview> =
        world.imports().iter().filter_map(|name| preview(name)).collect();
    // The other parts need it.
    if !given.is_empty() {
        given.insert(Preview::Two);
    }
    given
}

/// Returns the name of the same interface in an incompatible version, on the other side.
fn other_version<'a>(difference: &Difference, others: &'a [Difference]) -> Option<&'a str> {
    let is_other = |other: &&Difference| {
        other.aspect == Aspect::Lacking
            && other.item.is_empty()
            && other.direction == difference.direction
            && other.key != difference.key
            && unversioned(&other.key) == unversioned(&difference.key)
    };
    let is_whole = difference.item.is_empty() && difference.aspect == Aspect::Lacking;
    others.iter().find(is_other).filter(|_| is_whole).map(|other| other.key.as_str())
}

/// Returns the meaning of a difference that keeps `after` from taking the place of `before`.
fn of_misfit(difference: &Difference, other: Option<&str>, given: &BTreeSet<Preview>) -> Change {
    let Difference { direction, key, aspect, line, kind, texts: [now, earlier], .. } = difference;
    let is_given = preview(key).is_some_and(|part| given.contains(&part));
    let verdict = match (aspect, direction) {
        (Aspect::Lacking, Side::Import) if *kind == ItemKind::Type => {
            Verdict::minor("only functions need the type")
        }
        (Aspect::Lacking, Side::Import) => with_version(added(Direction::Import, is_given), other),
        (Aspect::Lacking, Side::Export) => with_version(removed(Direction::Export), other),
        (Aspect::Version, _) => Verdict::minor("Wasmtime links compatible versions as one"),
        (Aspect::Names, _) => {
            Verdict::recompile("Wasmtime ignores the names of parameters, and compositions do not")
        }
        (Aspect::Type, _) => Verdict::breaks("its type differs"),
    };
    let mut change = Change::new(subject(difference, earlier.clone(), now.clone()), verdict);
    if matches!(aspect, Aspect::Names | Aspect::Type) {
        change.details.push(line.clone());
    }
    change
}

/// Returns the meaning of an item that `before` lacks, or that was removed from its imports.
fn of_lacking_before(difference: &Difference, other: Option<&str>) -> Change {
    let [earlier, now] = &difference.texts;
    let verdict = match difference.direction {
        Side::Import => removed(Direction::Import),
        Side::Export => added(Direction::Export, false),
    };
    let verdict = with_version(verdict, other);
    Change::new(subject(difference, earlier.clone(), now.clone()), verdict)
}

/// Names the version of the interface on the other side in a reason.
fn with_version(verdict: Verdict, other: Option<&str>) -> Verdict {
    let Some(other) = other else { return verdict };
    let reason = format!("{}; `{other}` is no compatible version", verdict.reason);
    Verdict { reason, ..verdict }
}

fn subject(difference: &Difference, before: Option<String>, after: Option<String>) -> Subject {
    let Difference { direction, key, item, kind, .. } = difference;
    let direction = match direction {
        Side::Import => Direction::Import,
        Side::Export => Direction::Export,
    };
    // A function or type of the world itself belongs to no interface.
    let is_own = item.is_empty() && *kind != ItemKind::Interface;
    let (of, name) = if is_own { ("", key) } else { (key.as_str(), item) };
    Subject { direction, of: of.to_owned(), name: name.clone(), before, after }
}
