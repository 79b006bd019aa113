//! The sections and functions of modules and components.

use super::names::DemangleBudget;
use super::{CodeForm, FunctionSize, MOST_FUNCTIONS, Sections, Sizes, Unlisted};
use crate::asset::{AssetError, Kind, Stage};
use std::path::Path;
use wasmparser::{
    BinaryReaderError, KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef,
};

/// Measures a binary module or component.
///
/// # Errors
///
/// Fails if its sections cannot be read.
pub(super) fn sizes(path: &Path, wasm: &[u8]) -> Result<Sizes, AssetError> {
    let mut scan = Scan::default();
    for payload in Parser::new(0).parse_all(wasm) {
        payload.and_then(|payload| scan.add(payload)).map_err(|e| {
            AssetError::new(path, Stage::Validate, e.to_string())
                .help("write the file again: it is damaged or truncated")
        })?;
    }
    let form = match Kind::of(wasm) {
        Kind::Component => CodeForm::Component,
        Kind::Module => CodeForm::Module,
    };
    let bytes = wasm.len() as u64;
    let mut budget = DemangleBudget::of(wasm.len());
    let names = scan.names.into_iter().map(|name| name.map(|name| budget.demangled(name)));
    let functions = scan.functions.into_iter().zip(names);
    let functions = functions.map(|(function, name)| FunctionSize { name, ..function }).collect();
    let sections = scan.sections.complete(bytes);
    Ok(Sizes { form, bytes, stored: None, sections, functions, unlisted: scan.unlisted })
}

/// A module or component whose sections are read.
#[derive(Default)]
struct Level<'w> {
    /// The number of the core module; none for a component.
    module: Option<u32>,
    imported_functions: u32,
    /// The number of functions with code so far, and the place of the first in the list.
    defined: u32,
    first: usize,
    names: Vec<NameSectionReader<'w>>,
}

/// Sums of the part of a file that was read.
#[derive(Default)]
struct Scan<'w> {
    /// The end of this part.
    at: u64,
    levels: Vec<Level<'w>>,
    modules: u32,
    sections: Sections,
    functions: Vec<FunctionSize>,
    names: Vec<Option<&'w str>>,
    unlisted: Unlisted,
}

impl<'w> Scan<'w> {
    fn add(&mut self, payload: Payload<'w>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { encoding, range, .. } => {
                self.enter(encoding == wasmparser::Encoding::Module);
                self.section("header", range.end);
            }
            Payload::CodeSectionStart { range, size, .. } => {
                // The functions follow, each as its own payload.
                self.section("code", range.end.saturating_sub(size as usize));
            }
            Payload::CodeSectionEntry(body) => self.function(body.range().end),
            Payload::ImportSection(imports) => {
                let end = imports.range().end;
                for import in imports.into_imports() {
                    let is_function =
                        matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                    self.level().imported_functions += u32::from(is_function);
                }
                self.section("import", end);
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.level().names.push(names);
                }
                let end = section.range().end;
                self.section(&format!("{:?}", super::shortened(section.name(), 150)), end);
            }
            Payload::ModuleSection { unchecked_range, .. } => {
                self.section("module", unchecked_range.start);
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                self.section("component", unchecked_range.start);
            }
            Payload::End(end) => self.leave(end),
            payload => {
                if let Some((name, end)) = described(&payload) {
                    self.section(name, end);
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, is_module: bool) {
        let module = is_module.then_some(self.modules);
        self.modules += u32::from(is_module);
        self.levels.push(Level { module, first: self.functions.len(), ..Level::default() });
    }

    /// Returns the module or component that is read.
    fn level(&mut self) -> &mut Level<'w> {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// Adds the bytes up to `end`, and returns their number.
    fn section(&mut self, name: &str, end: usize) -> u64 {
        let bytes = (end as u64).saturating_sub(self.at);
        self.at = self.at.max(end as u64);
        let module = self.level().module;
        self.sections.add(module, name, bytes);
        bytes
    }

    fn function(&mut self, end: usize) {
        let bytes = self.section("code", end);
        let level = self.level();
        let index = level.imported_functions.saturating_add(level.defined);
        let module = level.module.unwrap_or_default();
        level.defined = level.defined.saturating_add(1);
        if self.functions.len() < MOST_FUNCTIONS {
            self.functions.push(FunctionSize { module, index: Some(index), name: None, bytes });
            self.names.push(None);
        } else {
            self.unlisted.functions += 1;
            self.unlisted.bytes += bytes;
        }
    }

    /// Ends a module or component: its functions get their names.
    fn leave(&mut self, end: usize) {
        self.at = self.at.max(end as u64);
        let Some(level) = self.levels.pop() else { return };
        // A malformed name section has no names: the specification forbids to reject the module for it.
        for subsection in level.names.into_iter().flatten() {
            let Ok(Name::Function(names)) = subsection else { continue };
            for naming in names.into_iter().map_while(Result::ok) {
                let defined = naming.index.checked_sub(level.imported_functions);
                let place = defined.filter(|defined| *defined < level.defined);
                let place = place.and_then(|at| self.names.get_mut(level.first + at as usize));
                place.into_iter().for_each(|place| *place = Some(naming.name));
            }
        }
    }
}

