//! Exports: the wrapper `Foo`, with a method for each export.

mod lifted;
mod methods;

use super::api::ResolvedConvention;
use super::calls::Calls;
use super::plan::{ExportKind, Plan, PlannedExport};
use super::{imports, values};
use crate::codegen::docs::{code, outer};
use crate::codegen::types::{is_wide, results, rust, tuple};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Exports are grouped, and each group is created when one of its exports is first used: instantiating
/// stays cheap, and an instance with thousands of exports small.
const GROUP: usize = 32;

/// The wrapper: a struct with the methods.
pub(super) fn wrapper(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, vis, noun, name, .. } = plan;
    let fields = groups(plan).map(|(field, group, _)| quote!(#field: __rt::Lazy<#group>,));
    let methods = groups(plan)
        .flat_map(|(field, _, exports)| exports.iter().map(move |e| (e, field.clone())))
        .map(|(export, group)| methods::method(plan, export, &group));
    let allocator = plan.convention().map(|_| {
        let abi = ResolvedConvention::abi_ident();
        quote!(allocator: __rt::Lazy<__rt::Allocator<#abi>>,)
    });
    let methods: TokenStream =
        run(plan).into_iter().chain([imports::add_to_linker(plan)]).chain(methods).collect();
    let methods = (!methods.is_empty()).then(|| quote!(impl #ty { #methods }));
    let doc =
        outer(&format!("An instance of the {noun} {}, with a method for each export.", code(name)));
    quote! {
        #doc
        #vis struct #ty {
            instance: __rt::Instance,
            #allocator
            #(#fields)*
        }

        #methods
    }
}

/// The groups of exports: field, struct and exports.
fn groups<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = (Ident, Ident, &'p [PlannedExport<'p>])> {
    plan.exports.chunks(GROUP).enumerate().map(|(index, exports)| {
        (format_ident!("exports{index}"), format_ident!("__Exports{index}"), exports)
    })
}

/// The fields of the wrapper that are created when they are first used.
pub(super) fn lazy_fields(plan: &Plan<'_>) -> Vec<Ident> {
    let allocator = plan.convention().map(|_| format_ident!("allocator"));
    allocator.into_iter().chain(groups(plan).map(|(field, ..)| field)).collect()
}

/// The structs with the exports, and the ABI.
pub(super) fn cells(plan: &Plan<'_>) -> TokenStream {
    let structs = groups(plan).map(|(_, name, exports)| {
        let cells = exports.iter().map(cell);
        quote! {
            #[derive(Default)]
            struct #name { #(#cells,)* }
        }
    });
    let names = plan.convention().map(|convention| {
        let names = convention.names();
        quote!(const __NAMES: __rt::Names = #names;)
    });
    let abi = plan.declared_convention().map(ResolvedConvention::abi);
    quote!(#(#structs)* #names #abi)
}

fn cell(export: &PlannedExport<'_>) -> TokenStream {
    let ident = &export.ident;
    match &export.kind {
        ExportKind::Func { ty, .. } if is_wide(ty) => quote!(#ident: __rt::WideFuncCell),
        ExportKind::Func { ty, .. } => {
            let params = tuple(ty.params.iter().map(|p| &p.ty));
            let results = results(&ty.results);
            quote!(#ident: __rt::FuncCell<#params, #results>)
        }
        ExportKind::Global { ty, .. } => {
            let ty = rust(ty);
            quote!(#ident: __rt::ExportCell<__rt::TypedGlobal<#ty>>)
        }
        ExportKind::Value(kind) => {
            let ty = values::value_type(*kind);
            quote!(#ident: __rt::ExportCell<#ty>)
        }
    }
}

/// The `run` of a command.
fn run(plan: &Plan<'_>) -> Option<TokenStream> {
    if !plan.is_command {
        return None;
    }
    let calls = Calls::of(plan);
    let Calls { asyncness, wait, bounds, .. } = &calls;
    let (instantiate, start) = (calls.method("instantiate"), calls.method("start"));
    let ended = quote!(__rt::#start(store, command.instance)#wait);
    let (code, returns, ended) = if plan.needs_wasi() {
        let code = " Returns the exit code, which is 0 if `_start` returns.";
        (code, quote!(__rt::Exit), quote!(__rt::exit(#ended)))
    } else {
        ("", quote!(()), ended)
    };
    let doc = outer(&format!(
        "Instantiates the command and calls its `_start`: an instance of a command is used once.{code}\
         \n\nFails if the module cannot be instantiated, or if the command traps.",
    ));
    Some(quote! {
        #doc
        pub #asyncness fn run<T: #bounds>(
            mut store: impl __rt::AsContextMut<Data = T>,
            linker: &__rt::Linker<T>,
            module: &__rt::LoadedModule,
        ) -> __rt::Result<#returns> {
            let command: Self = __rt::#instantiate(&mut store, linker, module)#wait?;
            #ended
        }
    })
}
