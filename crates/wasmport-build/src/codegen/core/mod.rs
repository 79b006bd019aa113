//! Core modules: from a plan to the sections of a wrapper.

mod api;
mod calls;
mod exports;
mod handle;
mod imports;
mod link;
mod plan;
mod session;
mod values;

pub(crate) use api::skeleton;
pub(super) use plan::PlanError;

use super::description::Description;
use super::docs;
use super::format::Section;
use crate::codegen::format::raw_string;
use crate::interface::ExternType;
use plan::Plan;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// The most imports and exports that are listed by name.
const LISTED: usize = 100;

/// The wrapper of a core module, apart from the description of its asset.
pub(super) struct Module {
    /// The documentation of the wrapper's module.
    pub docs: String,
    /// The public API, which comes first.
    pub api: Vec<Section>,
    /// The private rest.
    pub rest: Vec<Section>,
    pub is_async: bool,
    pub needs_wasi: bool,
    /// Whether it imports a name from WASI, and with another type from the program.
    pub is_shadowed: bool,
    /// Whether there are imports beside WASI that the session's data does not implement.
    pub has_other_imports: bool,
    /// Whether the session's data implements imports for each module by the names that it imports from.
    pub needs_module: bool,
    /// The modules with `Host` traits.
    pub hosts: Vec<Ident>,
    /// The name of each export's method.
    pub methods: HashMap<String, String>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// Generates the wrapper of a core module, with as many imports and exports as about `bytes` of Rust can
/// cover.
///
/// # Errors
///
/// Fails if a choice for the asset cannot be followed.
pub(super) fn module(asset: &Description<'_>, bytes: u64) -> Result<Module, PlanError> {
    let plan = Plan::of(asset, bytes)?;
    let api = vec![
        Section::Items(exports::wrapper(&plan)),
        Section::Items(session::session(&plan)),
        Section::Items(handle::calls(&plan)),
        Section::Items(imports::modules(&plan)),
        Section::Items(values::imports(&plan)),
        declared("__rt::plain", &plan.items),
        declared("__rt::status", &plan.statuses),
    ];
    let rest = vec![
        Section::Text(plumbing(&plan)),
        Section::Items(exports::cells(&plan)),
        Section::Items(interface(&plan)),
    ];
    Ok(Module {
        docs: module_docs(asset, &plan),
        api,
        rest,
        is_async: plan.is_async,
        needs_wasi: plan.needs_wasi(),
        is_shadowed: session::is_shadowed(&plan),
        has_other_imports: session::has_other_imports(&plan),
        needs_module: plan.needs_module(),
        hosts: plan.host_modules().map(|module| module.ident.clone()).collect(),
        methods: plan.methods(),
        warnings: plan.warnings,
    })
}

/// The interface: imports and exports as text.
fn interface(plan: &Plan<'_>) -> TokenStream {
    let Plan { vis, name, .. } = plan;
    let exports = raw_string(&plan.all_exports);
    let modules = plan.imports.iter().map(|module| {
        let (name, ident) = (module.name, &module.ident);
        quote!((#name, #ident::IMPORTS))
    });
    let untyped = plan.untyped_imports();
    let untyped = untyped.iter().map(|(name, lines)| {
        let lines = raw_string(lines);
        quote!((#name, #lines))
    });
    let wasi = plan.needs_wasi().then(|| quote!(.with_wasi()));
    let sizes = plan.has_sizes.then(|| quote!(.with_sizes()));
    let any = plan.has_any_import_module.then(|| quote!(.with_any_import_module()));
    let lacking = plan.lacking.described();
    let kind = plan.kind.as_ref();
    let kind = kind.map(|kind| plan.lacking.kind(vis, kind, &quote!(__rt::LoadedModule)));
    quote! {
        /// The imports and exports that this wrapper is for.
        #vis static INTERFACE: __rt::Interface =
            __rt::interface(#name, &[#(#modules,)* #(#untyped,)*], &[("", EXPORTS)], "") #wasi #sizes #any #lacking;

        #kind

        /// The exports: a line for each, with its name and type in the text format.
        const EXPORTS: &str = #exports;
    }
}

/// The user's structs or enums, which a macro of the runtime declares.
fn declared(path: &'static str, items: &TokenStream) -> Section {
    if items.is_empty() {
        return Section::Text(String::new());
    }
    Section::MacroCall { path, items: items.clone() }
}

/// The macro call for the parts that are the same in all wrappers.
fn plumbing(plan: &Plan<'_>) -> String {
    let Plan { vis, ty, pre, session, .. } = plan;
    let fields: Vec<String> = exports::lazy_fields(plan).iter().map(ToString::to_string).collect();
    let fields =
        if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) };
    let vis = vis.to_string().replace(' ', "");
    let linked = if plan.overloads.is_empty() { "InstancePre" } else { "OverloadedPre" };
    let calls = if plan.is_async { "async" } else { "sync" };
    let of = plan.noun;
    let mut text = format!(
        "// The constructors of `{ty}`, the type `{pre}`, and the traits of `{session}`.\n\
         __rt::wrapper! {{\n    \
             {of}: {vis} {ty} {fields},\n    \
             pre: {pre}({linked}),\n    \
             session: {session},\n    \
             calls: {calls},\n"
    );
    // Code that arrives later may be one.
    if plan.is_reactor || plan.is_interface() {
        text.push_str("    reactor: true,\n");
    }
    if !plan.overloads.is_empty() {
        let overloads: Vec<String> =
            plan.overloads.iter().map(|(index, name)| format!("({index}, {name:?})")).collect();
        text.push_str(&format!("    overloads: &[{}],\n", overloads.join(", ")));
    }
    if session::is_linked(plan) {
        let hosts: Vec<String> = plan.host_modules().map(|m| m.ident.to_string()).collect();
        let with_module = if plan.needs_module() { " with_module" } else { "" };
        text.push_str(&format!("    links: [{}]{with_module},\n", hosts.join(", ")));
    }
    text + "}\n"
}

/// The documentation of the wrapper's module, with the imports and exports that are not wrapped.
fn module_docs(asset: &Description<'_>, plan: &Plan<'_>) -> String {
    let mut text = docs::title(asset);
    if plan.needs_wasi() {
        text.push_str(&format!("\n{}\n", docs::wasi(1, "wasi")));
    }
    let mut section = |title: &str, help: &str, items: Vec<String>| {
        if !items.is_empty() {
            text.push_str(&format!("\n# {title}\n\n{help}\n\n"));
            items.iter().for_each(|item| text.push_str(&format!("- {item}\n")));
        }
    };
    let quoted = |name: &str| docs::quoted(&docs::shortened(name));
    let line =
        |name: String, ty: &ExternType| format!("{name}: {}", docs::code(docs::shortened(ty)));
    let exports = plan.unwrapped_exports.iter().map(|e| line(quoted(&e.name), &e.ty));
    let imports = plan.unwrapped_imports.iter();
    let imports =
        imports.map(|i| line(format!("{} {}", quoted(&i.module), quoted(&i.name)), &i.ty));
    let overloads = plan.overloads.iter();
    let overloads = overloads.map(|(index, name)| format!("import {index} is {}", quoted(name)));
    section(
        "Exports without a method",
        "Reach them by name, with Wasmtime's types, through the wrapper's `instance` and the session's \
         `typed_func`.",
        listed(exports),
    );
    section(
        "Imports without a type",
        "Define them in the linker, in the closure of the session's `with_linker` or before \
         `instantiate`.",
        listed(imports),
    );
    section(
        "Imports of one name at several types",
        "A linker has one definition for each name, so these imports have other names there:",
        listed(overloads),
    );
    text
}

/// Returns the first items of a list, and the number of the others.
fn listed(items: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = items.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| format!("and {more} more"));
    items.take(LISTED).chain(more).collect()
}
