//! The largest functions of an asset: one choice for its module and its artifacts, so that each is in all lists or in none.

use super::AssetOverview;
use crate::sizes::{FunctionSize, Sizes};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The identity of a function in files that have the same numbers: its module and index, or the name that the compiler gave
/// to its own code.
type Key<'a> = (u32, Option<u32>, &'a str);

/// Leaves in all sizes of an asset its `most` largest functions, the largest first, and names those of artifacts as in the
/// module. A function is as large as in the file where it is largest.
pub(super) fn keep_largest(asset: &mut AssetOverview, most: usize) {
    let AssetOverview { sizes, final_sizes, artifacts, .. } = asset;
    // The stages may have renumbered the functions of the source.
    let is_renumbered = final_sizes.is_some() && final_sizes != sizes;
    let (own, source) = if is_renumbered { (None, sizes.as_mut()) } else { (sizes.as_mut(), None) };
    let (mut joined, mut others): (Vec<&mut Sizes>, Vec<&mut Sizes>) = (Vec::new(), Vec::new());
    joined.extend(own);
    joined.extend(final_sizes.as_mut());
    others.extend(source);
    for artifact in artifacts.iter_mut() {
        let list = if artifact.has_module_numbers { &mut joined } else { &mut others };
        list.extend(artifact.sizes.as_mut());
    }
    cut(&mut joined, most);
    others.into_iter().for_each(|sizes| cut(&mut [sizes], most));
    // Symbols of artifacts are cut.
    let module = final_sizes.as_ref().or(sizes.as_ref());
    for artifact in artifacts.iter_mut().filter(|artifact| artifact.has_module_numbers) {
        if let (Some(own), Some(module)) = (&mut artifact.sizes, module) {
            own.take_names(module);
        }
    }
}

/// Cuts the lists of files with the same numbers.
fn cut(files: &mut [&mut Sizes], most: usize) {
    let kept = kept(files, most);
    for (sizes, kept) in files.iter_mut().zip(kept) {
        sizes.retain(&kept);
    }
}

/// Returns for each function of each file whether it is one of the `most` largest.
fn kept(files: &[&mut Sizes], most: usize) -> Vec<Vec<bool>> {
    let mut largest = HashMap::<Key<'_>, u64>::new();
    for function in files.iter().flat_map(|sizes| &sizes.functions) {
        let bytes = largest.entry(key(function)).or_default();
        *bytes = function.bytes.max(*bytes);
    }
    let mut order: Vec<(u64, Key<'_>)> =
        largest.into_iter().map(|(key, bytes)| (bytes, key)).collect();
    order.sort_unstable_by_key(|(bytes, key)| (Reverse(*bytes), *key));
    let chosen: HashSet<Key<'_>> = order.into_iter().take(most).map(|(_, key)| key).collect();
    let of_file = |sizes: &&mut Sizes| -> Vec<bool> {
        sizes.functions.iter().map(|function| chosen.contains(&key(function))).collect()
    };
    files.iter().map(of_file).collect()
}

fn key(function: &FunctionSize) -> Key<'_> {
    let own_name = function.name.as_deref().filter(|_| function.index.is_none());
    (function.module, function.index, own_name.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sizes(lengths: &[usize]) -> Sizes {
        let functions = lengths.iter().map(|length| format!("(func {})", "nop ".repeat(*length)));
        let module = format!("(module {})", functions.collect::<String>());
        crate::sizes::of_bytes(Path::new("a.wat"), module.as_bytes()).unwrap()
    }

    fn listed(sizes: &Sizes) -> (Vec<u32>, u64) {
        let indices = sizes.functions.iter().filter_map(|function| function.index);
        (indices.collect(), sizes.unlisted.functions)
    }

    #[test]
    fn all_files_list_the_same_functions() {
        // Each file has another largest function.
        let (mut first, mut second) = (sizes(&[1, 9, 2, 3]), sizes(&[2, 1, 3, 8]));
        cut(&mut [&mut first, &mut second], 2);
        assert_eq!(listed(&first), (vec![1, 3], 2));
        assert_eq!(listed(&second), (vec![3, 1], 2));
        let bytes: u64 = first.functions.iter().map(|function| function.bytes).sum();
        // Each function has three bytes besides its instructions: length, locals and end.
        assert_eq!((bytes, first.unlisted.bytes), (9 + 3 + 6, 1 + 2 + 6));
    }
}
