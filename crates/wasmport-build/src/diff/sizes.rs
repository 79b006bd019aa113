//! `SizeDiff`: the differences of sizes, by section and function.

use crate::sizes::{FunctionSize, SectionSize, Sizes};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The largest number of functions and of sections that are listed.
pub const MOST_MOVERS: usize = 50;

/// The differences of the sizes of two files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SizeDiff {
    /// The length before in bytes: of the binary format, and after decompression.
    pub before: u64,
    /// The length after.
    pub after: u64,
    /// The sections that differ in size, the largest differences first, at most 50.
    pub sections: Vec<Mover>,
    /// The functions that differ in size, the largest differences first, at most 50. They are matched by name, and those
    /// without a name by their place among the functions.
    pub functions: Vec<Mover>,
    /// The number of functions that differ in size.
    pub moved_functions: usize,
}

/// A section or function that differs in size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Mover {
    /// The number of the core module in the file; null for a section of a component itself or of an artifact.
    pub module: Option<u32>,
    /// The name; of a function without one its index, such as `function[12]`.
    pub name: String,
    /// The length before in bytes; null if it is new.
    pub before: Option<u64>,
    /// The length after; null if it was removed.
    pub after: Option<u64>,
}

impl Mover {
    /// Returns the difference in bytes.
    #[must_use]
    pub fn difference(&self) -> i64 {
        let [before, after] = [self.before, self.after].map(Option::unwrap_or_default);
        difference(before, after)
    }
}

/// Returns the difference of two lengths.
#[must_use]
pub fn difference(before: u64, after: u64) -> i64 {
    let abs = i64::try_from(before.abs_diff(after)).unwrap_or(i64::MAX);
    if after < before { -abs } else { abs }
}

impl SizeDiff {
    /// Compares the sizes of two files.
    #[must_use]
    pub fn of(before: &Sizes, after: &Sizes) -> Self {
        let (functions, moved_functions) = largest(functions(&before.functions, &after.functions));
        let (sections, _) = largest(sections(&before.sections, &after.sections));
        Self { before: before.bytes, after: after.bytes, sections, functions, moved_functions }
    }
}

/// Returns the largest differences, and the number of all.
fn largest(mut movers: Vec<Mover>) -> (Vec<Mover>, usize) {
    movers.retain(|mover| mover.before != mover.after);
    let count = movers.len();
    let key = |mover: &Mover| Reverse(mover.difference().unsigned_abs());
    movers.sort_by_key(key);
    movers.truncate(MOST_MOVERS);
    (movers, count)
}

fn sections(before: &[SectionSize], after: &[SectionSize]) -> Vec<Mover> {
    let mut movers = BTreeMap::<(Option<u32>, &str), [Option<u64>; 2]>::new();
    for (side, sections) in [before, after].into_iter().enumerate() {
        for SectionSize { module, name, bytes } in sections {
            movers.entry((*module, name)).or_default()[side] = Some(*bytes);
        }
    }
    let mover = |((module, name), [before, after]): ((Option<u32>, &str), [Option<u64>; 2])| {
        Mover { module, name: name.to_owned(), before, after }
    };
    movers.into_iter().map(mover).collect()
}

/// Matches functions by name, in the order of the file if several have one name, and then those of which one side has no
/// name by their place among the functions that are not imported.
fn functions(before: &[FunctionSize], after: &[FunctionSize]) -> Vec<Mover> {
    let mut named = HashMap::<(u32, &str), VecDeque<usize>>::new();
    for (place, function) in before.iter().enumerate() {
        if let Some(name) = &function.name {
            named.entry((function.module, name)).or_default().push_back(place);
        }
    }
    let mut is_matched = vec![false; before.len()];
    let (mut movers, mut rest) = (Vec::new(), Vec::new());
    for function in after {
        let name = function.name.as_deref();
        let places = name.and_then(|name| named.get_mut(&(function.module, name)));
        match places.and_then(VecDeque::pop_front) {
            Some(place) => {
                is_matched[place] = true;
                movers.push(mover(Some(&before[place]), Some(function)));
            }
            None => rest.push(function),
        }
    }
    let (first_before, first_after) = (first(before), first(after));
    let unmatched = before.iter().zip(is_matched).filter(|(_, is_matched)| !is_matched);
    let mut indexed = BTreeMap::new();
    for (function, _) in unmatched {
        match function.index {
            Some(index) => {
                let place = index - first_before[&function.module];
                let _ = indexed.insert((function.module, place), function);
            }
            None => movers.push(mover(Some(function), None)),
        }
    }
    for function in rest {
        let key =
            function.index.map(|index| (function.module, index - first_after[&function.module]));
        let other = key.and_then(|key| indexed.get(&key).copied());
        // Two names are two functions.
        let other = other.filter(|other| other.name.is_none() || function.name.is_none());
        if let (Some(key), Some(_)) = (key, other) {
            let _ = indexed.remove(&key);
        }
        movers.push(mover(other, Some(function)));
    }
    movers.extend(indexed.into_values().map(|function| mover(Some(function), None)));
    movers.retain(|mover| mover.before != mover.after);
    movers
}

