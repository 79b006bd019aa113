//! The parts of a plan: import modules, host functions, values and exports.

use super::super::api::{HostShape, ResolvedConvention, Shape};
use crate::codegen::types::is_covered;
use crate::interface::{ExternType, FuncType, MemoryType, ValType};
use crate::settings::ExternKind;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// A module that the asset imports from.
pub(in crate::codegen::core) struct ImportModule<'a> {
    pub name: &'a str,
    pub ident: Ident,
    /// The module of another wrapper whose host trait is used instead.
    pub with: Option<syn::Path>,
    pub funcs: Vec<HostFunc<'a>>,
    pub values: Vec<HostValue<'a>>,
    /// The functions that WASI implements.
    pub wasi: Vec<&'a str>,
    /// The functions that the runtime implements for the convention.
    pub provided: Vec<&'a str>,
    /// That convention.
    pub convention: Option<ResolvedConvention>,
    /// All imports from the module as text, a line for each.
    pub text: String,
}

/// An imported function: a method of the host trait.
pub(in crate::codegen::core) struct HostFunc<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub params: Vec<Ident>,
    pub ty: &'a FuncType,
    /// The index of the import in the wasm module.
    pub index: usize,
    pub is_async: bool,
    pub is_infallible: bool,
    pub traps: bool,
    /// The signature beyond numbers.
    pub shape: Option<HostShape>,
}

/// An import that is not a function, given for each store.
pub(in crate::codegen::core) struct HostValue<'a> {
    pub name: &'a str,
    /// The name in the linker.
    pub link_name: String,
    pub ident: Ident,
    pub kind: ValueKind<'a>,
    pub ty: &'a ExternType,
    /// The indices of the imports in the wasm module: one memory may be imported with several sizes.
    pub indices: Vec<usize>,
}

/// An export with a method.
pub(in crate::codegen::core) struct PlannedExport<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub kind: ExportKind<'a>,
    pub ty: &'a ExternType,
    /// Whether code may lack it.
    pub is_optional: bool,
}

impl PlannedExport<'_> {
    /// The value that a method returns: an option if code may lack the export.
    pub fn returned(&self, value: TokenStream) -> TokenStream {
        if self.is_optional { quote!(__rt::Option<#value>) } else { value }
    }

    /// The body of a method, which returns nothing if the export is missing; `is_there` says whether it is not.
    pub fn guarded(&self, is_there: &TokenStream, body: TokenStream) -> TokenStream {
        if !self.is_optional {
            return body;
        }
        quote! {
            if !#is_there {
                return Ok(__rt::Option::None);
            }
            let __found = { #body };
            __found.map(__rt::Option::Some)
        }
    }

    /// Whether the instance of a wrapper has the export.
    pub fn is_there(&self) -> TokenStream {
        let name = self.name;
        quote!(__rt::has_export(&self.instance, &mut store, #name))
    }

    /// The end of the documentation of a method.
    pub fn absence(&self) -> &'static str {
        if self.is_optional { "\n\nReturns `None` if the guest lacks the export." } else { "" }
    }
}

/// The kind of an export.
pub(in crate::codegen::core) enum ExportKind<'a> {
    Func { ty: &'a FuncType, params: Vec<Ident>, shape: Option<Box<Shape>> },
    Global { ty: &'a ValType, setter: Option<Ident> },
    Value(ValueKind<'a>),
}

/// The kind of an import that is not a function, or of an export that has a typed handle.
#[derive(Clone, Copy)]
pub(in crate::codegen::core) enum ValueKind<'a> {
    Global(&'a ValType),
    Memory,
    SharedMemory,
    Table(&'a ValType),
    Tag(&'a [ValType]),
}

impl ImportModule<'_> {
    /// Whether the types of its functions are known to the loaded module alone.
    pub fn needs_module(&self) -> bool {
        self.funcs.iter().any(|func| func.ty.nominal)
    }
}

pub(super) fn kind_of(ty: &ExternType) -> ExternKind {
    match ty {
        ExternType::Func(_) => ExternKind::Func,
        ExternType::Global { .. } => ExternKind::Global,
        ExternType::Memory(_) => ExternKind::Memory,
        ExternType::Table { .. } => ExternKind::Table,
        ExternType::Tag { .. } => ExternKind::Tag,
    }
}

/// Whether the wrapper has Rust types for all parts of `ty`.
pub(super) fn is_wrappable(ty: &ExternType) -> bool {
    match ty {
        ExternType::Func(func) => func.types().all(is_covered),
        ExternType::Global { ty, .. } => is_covered(ty),
        ExternType::Table { element, .. } => is_covered(element),
        ExternType::Tag { params } => params.iter().all(is_covered),
        ExternType::Memory(_) => true,
    }
}

pub(super) fn value_kind(ty: &ExternType) -> Option<ValueKind<'_>> {
    Some(match ty {
        ExternType::Func(_) => return None,
        ExternType::Global { ty, .. } => ValueKind::Global(ty),
        ExternType::Memory(MemoryType { shared: true, .. }) => ValueKind::SharedMemory,
        ExternType::Memory(_) => ValueKind::Memory,
        ExternType::Table { element, .. } => ValueKind::Table(element),
        ExternType::Tag { params } => ValueKind::Tag(params),
    })
}

/// An import or export as a line of text for the runtime's `support::interface`.
pub(super) fn interface_line(name: &str, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(func) if func.nominal => {
            let ty = func.without_names().to_string();
            format!("{name:?} {}\n", ty.replacen("(func", "(func nominal", 1))
        }
        other => format!("{name:?} {}\n", other.without_names()),
    }
}
