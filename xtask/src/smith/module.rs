//! Random valid modules, with names as bad as any in the wild.

use arbitrary::{Arbitrary, Result, Unstructured};
use std::collections::HashSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{ExportSection, ImportSection, IndirectNameMap, Module, NameMap, NameSection};
use wasm_smith::Config;
use wasmparser::{Export, ImportSectionReader, Parser};

/// Names are up to three of these: they collide as identifiers, are none, or break out of what
/// they are written into.
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

/// A module that is valid with every proposal that the importer knows.
///
/// # Errors
///
/// Where no module can be made of the bytes in `u`; others may do.
pub fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    // The generator takes whatever is left.
    let names = u.bytes(u.len() / 4)?;
    let wasm = wasm_smith::Module::new(config(u)?, u)?.to_bytes();
    rename(&wasm, Unstructured::new(names))
}

/// Each module uses some proposals only, which finds more than all of them everywhere. Sizes are
/// such that many modules compile within seconds, and that an instance fits into its limits.
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

/// Gives imports, exports and parameters other names.
fn rename(wasm: &[u8], u: Unstructured<'_>) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut names = Names { u, exports: HashSet::new() };
    // Not everything that can be generated can be encoded again.
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
    /// Where the bytes are used up, the name is empty.
    fn any(&mut self) -> String {
        let parts = self.u.int_in_range(0..=3).unwrap_or(0);
        (0..parts).map(|_| *self.u.choose(PARTS).unwrap_or(&"")).collect()
    }

    /// The parameters of the first functions, and of functions and locals that there may not be.
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
