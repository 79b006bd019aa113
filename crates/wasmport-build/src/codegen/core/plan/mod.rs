//! Plan: which imports and exports are wrapped, how, and under which names.

mod error;
mod exports;
mod imports;
mod items;
mod overloads;
mod room;
mod signatures;
mod wasi;

pub(crate) use error::PlanError;
pub(super) use items::{ExportKind, HostFunc, HostValue, ImportModule, PlannedExport, ValueKind};

use super::api::ResolvedConvention;
use crate::codegen::description::Description;
use crate::codegen::docs::printable_len;
use crate::codegen::handle::Handles;
use crate::codegen::lacking::Lacking;
use crate::interface::{Export, ExternType, Import, Interface, text_len};
use crate::names;

use crate::settings::ImportModules;
use exports::{Exports, select};
use imports::{Imports, imports};
use items::interface_line;
use overloads::Overloads;
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use room::Room;
use signatures::Signatures;
use std::collections::{BTreeMap, HashMap};

/// The plan of a module's wrapper.
pub(super) struct Plan<'a> {
    /// The subject of the wrapper: an `asset` or an `interface`.
    pub noun: &'static str,
    /// The name of the asset or interface.
    pub name: String,
    /// The visibility of the items.
    pub vis: TokenStream,
    /// The wrapper's type, and the types named after it.
    pub ty: Ident,
    pub pre: Ident,
    pub session: Ident,
    pub values: Ident,
    /// The trait for handles, and its choices.
    pub handles: Option<(Ident, Handles)>,
    pub is_async: bool,
    /// The structs of `api` as items.
    pub items: TokenStream,
    /// The enums of `api` as items.
    pub statuses: TokenStream,
    /// The names of both.
    pub types: Vec<Ident>,
    pub imports: Vec<ImportModule<'a>>,
    pub exports: Vec<PlannedExport<'a>>,
    /// All exports as text, a line for each, for assets that import them.
    pub all_exports: String,
    pub unwrapped_imports: Vec<&'a Import>,
    pub unwrapped_exports: Vec<&'a Export>,
    /// The index and the linker's name of each import whose own name has several types.
    pub overloads: Vec<(usize, String)>,
    /// The exports that code may lack.
    pub lacking: Lacking,
    /// The type that tells which of `one-of` code has. That of all versions is beside them.
    pub kind: Option<Ident>,
    /// Whether memories and tables must be as large as in the interface.
    pub has_sizes: bool,
    /// Whether imports may be taken from a module of any name.
    pub has_any_import_module: bool,
    pub is_reactor: bool,
    pub is_command: bool,
    /// Whether WASI is linked for code that arrives later.
    grants_wasi: bool,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

impl<'a> Plan<'a> {
    /// Plans the wrapper of a module, with as many imports and exports as `bytes` of Rust can cover.
    ///
    /// # Errors
    ///
    /// Fails if a choice for the asset cannot be followed.
    pub fn of(asset: &Description<'a>, bytes: u64) -> Result<Self, PlanError> {
        let (settings, interface) = (asset.settings, asset.interface);
        let ty = match &settings.type_name {
            None => names::type_name(asset.own_module()),
            Some(name) => type_name(name)?,
        };
        let vis = asset.visibility();
        let [ty, pre, session, values, kind] =
            ["", "Pre", "Session", "Imports", "Kind"].map(|suffix| format_ident!("{ty}{suffix}"));
        let mut signatures = Signatures::of(interface, settings, &vis)?;
        signatures.check_names(&[&ty, &pre, &session, &values])?;
        let kind = (settings.one_of.is_some() && !asset.is_version).then_some(kind);
        let handles = Handles::of(settings).map(|handles| (format_ident!("{ty}Calls"), handles));
        let others = kind.iter().chain(handles.iter().map(|(ident, _)| ident));
        signatures.check_names(&others.collect::<Vec<_>>())?;
        let overloads = Overloads::of(interface);
        if asset.is_interface && !overloads.list().is_empty() {
            return Err(PlanError::Overloaded);
        }
        let names: Vec<&str> = interface.exports.iter().map(|e| e.name.as_str()).collect();
        let lacking = Lacking::of(settings, &names)?;
        let mut room = Room::new(bytes);
        let Imports { wrapped: imports, unwrapped: unwrapped_imports, warnings: of_imports } =
            imports(interface, settings, &overloads, &mut signatures, &mut room)?;
        let is_command = exports_procedure(interface, "_start");
        let Exports { wrapped: exports, unwrapped: unwrapped_exports, mut warnings } =
            select(&interface.exports, settings, is_command, &lacking, &mut signatures, &mut room)?;
        signatures.check_all_are_used(imports.iter().map(|module| module.name))?;
        warnings.extend(of_imports);
        warnings.extend(wasi::warnings(interface, settings));
        let of_unwrapped = unwrapped_exports.iter();
        let of_unwrapped =
            of_unwrapped.map(|e| text_len(&e.ty).saturating_add(printable_len(&e.name)));
        let fits = room.fits(of_unwrapped.fold(0, u64::saturating_add));
        let all_exports = if interface.exports.len() <= settings.max_exports() && fits {
            interface.exports.iter().map(|e| interface_line(&e.name, &e.ty)).collect()
        } else {
            exports.iter().map(|e| interface_line(e.name, e.ty)).collect()
        };
        Ok(Self {
            noun: if asset.is_interface { "interface" } else { "asset" },
            name: asset.name(),
            vis,
            ty,
            pre,
            session,
            values,
            handles,
            is_async: settings.is_async(),
            items: signatures.items,
            statuses: signatures.statuses,
            types: signatures.types,
            imports,
            exports,
            all_exports,
            unwrapped_imports,
            unwrapped_exports,
            overloads: overloads.list(),
            lacking,
            kind,
            has_sizes: settings.sizes.unwrap_or_default(),
            has_any_import_module: settings.import_module == Some(ImportModules::Any),
            // The start function of such a module is an export.
            is_reactor: exports_procedure(interface, "_initialize") && !is_command
                || settings.snapshot == Some(true),
            is_command,
            grants_wasi: settings.grants_wasi(),
            warnings,
        })
    }

