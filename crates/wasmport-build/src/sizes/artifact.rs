//! The sections and functions of artifacts: ELF files of Wasmtime.

use super::names::DemangleBudget;
use super::ranges::{Range, own_bytes};
use super::{CodeForm, FunctionSize, MOST_FUNCTIONS, Sections, Sizes, Unlisted};
use crate::asset::{AssetError, Stage};
use object::elf::FileHeader64;
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _};
use std::path::Path;

/// The section of machine code, or of the interpreter's code.
const TEXT: &str = ".text";

/// Measures an artifact.
///
/// # Errors
///
/// Fails if it is no ELF file.
pub(super) fn sizes(path: &Path, bytes: &[u8], stored: Option<u64>) -> Result<Sizes, AssetError> {
    let elf: ElfFile64<'_, Endianness> = ElfFile64::parse(bytes).map_err(|e| {
        AssetError::new(path, Stage::Read, format!("it is no artifact of Wasmtime: {e}"))
            .help("name a module, a component, or an artifact of an import")
    })?;
    let len = bytes.len() as u64;
    let (functions, unlisted) = functions(&elf, DemangleBudget::of(bytes.len()));
    let sections = sections(&elf, len);
    Ok(Sizes { form: CodeForm::Artifact, bytes: len, stored, sections, functions, unlisted })
}

fn sections(elf: &ElfFile64<'_, Endianness>, len: u64) -> Vec<super::SectionSize> {
    let (header, endian) = (elf.elf_header(), elf.endian());
    let table_len = u64::from(header.e_shnum(endian)) * u64::from(header.e_shentsize(endian));
    let of_file = |start, len, owner: &str| Range { start, len, owner: owner.to_owned() };
    let mut ranges = vec![
        of_file(0, size_of::<FileHeader64<Endianness>>() as u64, "ELF header"),
        of_file(header.e_shoff(endian), table_len, "ELF section headers"),
    ];
    for section in elf.sections() {
        let Some((start, len)) = section.file_range() else { continue };
        let name = section.name_bytes().map(String::from_utf8_lossy).unwrap_or_default();
        ranges.push(of_file(start, len, &name));
    }
    let mut sections = Sections::default();
    for (name, bytes) in own_bytes(ranges, len) {
        sections.add(None, &name, bytes);
    }
    sections.complete(len)
}

/// Returns the functions by their symbols. Code that lies in several symbols counts for the first.
fn functions(
    elf: &ElfFile64<'_, Endianness>,
    mut budget: DemangleBudget,
) -> (Vec<FunctionSize>, Unlisted) {
    let mut unlisted = Unlisted::default();
    let Some(text) = elf.section_by_name(TEXT) else { return (Vec::new(), unlisted) };
    let (index, end) = (text.index(), text.size());
    let symbols = elf.symbols().filter(|symbol| {
        symbol.section_index() == Some(index) && symbol.kind() == object::SymbolKind::Text
    });
    let ranges = symbols.map(|symbol| Range {
        start: symbol.address().saturating_sub(text.address()),
        len: symbol.size(),
        owner: symbol.name_bytes().unwrap_or_default(),
    });
    let mut functions = Vec::new();
    for (symbol, bytes) in own_bytes(ranges.collect(), end) {
        if functions.len() < MOST_FUNCTIONS {
            let symbol = String::from_utf8_lossy(symbol);
            functions.push(function(&Symbol::of(&symbol), bytes, &mut budget));
        } else {
            unlisted.functions += 1;
            unlisted.bytes += bytes;
        }
    }
    (functions, unlisted)
}

/// The code of a function in an artifact.
#[cfg(feature = "disassembly")]
pub(crate) struct FunctionCode<'a> {
    /// The place in the section of code.
    pub start: u64,
    pub code: &'a [u8],
}

/// Returns the code of a function in an artifact; none if it has no such function.
#[cfg(feature = "disassembly")]
pub(crate) fn code_of(artifact: &[u8], module: u32, index: u32) -> Option<FunctionCode<'_>> {
    let elf: ElfFile64<'_, Endianness> = ElfFile64::parse(artifact).ok()?;
    let text = elf.section_by_name(TEXT)?;
    let symbol = elf.symbols().find(|symbol| {
        let name = symbol.name().ok().filter(|_| symbol.section_index() == Some(text.index()));
        name.map(Symbol::of).is_some_and(|own| own.module == module && own.index == Some(index))
    })?;
    let start = symbol.address().checked_sub(text.address())?;
    let begin = usize::try_from(start).ok()?;
    let end = begin.checked_add(usize::try_from(symbol.size()).ok()?)?;
    Some(FunctionCode { start, code: text.data().ok()?.get(begin..end)? })
}

/// Returns the bytes of a section of an artifact.
#[cfg(feature = "disassembly")]
pub(crate) fn section_of<'a>(artifact: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let elf: ElfFile64<'_, Endianness> = ElfFile64::parse(artifact).ok()?;
    elf.section_by_name(name)?.data().ok()
}

/// The parts of a symbol, such as `wasm[0]::function[12]::name`.
struct Symbol<'a> {
    module: u32,
    /// The index of a function of the module; none for code of the compiler.
    index: Option<u32>,
    /// The name of a function, if it has one, or that of code of the compiler.
    name: Option<&'a str>,
}