/// Returns the name of a section, and its end.
fn described(payload: &Payload<'_>) -> Option<(&'static str, usize)> {
    let (_, range) = payload.as_section()?;
    let name = match payload {
        Payload::TypeSection(_) => "type",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::TagSection(_) => "tag",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::DataSection(_) => "data",
        Payload::InstanceSection(_) => "core instance",
        Payload::CoreTypeSection(_) => "core type",
        Payload::ComponentInstanceSection(_) => "component instance",
        Payload::ComponentAliasSection(_) => "alias",
        Payload::ComponentTypeSection(_) => "component type",
        Payload::ComponentCanonicalSection(_) => "canonical function",
        Payload::ComponentStartSection { .. } => "component start",
        Payload::ComponentImportSection(_) => "component import",
        Payload::ComponentExportSection(_) => "component export",
        _ => "unknown",
    };
    Some((name, range.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wat: &str) -> Sizes {
        let wasm = wat::parse_str(wat).unwrap();
        let sizes = sizes(Path::new("a.wasm"), &wasm).unwrap();
        let sum: u64 = sizes.sections.iter().map(|section| section.bytes).sum();
        assert_eq!((sum, sizes.bytes), (wasm.len() as u64, wasm.len() as u64));
        sizes
    }

    fn sections(sizes: &Sizes) -> Vec<(Option<u32>, &str, u64)> {
        sizes.sections.iter().map(|s| (s.module, s.name.as_str(), s.bytes)).collect()
    }

    fn functions(sizes: &Sizes) -> Vec<(u32, Option<u32>, Option<&str>, u64)> {
        let function = |f: &'_ FunctionSize| (f.module, f.index, f.bytes);
        let names = sizes.functions.iter().map(|f| f.name.as_deref());
        let rows = sizes.functions.iter().map(function).zip(names);
        rows.map(|((module, index, bytes), name)| (module, index, name, bytes)).collect()
    }

    #[test]
    fn a_module_is_measured_by_section_and_function() {
        let sizes = of(r#"(module
                (import "env" "log" (func $log))
                (memory 1)
                (data (i32.const 0) "0123456789")
                (func $_ZN3foo3barEv call $log)
                (func (result i32) i32.const 1 i32.const 2 i32.add)
                (@custom "other" "12345"))"#);
        assert_eq!(sizes.form, CodeForm::Module);
        let expected = [(0, Some(1), Some("foo::bar()"), 5), (0, Some(2), None, 8)];
        assert_eq!(functions(&sizes), expected);
        let code = sections(&sizes).into_iter().find(|(_, name, _)| *name == "code");
        // Identifier, length and count of the section, then the functions.
        assert_eq!(code, Some((Some(0), "code", 3 + 5 + 8)));
        let custom = sections(&sizes).into_iter().find(|(_, name, _)| *name == "\"other\"");
        assert_eq!(custom, Some((Some(0), "\"other\"", 2 + 6 + 5)));
        assert!(sections(&sizes).iter().all(|(_, name, _)| *name != "unknown"));
    }

    #[test]
    fn modules_in_components_have_their_own_sections() {
        let sizes = of(r#"(component
                (core module $a (func $one))
                (component (core module (func $two nop) (func $three nop nop)))
                (core module (import "a" "a" (func)) (func $four)))"#);
        assert_eq!(sizes.form, CodeForm::Component);
        let expected = [
            (0, Some(0), Some("one"), 3),
            (1, Some(0), Some("two"), 4),
            (1, Some(1), Some("three"), 5),
            (2, Some(1), Some("four"), 3),
        ];
        assert_eq!(functions(&sizes), expected);
        let headers: Vec<_> = sections(&sizes).into_iter().filter(|s| s.1 == "header").collect();
        let eight = |module: Option<u32>| (module, "header", if module.is_none() { 16 } else { 8 });
        assert_eq!(headers, [None, Some(0), Some(1), Some(2)].map(eight));
    }

    #[test]
    fn hostile_modules_end_with_an_error_or_a_sum() {
        let wasm = wat::parse_str(
            r#"(component (core module $m (func $f) (data "abc")) (core instance (instantiate $m)))"#,
        );
        let wasm = wasm.unwrap();
        for len in 0..wasm.len() {
            let _ = sizes(Path::new("a"), &wasm[..len]);
        }
        for at in 0..wasm.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut wasm = wasm.clone();
                wasm[at] = value;
                let Ok(sizes) = sizes(Path::new("a"), &wasm) else { continue };
                let sum: u64 = sizes.sections.iter().map(|section| section.bytes).sum();
                assert_eq!(sum, wasm.len() as u64, "byte {at} as {value}");
            }
        }
        let custom: Vec<u8> = (0..5000_u32)
            .flat_map(|i| {
                [
                    0,
                    5,
                    4,
                    b'a' + (i % 26) as u8,
                    b'0' + (i / 26 % 10) as u8,
                    b'0' + (i / 260 % 10) as u8,
                    b'0' + (i / 2600) as u8,
                ]
            })
            .collect();
        let many = [b"\0asm\x01\0\0\0".as_slice(), &custom].concat();
        let many = sizes(Path::new("a"), &many).unwrap();
        assert_eq!(many.sections.len(), super::super::MOST_SECTIONS + 1);
    }
}
