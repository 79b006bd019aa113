//! Plan: which imports and exports are wrapped, and under which names.

use super::Description;
use super::types::parameter_names;
use crate::interface::{Export, ExternType, FuncType, Import, MemoryType, ValType};
use crate::names::{self, Request};
use proc_macro2::Ident;
use quote::format_ident;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the wrapper cannot call a method, because it has one of that name.
const RESERVED: &[&str] =
    &["new", "load", "instantiate", "add_to_linker", "instance", "with_linker", "into_session"];

pub(super) struct Plan<'a> {
    /// The wrapper's type, with those named after it.
    pub ty: Ident,
    pub pre: Ident,
    pub session: Ident,
    pub imports: Vec<ImportModule<'a>>,
    pub exports: Vec<PlannedExport<'a>>,
    pub unwrapped_imports: Vec<&'a Import>,
    pub unwrapped_exports: Vec<&'a Export>,
}

pub(super) struct ImportModule<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub funcs: Vec<HostFunc<'a>>,
}

pub(super) struct HostFunc<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub params: Vec<Ident>,
    pub ty: &'a FuncType,
}

pub(super) struct PlannedExport<'a> {
    pub name: &'a str,
    pub ident: Ident,
    pub kind: ExportKind<'a>,
    pub ty: &'a ExternType,
}

pub(super) enum ExportKind<'a> {
    Func { ty: &'a FuncType, params: Vec<Ident> },
    Global { ty: &'a ValType, setter: Option<Ident> },
    Memory,
}

impl<'a> Plan<'a> {
    pub fn of(asset: &Description<'a>) -> Self {
        let own = asset.module.last().map_or("", String::as_str);
        let ty = names::type_name(own);
        let (imports, unwrapped_imports) = imports(&asset.interface.imports);
        let (exports, unwrapped_exports) = exports(&asset.interface.exports);
        Self {
            pre: format_ident!("{ty}Pre"),
            session: format_ident!("{ty}Session"),
            ty: format_ident!("{ty}"),
            imports,
            exports,
            unwrapped_imports,
            unwrapped_exports,
        }
    }
}

fn is_wrapped(ty: &ExternType) -> bool {
    match ty {
        ExternType::Func(func) => func.is_scalar(),
        ExternType::Global { ty, .. } => ty.is_scalar(),
        ExternType::Memory(MemoryType { shared, .. }) => !shared,
        ExternType::Table { .. } | ExternType::Tag { .. } => false,
    }
}

fn exports(exports: &[Export]) -> (Vec<PlannedExport<'_>>, Vec<&Export>) {
    let (wrapped, unwrapped): (Vec<&Export>, _) = exports.iter().partition(|e| is_wrapped(&e.ty));
    let is_mutable = |e: &&&Export| matches!(e.ty, ExternType::Global { mutable: true, .. });
    let mutable = wrapped.iter().filter(is_mutable);
    // Methods and setters share one namespace.
    let requests: Vec<Request> = wrapped
        .iter()
        .map(|e| Request::new(&e.name))
        .chain(mutable.map(|e| Request::setter_of(&e.name)))
        .collect();
    let mut idents =
        names::snake_case(&requests, RESERVED).into_iter().map(|name| format_ident!("{name}"));
    let methods: Vec<Ident> = idents.by_ref().take(wrapped.len()).collect();
    let planned = wrapped.iter().zip(methods).map(|(export, ident)| {
        let kind = match &export.ty {
            ExternType::Func(ty) => ExportKind::Func { ty, params: parameter_names(ty) },
            ExternType::Global { ty, mutable } => {
                ExportKind::Global { ty, setter: mutable.then(|| idents.next()).flatten() }
            }
            _ => ExportKind::Memory,
        };
        PlannedExport { name: &export.name, ident, kind, ty: &export.ty }
    });
    (planned.collect(), unwrapped)
}

fn imports(imports: &[Import]) -> (Vec<ImportModule<'_>>, Vec<&Import>) {
    let ambiguous = imported_at_several_types(imports);
    let is_wrapped =
        |i: &&Import| is_wrapped_import(i) && !ambiguous.contains(&(&*i.module, &*i.name));
    let (wrapped, unwrapped): (Vec<&Import>, _) = imports.iter().partition(is_wrapped);
    let mut modules: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for import in wrapped {
        // The same function imported twice is one function of the host.
        if seen.insert((&import.module, &import.name)) {
            modules.entry(&import.module).or_default().push(import);
        }
    }
    let requests: Vec<Request> = modules.keys().map(|name| Request::new(name)).collect();
    let idents = names::snake_case(&requests, &[]);
    let planned = modules.into_iter().zip(idents).map(|((name, imports), ident)| {
        let requests: Vec<Request> = imports.iter().map(|i| Request::new(&i.name)).collect();
        let idents = names::snake_case(&requests, &[]);
        let funcs = imports.iter().zip(idents).filter_map(|(import, ident)| match &import.ty {
            ExternType::Func(ty) => Some(HostFunc {
                name: &import.name,
                ident: format_ident!("{ident}"),
                params: parameter_names(ty),
                ty,
            }),
            _ => None,
        });
        ImportModule { name, ident: format_ident!("{ident}"), funcs: funcs.collect() }
    });
    (planned.collect(), unwrapped)
}

fn is_wrapped_import(import: &Import) -> bool {
    matches!(&import.ty, ExternType::Func(func) if func.is_scalar())
}

/// Names that a linker cannot serve, because it has one definition for each.
fn imported_at_several_types(imports: &[Import]) -> HashSet<(&str, &str)> {
    let mut types: HashMap<(&str, &str), String> = HashMap::new();
    let mut ambiguous = HashSet::new();
    for import in imports {
        let key = (&*import.module, &*import.name);
        // Parameter names do not matter here.
        let ty = match &import.ty {
            ExternType::Func(func) => {
                format!(
                    "{:?} {:?}",
                    func.params.iter().map(|p| &p.ty).collect::<Vec<_>>(),
                    func.results
                )
            }
            other => other.to_string(),
        };
        if types.insert(key, ty.clone()).is_some_and(|other| other != ty) {
            ambiguous.insert(key);
        }
    }
    ambiguous
}