impl<'a> Symbol<'a> {
    fn of(symbol: &'a str) -> Self {
        let of_module = symbol.strip_prefix("wasm[").and_then(|rest| rest.split_once("]::"));
        let of_module = of_module.and_then(|(module, rest)| Some((module.parse().ok()?, rest)));
        let Some((module, rest)) = of_module else {
            return Self { module: 0, index: None, name: Some(symbol) };
        };
        let of_function = rest.strip_prefix("function[").and_then(|rest| rest.split_once(']'));
        let of_function = of_function.and_then(|(index, rest)| Some((index.parse().ok()?, rest)));
        let Some((index, rest)) = of_function else {
            return Self { module, index: None, name: Some(rest) };
        };
        Self { module, index: Some(index), name: rest.strip_prefix("::") }
    }
}

fn function(symbol: &Symbol<'_>, bytes: u64, budget: &mut DemangleBudget) -> FunctionSize {
    let Symbol { module, index, name } = *symbol;
    let name = name.map(short).map(|name| match index {
        Some(_) => budget.demangled(&name),
        None => name,
    });
    FunctionSize { module, index, name, bytes }
}

fn short(name: &str) -> String {
    super::shortened(name, super::LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmport::EngineConfig;
    use wasmport::engine::{RequiredFeatures, Target, compile_config};

    const WAT: &str = r#"(module
        (import "env" "log" (func $log (param i32)))
        (func $_ZN3foo3barEv (export "run") (param i32) (result i32)
            local.get 0 call $log local.get 0 i32.const 3 i32.div_s)
        (func $idle))"#;

    fn artifact(target: &Target) -> Vec<u8> {
        let config = compile_config(&EngineConfig::default(), target, RequiredFeatures::NONE);
        let engine = wasmtime::Engine::new(&config.unwrap()).unwrap();
        engine.precompile_module(&wat::parse_str(WAT).unwrap()).unwrap()
    }

    fn total(sizes: &Sizes) -> u64 {
        sizes.sections.iter().map(|section| section.bytes).sum()
    }

    #[test]
    fn artifacts_are_measured_by_section_and_function() {
        let path = Path::new("a.cwasm");
        for target in [Target::host(), Target::PORTABLE] {
            let raw = artifact(&target);
            let packed = zstd::bulk::compress(&raw, 3).unwrap();
            let mut sizes = super::super::of_bytes(path, &raw).unwrap();
            let of_packed = super::super::of_bytes(path, &packed).unwrap();
            assert_eq!(of_packed.stored, Some(packed.len() as u64));
            assert_eq!(Sizes { stored: None, ..of_packed }, sizes);
            assert_eq!((total(&sizes), sizes.bytes), (raw.len() as u64, raw.len() as u64));
            let names: Vec<_> = sizes.functions.iter().filter(|f| f.index.is_some()).collect();
            let names: Vec<_> =
                names.iter().map(|f| (f.module, f.index, f.name.as_deref())).collect();
            let expected = [(0, Some(1), Some("foo::bar()")), (0, Some(2), Some("idle"))];
            assert_eq!(names, expected, "{target}");
            assert!(sizes.functions.iter().all(|function| function.bytes > 0));
            let text = sizes.sections.iter().find(|section| section.name == TEXT).unwrap();
            let code: u64 = sizes.functions.iter().map(|function| function.bytes).sum();
            assert!(code > 0 && code <= text.bytes, "{code} of {}", text.bytes);
            let mut wasm = super::super::of_bytes(path, WAT.as_bytes()).unwrap();
            wasm.functions[1].name = Some("x".repeat(300));
            sizes.take_names(&wasm);
            assert!(sizes.functions.iter().any(|function| function.name == wasm.functions[1].name));
        }
    }

    #[test]
    fn symbols_are_read() {
        let of = |symbol: &str| {
            let Symbol { module, index, name } = Symbol::of(symbol);
            (module, index, name.unwrap_or_default().to_owned())
        };
        assert_eq!(of("wasm[2]::function[7]"), (2, Some(7), String::new()));
        assert_eq!(of("wasm[0]::function[7]::a::b]"), (0, Some(7), "a::b]".into()));
        let trampoline = "array_to_wasm_trampoline[3]";
        assert_eq!(of(&format!("wasm[1]::{trampoline}")), (1, None, trampoline.into()));
        for other in ["wasm[", "wasm[x]::function[1]", "wasm[99999999999]::f", "", "ü[0]"] {
            assert_eq!(of(other), (0, None, other.into()));
        }
    }

    #[test]
    fn damaged_artifacts_end_with_an_error_or_a_sum() {
        let raw = artifact(&Target::PORTABLE);
        let path = Path::new("a.cwasm");
        for len in (0..raw.len()).step_by(97) {
            let _ = super::super::of_bytes(path, &raw[..len]);
        }
        for at in (0..64).chain(raw.len().saturating_sub(2000)..raw.len()) {
            for value in [0, 1, 0x80, 0xff] {
                let mut raw = raw.clone();
                raw[at] = value;
                if let Ok(sizes) = super::super::of_bytes(path, &raw) {
                    assert_eq!(total(&sizes), sizes.bytes, "byte {at} as {value}");
                }
            }
        }
        let packed = zstd::bulk::compress(&raw, 3).unwrap();
        let error = super::super::of_bytes(path, &packed[..packed.len() / 2]).unwrap_err();
        assert!(error.to_string().contains("is damaged"), "{error}");
    }
}
