//! `Inspection`: kind, imports, exports, custom sections and proposals of a file.

use super::component_items;
use super::recognize::{self, Other};
use super::scan::Scan;
use super::sections::{Section, short_sections};
use super::types::extern_type;
use crate::code::PREVIEW_1;
use crate::engine::RequiredFeatures;
use crate::error::{Error, Result};
use crate::interface::{ComponentItems, ExternType};
use std::collections::BTreeSet;
use wasmparser::types::TypesRef;
use wasmparser::{
    BinaryReaderError, Encoding, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

/// The kind, imports, exports and needs of a file of WebAssembly, read before it is compiled.
///
/// The types of the file are validated, and its code is only read: an invalid function is an error when it is
/// compiled.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Inspection<'a> {
    /// Whether it is a component, not a core module.
    pub is_component: bool,
    /// The imports of a core module, in its order.
    pub imports: Vec<Import<'a>>,
    /// The exports of a core module, in its order.
    pub exports: Vec<Export<'a>>,
    /// The imports and exports of a component.
    pub component: ComponentItems,
    /// Its own custom sections, in its order.
    pub custom_sections: Vec<CustomSection<'a>>,
    /// The custom sections of the modules and components inside of a component, those of the outer ones first.
    /// Toolchains put there what a guest's source code says.
    pub inner_custom_sections: Vec<CustomSection<'a>>,
    /// The proposals that it uses.
    pub features: RequiredFeatures,
    /// The names of proposals that it uses and that Wasmtime does not have, such as `legacy-exceptions`.
    pub beyond_wasmtime: BTreeSet<String>,
    /// The sections that may tell the version, as they are read of loaded code too.
    pub(crate) short_sections: Vec<Section>,
}

/// An import of a core module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// The module that it is imported from.
    pub module: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub ty: ExternType,
}

/// An export of a core module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub ty: ExternType,
}

/// A custom section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub data: &'a [u8],
}

/// The beginning of binary WebAssembly.
const MAGIC: &[u8] = b"\0asm";

impl<'a> Inspection<'a> {
    /// Reads binary WebAssembly.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotWasm`], which says what the bytes are, and with [`Error::Damaged`] if they end too
    /// early or their types are not valid.
    pub fn of(bytes: &'a [u8]) -> Result<Self> {
        check_magic(bytes)?;
        read(bytes).map_err(|error| Error::Damaged {
            message: error.message().to_owned(),
            offset: error.offset() as u64,
        })
    }

    /// Returns the parts of WASI that it imports: `wasi_snapshot_preview1`, or packages such as `wasi:filesystem`.
    #[must_use]
    pub fn wasi(&self) -> BTreeSet<&str> {
        let packages = self.component.imports.iter().filter_map(|item| {
            let (package, _) = item.interface.split_once('/')?;
            package.starts_with("wasi:").then_some(package)
        });
        let modules = self.imports.iter().map(|import| import.module);
        modules.filter(|module| *module == PREVIEW_1).chain(packages).collect()
    }

    /// Returns the content of the first custom section of that name; of a component also of the modules and
    /// components inside. It may have any length; versions are detected by short ones alone.
    #[must_use]
    pub fn custom_section(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.custom_sections.iter().chain(&self.inner_custom_sections);
        all.find(|section| section.name == name).map(|section| section.data)
    }
}

/// Refuses bytes that are no binary WebAssembly.
fn check_magic(bytes: &[u8]) -> Result<()> {
    if bytes.starts_with(MAGIC) {
        return Ok(());
    }
    let not_wasm = |message: String, help: &'static str| Err(Error::NotWasm { message, help });
    if bytes.is_empty() {
        return not_wasm("they are empty".into(), "the file was not written, or not read, whole");
    }
    if MAGIC.starts_with(bytes) {
        let message = "they end within the magic number".into();
        return not_wasm(message, "the file was not written, or not read, whole");
    }
    if let Some(Other { message, help }) = recognize::binary(bytes) {
        return not_wasm(message, help.load);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => match recognize::text(text) {
            Some(Other { message, help }) => not_wasm(message, help.load),
            None => not_wasm(
                "they are text, and binary WebAssembly was expected".into(),
                "translate it first, such as with `wasm-tools parse`",
            ),
        },
        Err(_) => not_wasm("they have no magic number `\\0asm`".into(), "check what the file is"),
    }
}

fn read(bytes: &[u8]) -> Result<Inspection<'_>, BinaryReaderError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let (mut scan, mut found) = (Scan::default(), Inspection::default());
    let mut names = ComponentNames::default();
    let (mut depth, mut inner) = (0_usize, Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                if depth == 0 {
                    found.is_component = *encoding == Encoding::Component;
                }
                depth += 1;
            }
            Payload::CustomSection(section) => {
                let section = CustomSection { name: section.name(), data: section.data() };
                match depth {
                    1 => found.custom_sections.push(section),
                    _ => inner.push((depth, section)),
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section.clone() {
                    names.imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section.clone() {
                    names.exports.push(export?.name.name);
                }
            }
            _ => {}
        }
        let is_end = match validator.payload(&payload)? {
            ValidPayload::End(types) => {
                if depth == 1 && found.is_component {
                    found.component =
                        component_items::items(types.as_ref(), &names.imports, &names.exports);
                }
                true
            }
            _ => false,
        };
        if let Some(types) = validator.types(0)
            && depth == 1
            && !found.is_component
        {
            items(&payload, types, &mut found)?;
        }
        depth -= usize::from(is_end);
        scan.payload(payload)?;
    }
    inner.sort_by_key(|(depth, _)| *depth);
    found.inner_custom_sections = inner.into_iter().map(|(_, section)| section).collect();
    found.short_sections = short_sections(bytes);
    found.features = scan.found.features;
    found.beyond_wasmtime = scan.found.beyond;
    Ok(found)
}

/// The names of the imports and exports of a component.
#[derive(Default)]
struct ComponentNames<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

/// Adds the imports or exports of a section.
fn items<'a>(
    payload: &Payload<'a>,
    types: TypesRef<'_>,
    found: &mut Inspection<'a>,
) -> Result<(), BinaryReaderError> {
    match payload {
        Payload::ImportSection(imports) => {
            for import in imports.clone().into_imports() {
                let import = import?;
                // The section is valid, so the validator knows the type.
                let Some(ty) = types.entity_type_from_import(&import) else { continue };
                let ty = extern_type(types, ty);
                found.imports.push(Import { module: import.module, name: import.name, ty });
            }
        }
        Payload::ExportSection(exports) => {
            for export in exports.clone() {
                let export = export?;
                let Some(ty) = types.entity_type_from_export(&export) else { continue };
                found.exports.push(Export { name: export.name, ty: extern_type(types, ty) });
            }
        }
        _ => {}
    }
    Ok(())
}
