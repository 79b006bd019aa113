//! Generates random valid modules with hostile names.

use arbitrary::{Arbitrary, Result, Unstructured};
use std::collections::HashSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{ExportSection, ImportSection, IndirectNameMap, Module, NameMap, NameSection};
use wasm_smith::Config;
use wasmparser::{Export, ImportSectionReader, Parser};

/// Parts of names, up to three for each: they collide as identifiers, are no identifiers, or end a
/// literal or comment.
const PARTS: &[&str] = &[
    "get",
    "set_",
    "x",
    "X",
    "_",
    "-",
    ".",
    "0",
    "7",
    " ",
    "type",
    "self",
    "Self",
    "crate",
    "super",
    "new",
    "load",
    "instance",
    "instantiate",
    "add_to_linker",
    "clone",
    "data",
    "store_mut",
    "call",
    "Host",
    "memory",
    "store",
    "host",
    "caller",
    "arg0",
    "T",
    "H",
    "Result",
    "Option",
    "drop",
    "é",
    "ß",
    "名",
    "🦀",
    "\u{202e}",
    "\u{feff}",
    "\0",
    "\n",
    "\r\n",
    "\"",
    "\\",
    "`",
    "'",
    "//",
    "*/",
    "/*",
    "#",
    "{",
    "}",
    "{}",
    "</",
    "::<T>",
    "r#fn",
    "async",
    "gen",
    "\u{1b}[31m",
    "[link](x)",
];

/// Generates a module that is valid with every wasm feature of the importer.
///
/// # Errors
///
/// Fails if the bytes in `u` give no module; others may.
pub fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    // The generator uses all remaining bytes.
    let names = u.bytes(u.len() / 4)?;
    let wasm = wasm_smith::Module::new(config(u)?, u)?.to_bytes();
    rename(&wasm, Unstructured::new(names))
}

/// Enables some proposals per module, which finds more faults than all in every module. Sizes let many
/// modules compile within seconds and instances stay within their limits.
fn config(u: &mut Unstructured<'_>) -> Result<Config> {
    let some = Config::arbitrary(u)?;
    Ok(Config {
        max_data_segments: 5,
        max_element_segments: 5,
        max_exports: 60,
        max_funcs: 30,
        max_globals: 30,
        max_imports: 20,
        max_instructions: 50,
        max_memories: some.max_memories.min(4),
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_nesting_depth: 4,
        max_table_elements: 100,
        max_tables: some.max_tables.min(4),
        max_tags: 10,
        max_types: 30,
        min_exports: 10,
        min_funcs: 10,
        min_globals: 3,
        min_imports: 3,
        min_types: 5,
        custom_page_sizes_enabled: u.arbitrary()?,
        export_everything: u.arbitrary()?,
        generate_custom_sections: u.arbitrary()?,
        wide_arithmetic_enabled: u.arbitrary()?,
        ..some
    })
}

/// Renames imports, exports and parameters.
fn rename(wasm: &[u8], u: Unstructured<'_>) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut names = Names { u, exports: HashSet::new() };
    // Some generated modules cannot be encoded again.
    names
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|_| arbitrary::Error::IncorrectFormat)?;
    module.section(&names.params());
    Ok(module.finish())
}

struct Names<'a> {
    u: Unstructured<'a>,
    exports: HashSet<String>,
}

impl Names<'_> {
    /// Returns a name, which is empty if no bytes are left.
    fn any(&mut self) -> String {
        let parts = self.u.int_in_range(0..=3).unwrap_or(0);
        (0..parts).map(|_| *self.u.choose(PARTS).unwrap_or(&"")).collect()
    }

    /// Names the parameters of the first functions, and functions and locals that may not exist.
    fn params(&mut self) -> NameSection {
        let mut functions = IndirectNameMap::new();
        for function in 0..50 {
            let mut params = NameMap::new();
            (0..4).for_each(|param| params.append(param, &self.any()));
            functions.append(function, &params);
        }
        let mut names = NameSection::new();
        names.locals(&functions);
        names
    }
}

impl Reencode for Names<'_> {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> std::result::Result<(), Error<Infallible>> {
        for import in section.into_imports() {
            let ty = self.entity_type(import?.ty)?;
            imports.import(&self.any(), &self.any(), ty);
        }
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> std::result::Result<(), Error<Infallible>> {
        let mut name = self.any();
        while !self.exports.insert(name.clone()) {
            name.push_str(&self.exports.len().to_string());
        }
        exports.export(&name, self.export_kind(export.kind)?, export.index);
        Ok(())
    }
}
