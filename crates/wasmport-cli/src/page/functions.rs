//! The table of functions: a row for each, with its bytes in wasm and for each target.

use super::rows::{escaped_len, within};
use super::{LONGEST, cut};
use std::collections::BTreeMap;
use wasmport_build::inspector::AssetOverview;
use wasmport_build::sizes::{FunctionSize, Sizes};

/// A function in the module and in artifacts.
pub(super) struct FunctionRow {
    pub name: String,
    /// The index in its module, or `MODULE:INDEX`.
    pub place: String,
    pub is_code_of_compiler: bool,
    /// The bytes in each column.
    pub bytes: Vec<Option<u64>>,
}

/// The functions of an asset.
pub(super) struct FunctionTable {
    pub columns: Vec<String>,
    pub rows: Vec<FunctionRow>,
    /// The number of all functions.
    pub count: u64,
    pub left: u64,
}

/// The place of a function, by which columns are joined.
type Key = (usize, u32, Option<u32>, String);

/// A file: its name, its sizes, and whether its functions have the numbers of the module.
type Column<'a> = (String, Option<&'a Sizes>, bool);

/// Joins the functions of the module and of the artifacts, as many as fit into `room` bytes of the page.
pub(super) fn table(asset: &AssetOverview, room: usize) -> FunctionTable {
    let (wasm, name) = match (&asset.final_sizes, &asset.sizes) {
        (Some(sizes), Some(source)) if sizes.bytes != source.bytes => {
            (Some(sizes), "wasm after stages")
        }
        (Some(sizes), _) | (None, Some(sizes)) => (Some(sizes), "wasm"),
        (None, None) => (None, "wasm"),
    };
    let artifacts = asset.artifacts.iter().filter(|artifact| !artifact.target.is_source());
    let columns: Vec<Column<'_>> = std::iter::once((name.to_owned(), wasm, true))
        .chain(artifacts.map(|artifact| {
            (artifact.target.to_string(), artifact.sizes.as_ref(), artifact.has_module_numbers)
        }))
        .collect();
    let mut rows: BTreeMap<Key, FunctionRow> = BTreeMap::new();
    for (column, (_, sizes, is_joined)) in columns.iter().enumerate() {
        for function in sizes.iter().flat_map(|sizes| &sizes.functions) {
            let own = if *is_joined { 0 } else { column + 1 };
            let glue = function.index.is_none().then(|| function.name.clone()).flatten();
            let key = (own, function.module, function.index, glue.unwrap_or_default());
            let row = rows.entry(key).or_insert_with(|| row(function, columns.len()));
            if let Some(bytes) = row.bytes.get_mut(column) {
                *bytes = Some(bytes.unwrap_or(0) + function.bytes);
            }
        }
    }
    let mut rows: Vec<FunctionRow> = rows.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes.iter().flatten().max().copied()));
    let unlisted = unlisted(&columns);
    let count = rows.len() as u64 + unlisted;
    let (rows, left) = within(rows.into_iter(), room, |row| {
        let numbers = row.bytes.iter().map(|bytes| bytes.map_or(1, |_| 8));
        numbers.chain([escaped_len(&row.name), row.place.len()]).collect()
    });
    let columns = columns.into_iter().map(|(name, ..)| name).collect();
    FunctionTable { columns, rows, count, left: left as u64 + unlisted }
}

/// Returns the number of functions that no file lists. Files with the same numbers list the same functions, so that each of
/// the others is unlisted in the file that has the most.
fn unlisted(columns: &[Column<'_>]) -> u64 {
    let (mut joined, mut others) = (0, 0);
    for (_, sizes, is_joined) in columns {
        let unlisted = sizes.map_or(0, |sizes| sizes.unlisted.functions);
        if *is_joined {
            joined = unlisted.max(joined);
        } else {
            others += unlisted;
        }
    }
    joined + others
}

fn row(function: &FunctionSize, columns: usize) -> FunctionRow {
    let place = match (function.module, function.index) {
        (_, None) => String::new(),
        (0, Some(index)) => index.to_string(),
        (module, Some(index)) => format!("{module}:{index}"),
    };
    FunctionRow {
        name: name(function),
        place,
        is_code_of_compiler: function.index.is_none(),
        bytes: vec![None; columns],
    }
}

/// Returns the name of a function, or its index.
pub(super) fn name(function: &FunctionSize) -> String {
    match (&function.name, function.index) {
        (Some(name), _) if !name.is_empty() => cut(name, LONGEST),
        (_, Some(index)) if function.module == 0 => format!("function {index}"),
        (_, Some(index)) => format!("function {index} of module {}", function.module),
        (_, None) => "code of the compiler".into(),
    }
}
