//! Plan: which imports and exports are wrapped, how, and under which names.

mod exports;
mod imports;
mod overloads;
mod signatures;
mod wasi;

use super::Description;
use super::api::{Allocation, HostShape, Shape};
use super::types::is_covered;
use crate::interface::{Export, ExternType, FuncType, Import, Interface, MemoryType, ValType};
use crate::names;
use crate::settings::{AssetSettings, ExternKind, Visibility};
use exports::{Exports, select};
use imports::imports;
use overloads::Overloads;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use signatures::Signatures;
use std::collections::HashMap;

pub(super) struct Plan<'a> {
    /// The asset's name.
    pub name: String,
    /// Who sees the items.
    pub vis: TokenStream,
    /// The wrapper's type, with those named after it.
    pub ty: Ident,
    pub pre: Ident,
    pub session: Ident,
    pub values: Ident,
    pub is_async: bool,
    /// The structs of the signatures beyond numbers.
    pub items: TokenStream,
    pub structs: Vec<Ident>,
    pub imports: Vec<ImportModule<'a>>,
    pub exports: Vec<PlannedExport<'a>>,
    /// All exports, as other assets that import them see them.
    pub all_exports: String,
    pub unwrapped_imports: Vec<&'a Import>,
    pub unwrapped_exports: Vec<&'a Export>,
    /// Index and name in the linker of what has no name of its own.
    pub overloads: Vec<(usize, String)>,
    pub is_reactor: bool,
    pub is_command: bool,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A module that the asset imports from.
pub(super) struct ImportModule<'a> {
    pub name: &'a str,
    pub ident: Ident,
    /// Where the host trait of another wrapper is used: its path.
    pub with: Option<syn::Path>,
    pub funcs: Vec<HostFunc<'a>>,
    pub values: Vec<HostValue<'a>>,
    /// The functions that are given by WASI.
    pub wasi: Vec<&'a str>,
    /// All imports from it, as text.
    pub text: String,
}

/// An imported function: a method of the host trait.
pub(super) struct HostFunc<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub params: Vec<Ident>,
    pub ty: &'a FuncType,
    /// Of the import in its module.
    pub index: usize,
    pub is_async: bool,
    pub is_infallible: bool,
    pub traps: bool,
    /// Its signature beyond numbers.
    pub shape: Option<HostShape>,
}

/// An import that is no function: given for each store.
pub(super) struct HostValue<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub kind: ValueKind<'a>,
    pub ty: &'a ExternType,
    /// Of the imports in their module: the same may be imported with several sizes.
    pub indices: Vec<usize>,
}

pub(super) struct PlannedExport<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub kind: ExportKind<'a>,
    pub ty: &'a ExternType,
}

