//! `CodeView`: a function as wasm text and as machine code.

mod machine;
mod text;

use super::artifacts;
use crate::asset::{AssetError, Stage};
use crate::project::manifest::ArtifactEntry;
use crate::sizes::{FunctionSize, Sizes, demangled};
use serde::Serialize;
use std::path::Path;
use wasmport::engine::Target;

/// The largest number of lines of a function that are shown.
pub const MOST_LINES: usize = 3000;

/// The longest line in bytes.
const LONGEST_LINE: usize = 300;

/// The number of names that an error suggests.
const SUGGESTIONS: usize = 5;

/// A function as wasm text and as machine code.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CodeView {
    /// The number of its core module in the file, from 0.
    pub module: u32,
    /// The index in its module, imports included.
    pub index: u32,
    /// The name as in the source, if there is one.
    pub name: Option<String>,
    /// The module's text, after all stages.
    pub wasm: Vec<CodeLine>,
    /// The code for each target.
    pub machine: Vec<MachineCode>,
    /// Whether lines are left out because there are too many.
    pub is_cut: bool,
}

/// A line of wasm text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeLine {
    /// The offset of the instruction in the file; none for lines without one.
    pub offset: Option<u32>,
    /// The text.
    pub text: String,
}

/// The code of a function for a target.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MachineCode {
    /// The target.
    pub target: Target,
    /// The instructions.
    pub lines: Vec<MachineLine>,
    /// The reason why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MachineLine {
    /// The offset from the beginning of the function.
    pub address: u32,
    /// The text.
    pub text: String,
    /// The offset in the file of the wasm instruction that it was compiled from, if the artifact has it.
    pub wasm_offset: Option<u32>,
}

/// Shows the function that `query` names.
///
/// # Errors
///
/// Fails if there is no such function, or if several have the name.
pub(super) fn view<'a>(
    query: &str,
    path: &Path,
    wasm: &[u8],
    sizes: &Sizes,
    folder: &Path,
    artifacts: impl Iterator<Item = &'a ArtifactEntry>,
) -> Result<CodeView, AssetError> {
    let error = |message: String| AssetError::new(path, Stage::Read, message);
    let exports = text::exported_functions(wasm);
    let function =
        find(query, sizes, &exports).map_err(|(message, help)| error(message).help(help))?;
    let (module, Some(index)) = (function.module, function.index) else {
        return Err(error("it has no index".into()));
    };
    let (lines, mut is_cut) = text::function(wasm, module, index)
        .ok_or_else(|| error(format!("the function {index} cannot be printed")))?;
    let mut machine = Vec::new();
    for artifact in artifacts {
        let code = artifacts::read(folder, artifact)
            .and_then(|raw| machine::code(&raw, &artifact.target, module, index));
        let target = artifact.target.clone();
        machine.push(match code {
            Ok((lines, cut)) => {
                is_cut |= cut;
                MachineCode { target, lines, note: None }
            }
            Err(note) => MachineCode { target, lines: Vec::new(), note: Some(note) },
        });
    }
    let name = function.name.clone();
    Ok(CodeView { module, index, name, wasm: lines, machine, is_cut })
}

/// Finds a function by its index, its name, the name of an export, or a part of its name that no other has.
fn find<'s>(
    query: &str,
    sizes: &'s Sizes,
    exports: &[(u32, String, u32)],
) -> Result<&'s FunctionSize, (String, String)> {
    let at = |module: u32, index: u32| {
        sizes.functions.iter().find(|f| f.module == module && f.index == Some(index))
    };
    let place = match query.split_once(':') {
        Some((module, index)) => module.parse().ok().zip(index.parse().ok()),
        None => query.parse().ok().map(|index| (0, index)),
    };
    if let Some(function) = place.and_then(|(module, index)| at(module, index)) {
        return Ok(function);
    }
    let (given, query) = (query, demangled(query));
    // Names beyond the budget of a file stay mangled.
    let named =
        |f: &&FunctionSize| f.name.as_deref().is_some_and(|name| name == query || name == given);
    if let Some(function) = sizes.functions.iter().find(named) {
        return Ok(function);
    }
    if let Some((module, _, index)) = exports.iter().find(|(_, name, _)| *name == query)
        && let Some(function) = at(*module, *index)
    {
        return Ok(function);
    }
    let similar = sizes
        .functions
        .iter()
        .filter(|f| !query.is_empty() && f.name.as_ref().is_some_and(|name| name.contains(&query)));
    let similar: Vec<&FunctionSize> = similar.take(SUGGESTIONS + 1).collect();
    match similar.as_slice() {
        [one] => Ok(one),
        [] => Err((
            format!("it has no function `{}`", query.escape_debug()),
            "name a function that has code, an export, or an index; in a component `MODULE:INDEX`"
                .into(),
        )),
        several => {
            let names = several.iter().take(SUGGESTIONS).filter_map(|f| f.name.as_deref());
            let names: Vec<String> = names.map(|n| format!("`{}`", n.escape_debug())).collect();
            Err((
                format!("several functions have `{}` in their names", query.escape_debug()),
                format!("name one of them, such as {}", names.join(", ")),
            ))
        }
    }
}

/// Cuts a line that is too long.
fn line(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_LINE).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(names: &[Option<&str>]) -> Sizes {
        let functions: String = names
            .iter()
            .map(|name| format!("(func {})", name.map_or(String::new(), |name| format!("${name}"))))
            .collect();
        let module = format!("(module (import \"a\" \"b\" (func)) {functions})");
        crate::sizes::of_bytes(Path::new("a.wat"), module.as_bytes()).unwrap()
    }

    #[test]
    fn functions_are_found_by_index_name_export_and_part() {
        let sizes = sizes(&[Some("first"), None, Some("second_one"), Some("second_two")]);
        let exports = [(0, "out".to_owned(), 2)];
        let found = |query| find(query, &sizes, &exports).map(|function| function.index.unwrap());
        assert_eq!(found("1"), Ok(1));
        assert_eq!(found("0:4"), Ok(4));
        assert_eq!(found("first"), Ok(1));
        assert_eq!(found("out"), Ok(2));
        assert_eq!(found("fir"), Ok(1));
        for wrong in ["0", "9", "1:1", "", "absent"] {
            assert!(found(wrong).unwrap_err().0.contains("no function"), "{wrong}");
        }
        assert!(found("second").unwrap_err().1.contains("`second_one`, `second_two`"));
    }
}
