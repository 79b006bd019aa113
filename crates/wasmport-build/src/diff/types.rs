//! The meaning of a changed type.

use super::change::Direction;
use super::level::Verdict;
use crate::contents::{CoreType, Item};
use crate::interface::ExternType;
use std::mem::discriminant;

/// Returns the meaning of the change of an item's type.
pub(super) fn verdict(direction: Direction, before: &Item, after: &Item) -> Verdict {
    match (&before.core, &after.core) {
        (Some(before), Some(after)) => of_core(direction, before, after),
        _ => Verdict::breaks("its type differs"),
    }
}

fn of_core(direction: Direction, before: &CoreType, after: &CoreType) -> Verdict {
    let is_same_inside = before.inner == after.inner;
    match (&before.ty, &after.ty) {
        (ExternType::Memory(old), ExternType::Memory(new)) => {
            let form = |memory: &crate::interface::MemoryType| {
                (memory.shared, memory.memory64, memory.page_size_log2)
            };
            if form(old) == form(new) {
                return limits(direction, (old.min, old.max), (new.min, new.max));
            }
            Verdict::breaks("it is another form of memory")
        }
        (
            ExternType::Table { element: old, min, max, table64 },
            ExternType::Table { element: new, min: new_min, max: new_max, table64: new_64 },
        ) if (old, table64) == (new, new_64) && is_same_inside => {
            limits(direction, (*min, *max), (*new_min, *new_max))
        }
        (
            ExternType::Global { ty: old, mutable: was_mutable },
            ExternType::Global { ty: new, mutable },
        ) if old == new && is_same_inside => global(direction, *was_mutable, *mutable),
        (ExternType::Func(old), ExternType::Func(new))
            if (&old.params, &old.results) == (&new.params, &new.results)
                && old.nominal != new.nominal =>
        {
            Verdict::recompile(
                "its type is the same for hosts, and another one for modules that import it",
            )
        }
        (old, new) if old == new => Verdict::breaks("a type that it refers to differs"),
        (old, new) if discriminant(old) == discriminant(new) => Verdict::breaks("its type differs"),
        _ => Verdict::breaks("it is another kind of item"),
    }
}

/// A minimum and a maximum.
type Limits = (u64, Option<u64>);

/// Returns whether limits are within others.
fn are_within((min, max): Limits, (outer_min, outer_max): Limits) -> bool {
    min >= outer_min && outer_max.is_none_or(|outer| max.is_some_and(|max| max <= outer))
}

fn limits(direction: Direction, before: Limits, after: Limits) -> Verdict {
    match direction {
        Direction::Import if are_within(before, after) => {
            Verdict::patch("what the host provides fits the new limits")
        }
        Direction::Import => Verdict::recompile(
            "the host must provide one within the new limits, as its wrapper does",
        ),
        Direction::Export if are_within(after, before) => {
            Verdict::patch("the new limits are within the earlier ones")
        }
        Direction::Export => {
            Verdict::recompile("modules that import it may demand the earlier limits")
        }
    }
}

fn global(direction: Direction, was_mutable: bool, is_mutable: bool) -> Verdict {
    match (direction, was_mutable, is_mutable) {
        (Direction::Export, false, true) => {
            Verdict::recompile("it can be set now: modules that import it must be compiled again")
        }
        (Direction::Export, true, false) => Verdict::breaks("it can no longer be set"),
        (Direction::Import, _, true) => {
            Verdict::breaks("the host must provide one that can be set")
        }
        (Direction::Import, _, false) => Verdict::breaks("the host must provide a constant one"),
        // The same type is no change.
        (Direction::Export, ..) => Verdict::patch("the same type"),
    }
}