pub(super) enum ExportKind<'a> {
    Func { ty: &'a FuncType, params: Vec<Ident>, shape: Option<Box<Shape>> },
    Global { ty: &'a ValType, setter: Option<Ident> },
    Value(ValueKind<'a>),
}

/// What is neither a function nor, as an export, a number that is read and set.
#[derive(Clone, Copy)]
pub(super) enum ValueKind<'a> {
    Global(&'a ValType),
    Memory,
    SharedMemory,
    Table(&'a ValType),
    Tag(&'a [ValType]),
}

/// Who sees the items.
pub(super) fn visibility(settings: &AssetSettings) -> TokenStream {
    match settings.visibility.unwrap_or_default() {
        Visibility::Public => quote!(pub),
        Visibility::Crate => quote!(pub(crate)),
    }
}

impl<'a> Plan<'a> {
    /// # Errors
    ///
    /// Where what is chosen for the asset cannot be followed.
    pub fn of(asset: &Description<'a>) -> Result<Self, String> {
        let settings = asset.settings;
        let own = asset.module.last().map_or("", String::as_str);
        let ty = match &settings.type_name {
            None => names::type_name(own),
            Some(name) => type_name(name)?,
        };
        let interface = asset.interface;
        let vis = visibility(settings);
        let [ty, pre, session, values] =
            ["", "Pre", "Session", "Imports"].map(|suffix| format_ident!("{ty}{suffix}"));
        let mut signatures = Signatures::of(interface, settings, &vis)?;
        signatures.check_names(&[&ty, &pre, &session, &values])?;
        let overloads = Overloads::of(interface);
        let (imports, unwrapped_imports) =
            imports(interface, settings, &overloads, &mut signatures)?;
        let is_command = exports_procedure(interface, "_start");
        let Exports { wrapped: exports, unwrapped: unwrapped_exports, mut warnings } =
            select(&interface.exports, settings, is_command, &mut signatures)?;
        signatures.check_all_are_used()?;
        warnings.extend(wasi::warnings(interface, settings));
        let all_exports = if interface.exports.len() > settings.max_exports() {
            exports.iter().map(|e| interface_line(e.name, e.ty)).collect()
        } else {
            interface.exports.iter().map(|e| interface_line(&e.name, &e.ty)).collect()
        };
        Ok(Self {
            name: asset.module.join("/"),
            vis,
            ty,
            pre,
            session,
            values,
            is_async: settings.is_async(),
            items: signatures.items,
            structs: signatures.structs,
            imports,
            exports,
            all_exports,
            unwrapped_imports,
            unwrapped_exports,
            overloads: overloads.list(),
            is_reactor: exports_procedure(interface, "_initialize") && !is_command,
            is_command,
            warnings,
        })
    }

    /// The modules of which there are values to be given.
    pub fn value_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.values.is_empty())
    }

    /// The modules of which there are functions to be implemented.
    pub fn host_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.funcs.is_empty())
    }

    /// Whether functions that it imports are given by WASI.
    pub fn needs_wasi(&self) -> bool {
        self.imports.iter().any(|m| !m.wasi.is_empty())
    }

    /// How the guest allocates, where exports have signatures that need it.
    pub fn allocation(&self) -> Option<&Allocation> {
        self.exports.iter().find_map(|export| match &export.kind {
            ExportKind::Func { shape: Some(shape), .. } => Some(&shape.allocation),
            _ => None,
        })
    }

    /// Whether types of host functions can only be had from the module.
    pub fn needs_module(&self) -> bool {
        self.imports.iter().any(ImportModule::needs_module)
    }

    /// Each export's name with its method's.
    pub fn methods(&self) -> HashMap<&'a str, String> {
        self.exports.iter().map(|e| (e.name, e.ident.to_string())).collect()
    }
}

impl ImportModule<'_> {
    /// Whether types of its functions can only be had from the module.
    pub fn needs_module(&self) -> bool {
        self.funcs.iter().any(|func| func.ty.nominal)
    }
}

/// A type's name that the user chose.
fn type_name(name: &str) -> Result<String, String> {
    let is_camel = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && names::type_name(name) == name;
    match is_camel {
        true => Ok(name.into()),
        false => Err(format!("`{name}` is no name of a type: write it as in `MyPlugin`")),
    }
}

fn exports_procedure(interface: &Interface, name: &str) -> bool {
    interface.exports.iter().any(|export| {
        let ExternType::Func(ty) = &export.ty else { return false };
        export.name == name && ty.types().next().is_none()
    })
}

fn kind_of(ty: &ExternType) -> ExternKind {
    match ty {
        ExternType::Func(_) => ExternKind::Func,
        ExternType::Global { .. } => ExternKind::Global,
        ExternType::Memory(_) => ExternKind::Memory,
        ExternType::Table { .. } => ExternKind::Table,
        ExternType::Tag { .. } => ExternKind::Tag,
    }
}

/// Whether the wrapper has types for all of it.
fn is_wrappable(ty: &ExternType) -> bool {
    match ty {
        ExternType::Func(func) => func.types().all(is_covered),
        ExternType::Global { ty, .. } => is_covered(ty),
        ExternType::Table { element, .. } => is_covered(element),
        ExternType::Tag { params } => params.iter().all(is_covered),
        ExternType::Memory(_) => true,
    }
}

fn value_kind(ty: &ExternType) -> Option<ValueKind<'_>> {
    Some(match ty {
        ExternType::Func(_) => return None,
        ExternType::Global { ty, .. } => ValueKind::Global(ty),
        ExternType::Memory(MemoryType { shared: true, .. }) => ValueKind::SharedMemory,
        ExternType::Memory(_) => ValueKind::Memory,
        ExternType::Table { element, .. } => ValueKind::Table(element),
        ExternType::Tag { params } => ValueKind::Tag(params),
    })
}

/// An import or export as the runtime's `support::interface` reads it.
pub(super) fn interface_line(name: &str, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(func) if func.nominal => format!("{name:?} (func nominal)\n"),
        other => format!("{name:?} {}\n", other.without_names()),
    }
}
