//! The text of one function. Other functions of its module are not printed: a module may have a gigabyte of text.

use super::{CodeLine, MOST_LINES, line};
use std::ops::Range;
use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{ExternalKind, KnownCustom, Parser, Payload, TypeRef};

/// The largest number of exports that are searched.
const MOST_EXPORTS: usize = 100_000;

/// The place of a function in a file.
struct Place {
    /// The bytes of its core module.
    module: Range<usize>,
    /// The bytes of its body.
    body: Range<usize>,
    /// The number of functions with code in front of it.
    ordinal: usize,
}

/// Returns the names of exported functions, with their module and index.
pub(super) fn exported_functions(wasm: &[u8]) -> Vec<(u32, String, u32)> {
    let mut found = Vec::new();
    let mut modules = 0;
    let mut levels = Vec::new();
    for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Module, .. } => {
                levels.push(modules);
                modules += 1;
            }
            Payload::Version { .. } => levels.push(u32::MAX),
            Payload::End(_) => drop(levels.pop()),
            Payload::ExportSection(exports) => {
                for export in exports.into_iter().map_while(Result::ok) {
                    let is_function =
                        matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact);
                    let module = levels.last().copied().unwrap_or_default();
                    if is_function && found.len() < MOST_EXPORTS {
                        found.push((module, export.name.to_owned(), export.index));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Prints the function `index` of the core module `module`, and returns whether lines are left out.
pub(super) fn function(wasm: &[u8], module: u32, index: u32) -> Option<(Vec<CodeLine>, bool)> {
    let place = find(wasm, module, index)?;
    let bytes = wasm.get(place.module.clone())?;
    let body = wasm.get(place.body.clone())?;
    let reduced = reduced(bytes, place.ordinal, body)?;
    let own = find(&reduced, 0, index)?.body;
    let mut storage = String::new();
    let mut config = wasmprinter::Config::default();
    let _ = config.name_unnamed(false);
    let lines = config.offsets_and_lines(&reduced, &mut storage).ok()?;
    let mut found = Vec::new();
    let mut header = None;
    for (offset, text) in lines {
        let text = text.trim_end();
        let is_inside = offset.is_some_and(|offset| own.contains(&offset));
        if found.is_empty() && text.trim_start().starts_with("(func ") {
            header = Some(text.to_owned());
        }
        if is_inside || (!found.is_empty() && offset.is_none()) {
            if found.is_empty()
                && let Some(header) = header.take().filter(|header| header != text)
            {
                found.push(CodeLine { offset: None, text: line(&header) });
            }
            // The same instruction in the file.
            let offset = offset.and_then(|offset| offset.checked_sub(own.start));
            let offset = offset.and_then(|offset| u32::try_from(offset + place.body.start).ok());
            found.push(CodeLine { offset, text: line(text) });
        } else if !found.is_empty() {
            break;
        }
        if found.len() > MOST_LINES {
            found.truncate(MOST_LINES);
            return Some((found, true));
        }
    }
    Some((found, false))
}

/// Finds a function in a module or component.
fn find(wasm: &[u8], module: u32, index: u32) -> Option<Place> {
    let mut modules = 0;
    let mut levels: Vec<(Option<u32>, usize)> = Vec::new();
    let (mut imports, mut ordinal, mut body) = (0_u32, 0_usize, None);
    for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
        let is_own = levels.last().is_some_and(|(number, _)| *number == Some(module));
        match payload {
            Payload::Version { encoding, range, .. } => {
                let is_module = encoding == wasmparser::Encoding::Module;
                levels.push((is_module.then_some(modules), range.start));
                modules += u32::from(is_module);
            }
            Payload::ImportSection(section) if is_own => {
                let all = section.into_imports().map_while(Result::ok);
                let functions =
                    all.filter(|i| matches!(i.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                imports = u32::try_from(functions.count()).ok()?;
            }
            Payload::CodeSectionEntry(entry) if is_own && body.is_none() => {
                if index.checked_sub(imports) == u32::try_from(ordinal).ok() {
                    body = Some(entry.range());
                } else {
                    ordinal += 1;
                }
            }
            Payload::End(end) => {
                let (_, start) = levels.pop()?;
                if is_own {
                    return Some(Place { module: start..end, body: body?, ordinal });
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns a module in which the other functions are empty, and which has no data and elements.
fn reduced(bytes: &[u8], ordinal: usize, body: &[u8]) -> Option<Vec<u8>> {
    let mut module = Module::default();
    let mut number = 0;
    let mut code = CodeSection::new();
    let mut names = None;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::CodeSectionStart { .. }
            | Payload::DataSection(_)
            | Payload::DataCountSection { .. }
            | Payload::ElementSection(_)
            | Payload::StartSection { .. } => {}
            Payload::CodeSectionEntry(_) => {
                // No locals, and the end.
                let empty: &[u8] = &[0, 0x0b];
                let _ = code.raw(if number == ordinal { body } else { empty });
                number += 1;
            }
            Payload::CustomSection(section) => {
                if matches!(section.as_known(), KnownCustom::Name(_)) {
                    names = Some(section);
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    let _ = module.section(&RawSection { id, data: bytes.get(range)? });
                }
            }
        }
    }
    let _ = module.section(&code);
    if let Some(names) = names {
        let (name, data) = (names.name().into(), names.data().into());
        let _ = module.section(&wasm_encoder::CustomSection { name, data });
    }
    Some(module.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_function_is_printed_with_the_offsets_of_its_file() {
        let wat = r#"(component
            (core module (func $zero))
            (core module
                (import "a" "b" (func $b (param i32)))
                (memory 1)
                (data "many")
                (func $one nop nop)
                (func $two (param $x i32) (local i64) local.get $x call $b memory.size drop)
                (func $three)))"#;
        let wasm = wat::parse_str(wat).unwrap();
        let (lines, is_cut) = function(&wasm, 1, 2).unwrap();
        assert!(!is_cut);
        let text: Vec<&str> = lines.iter().map(|line| line.text.trim()).collect();
        assert!(text[0].starts_with("(func $two"), "{text:?}");
        for instruction in ["local.get $x", "call $b", "memory.size", "drop"] {
            assert!(text.contains(&instruction), "{text:?}");
        }
        assert!(
            !text.iter().any(|line| line.contains("nop") || line.contains("$three")),
            "{text:?}"
        );
        let call = lines.iter().find(|line| line.text.trim() == "call $b").unwrap();
        // The opcode of a call.
        assert_eq!(wasm[call.offset.unwrap() as usize], 0x10);
        assert!(function(&wasm, 1, 0).is_none() && function(&wasm, 5, 0).is_none());
    }

    #[test]
    fn long_functions_are_cut() {
        let body = "nop ".repeat(MOST_LINES * 2);
        let wasm = wat::parse_str(format!("(module (func {body}))")).unwrap();
        let (lines, is_cut) = function(&wasm, 0, 0).unwrap();
        assert!(is_cut && lines.len() == MOST_LINES);
    }
}