/// Returns the smallest index in each module: imports, which come before it, are no functions of the file.
fn first(functions: &[FunctionSize]) -> HashMap<u32, u32> {
    let mut first = HashMap::new();
    for FunctionSize { module, index, .. } in functions {
        if let Some(index) = index {
            let least = first.entry(*module).or_insert(*index);
            *least = (*index).min(*least);
        }
    }
    first
}

fn mover(before: Option<&FunctionSize>, after: Option<&FunctionSize>) -> Mover {
    let one = after.or(before);
    let name = after.and_then(|f| f.name.as_ref()).or(before.and_then(|f| f.name.as_ref()));
    let index = one.and_then(|function| function.index);
    Mover {
        module: one.map(|function| function.module),
        name: name.cloned().unwrap_or_else(|| {
            index.map_or_else(|| "function".into(), |index| format!("function[{index}]"))
        }),
        before: before.map(|function| function.bytes),
        after: after.map(|function| function.bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sizes(text: &str) -> Sizes {
        crate::sizes::of_bytes(Path::new("a.wat"), text.as_bytes()).unwrap()
    }

    fn moved(before: &str, after: &str) -> Vec<(String, i64)> {
        let diff = SizeDiff::of(&sizes(before), &sizes(after));
        diff.functions.iter().map(|mover| (mover.name.clone(), mover.difference())).collect()
    }

    #[test]
    fn functions_are_matched_by_name_and_then_by_index() {
        let (small, large) = ("(func $a nop)", "(func $a nop nop nop)");
        let first = "(func $first nop)";
        assert_eq!(
            moved(&format!("(module {small})"), &format!("(module {first}{large})")),
            [("first".to_owned(), 4), ("a".to_owned(), 2)]
        );
        // Without a name, the index counts.
        let unnamed = |body: &str| format!("(module (func) (func {body}))");
        assert_eq!(moved(&unnamed("nop"), &unnamed("nop nop")), [("function[1]".to_owned(), 1)]);
        // An import more has moved the indices.
        let imported = unnamed("nop").replacen("(module", "(module (import \"a\" \"b\" (func))", 1);
        assert_eq!(moved(&unnamed("nop"), &imported), []);
        // One side was stripped.
        assert_eq!(
            moved("(module (func nop))", &format!("(module {large})")),
            [("a".to_owned(), 2)]
        );
        // Another name is another function.
        assert_eq!(moved("(module (func $b nop))", &format!("(module {small})")).len(), 2);
        assert!(moved(&format!("(module {small})"), &format!("(module {small})")).is_empty());
    }

    #[test]
    fn the_largest_differences_are_listed_and_all_are_counted() {
        let module = |of: &dyn Fn(usize) -> usize| {
            let functions = (0..200).map(|n| format!("(func $f{n} {})", "nop ".repeat(of(n))));
            format!("(module {})", functions.collect::<String>())
        };
        let diff = SizeDiff::of(&sizes(&module(&|_| 1)), &sizes(&module(&|n| n)));
        assert_eq!((diff.functions.len(), diff.moved_functions), (MOST_MOVERS, 199));
        assert_eq!(diff.functions[0].name, "f199");
        assert_eq!(diff.sections.iter().map(Mover::difference).sum::<i64>(), {
            difference(diff.before, diff.after)
        });
        assert_eq!(
            [difference(1, 3), difference(3, 1), difference(0, u64::MAX)],
            [2, -2, i64::MAX]
        );
    }
}