    /// Whether the wrapper is that of an interface, not of an asset.
    pub fn is_interface(&self) -> bool {
        self.noun == "interface"
    }

    /// The imports without a Rust type as text, by module.
    pub fn untyped_imports(&self) -> BTreeMap<&'a str, String> {
        let mut modules = BTreeMap::<&str, String>::new();
        for Import { module, name, ty } in &self.unwrapped_imports {
            modules.entry(module).or_default().push_str(&interface_line(name, ty));
        }
        modules
    }

    /// The modules from which values are imported.
    pub fn value_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.values.is_empty())
    }

    /// The modules from which functions are imported that the program implements.
    pub fn host_modules(&self) -> impl Iterator<Item = &ImportModule<'a>> {
        self.imports.iter().filter(|m| !m.funcs.is_empty() || m.convention.is_some())
    }

    /// Whether WASI is linked: for the imports, or for those of code that arrives later.
    pub fn needs_wasi(&self) -> bool {
        self.grants_wasi || self.imports.iter().any(|m| !m.wasi.is_empty())
    }

    /// The guest's convention, if exports have signatures beyond numbers.
    pub fn convention(&self) -> Option<&ResolvedConvention> {
        self.exports.iter().find_map(|export| match &export.kind {
            ExportKind::Func { shape: Some(shape), .. } => Some(&shape.convention),
            _ => None,
        })
    }

    /// The guest's convention, if exports have signatures beyond numbers or host functions allocate or free.
    pub fn declared_convention(&self) -> Option<&ResolvedConvention> {
        let shapes = self.imports.iter().flat_map(|module| &module.funcs);
        let shapes = shapes.filter_map(|func| func.shape.as_ref());
        let of_imports = shapes.filter(|shape| shape.allocates).map(|shape| &shape.convention);
        self.convention().or(of_imports.into_iter().next())
    }

    /// Whether types of host functions are known to the loaded module alone.
    pub fn needs_module(&self) -> bool {
        self.imports.iter().any(ImportModule::needs_module)
    }

    /// The name of the method of each export.
    pub fn methods(&self) -> HashMap<String, String> {
        self.exports.iter().map(|e| (e.name.to_owned(), e.ident.to_string())).collect()
    }
}

/// Checks the name that the user chose for the wrapper's type.
fn type_name(name: &str) -> Result<String, PlanError> {
    let is_camel = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && names::type_name(name) == name;
    match is_camel {
        true => Ok(name.into()),
        false => Err(PlanError::TypeName(name.into())),
    }
}

fn exports_procedure(interface: &Interface, name: &str) -> bool {
    interface.exports.iter().any(|export| {
        let ExternType::Func(ty) = &export.ty else { return false };
        export.name == name && ty.types().next().is_none()
    })
}
