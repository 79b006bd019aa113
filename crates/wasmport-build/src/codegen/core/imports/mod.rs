//! Imports: a Rust module for each import module, with a `Host` trait for its functions.

mod define;
mod lifted;

use super::calls::Calls;
use super::plan::{HostFunc, ImportModule, Plan};
use super::{link, values};
use crate::codegen::docs::{code, outer, printable, quoted};
use crate::codegen::format::raw_string;
use crate::codegen::types::{parameters, results};
use crate::interface::ExternType;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

/// The Rust modules of all import modules.
pub(super) fn modules(plan: &Plan<'_>) -> TokenStream {
    plan.imports.iter().map(|m| module(plan, m)).collect()
}

fn module(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    if let Some(path) = &module.with {
        return reused(plan, module, path);
    }
    let ImportModule { name, ident, .. } = module;
    let vis = &plan.vis;
    let has_host = !module.funcs.is_empty() || module.convention.is_some();
    let host = has_host.then(|| host(plan, module));
    let values = values::module_values(plan, module);
    let (link, imports) = (link::function(plan, module), link::imports(module));
    let uses = types(plan, &quote!(#host));
    let by_wasi = if module.wasi.is_empty() {
        ""
    } else {
        " [`Wasi`](::wasmport::wasi::Wasi) implements functions of WASI preview 1."
    };
    let doc = outer(&format!("The {}'s imports from {}.{by_wasi}", plan.noun, quoted(name)));
    quote! {
        #doc
        #vis mod #ident {
            use super::__rt;
            #uses
            #host
            #values
            #link
            #imports
        }
    }
}

/// The import of the user's structs and enums that `tokens` mention.
fn types(plan: &Plan<'_>, tokens: &TokenStream) -> Option<TokenStream> {
    let used: Vec<&Ident> =
        plan.types.iter().filter(|ident| mentions(tokens.clone(), ident)).collect();
    (!used.is_empty()).then(|| quote!(use super::{#(#used),*};))
}

fn mentions(tokens: TokenStream, ident: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(other) => other == *ident,
        TokenTree::Group(group) => mentions(group.stream(), ident),
        _ => false,
    })
}

/// The module of another wrapper, with a check that its trait covers the imports of this asset.
fn reused(plan: &Plan<'_>, module: &ImportModule<'_>, path: &syn::Path) -> TokenStream {
    let ImportModule { ident, text, .. } = module;
    let text = raw_string(text);
    let (vis, asset) = (&plan.vis, &plan.name);
    let host = quote!(#path).to_string().replace(' ', "");
    quote! {
        #[doc(no_inline)]
        #vis use #path as #ident;
        const _: () = __rt::check_host(#text, #ident::IMPORTS, #asset, #host);
    }
}

fn host(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    let methods = module.funcs.iter().map(|func| method(module, func));
    let definitions = module.funcs.iter().map(|func| match &func.shape {
        Some(shape) => lifted::definition(module.name, func, shape, plan.is_async),
        None => define::definition(plan, module.name, func),
    });
    let Calls { bounds, .. } = Calls::of(plan);
    let parameter = module_parameter(module.needs_module());
    let provided = module.convention.as_ref().map(|c| c.definitions(module.name));
    let store = exchange_bound(module).map(|bound| quote!(#bound +));
    let implemented = module.funcs.is_empty().then(|| {
        quote! {
            // The runtime implements all of it.
            impl<T: #bounds, H: __rt::Sized + 'static> Host<T> for H {}
        }
    });
    let unused = module.funcs.is_empty().then(|| quote!(let _ = host;));
    let message = format!(
        "`{{Self}}` does not implement what the {} `{}` imports from {:?}",
        plan.noun,
        printable(&plan.name).replace(['{', '}'], "_"),
        printable(module.name).replace(['{', '}'], "_"),
    );
    let note = format!(
        "implement the trait `{}::Host` of its wrapper for the type, for every `T`",
        module.ident
    );
    quote! {
        /// The host functions. Implement the trait for every `T`, the data of the store in which the
        /// guest runs. An error ends the guest's call, like a trap.
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        pub trait Host<T: #bounds>: __rt::Sized + 'static {
            #(#methods)*
        }

        #implemented

        /// Defines the functions of `H` in `linker`; `host` finds it in the store's data.
        ///
        /// Fails if a name is defined already.
        pub fn add_to_linker<T: #store #bounds, H: Host<T>>(
            linker: &mut __rt::Linker<T>,
            #parameter
            host: fn(&mut T) -> &mut H,
        ) -> __rt::Result<()> {
            #unused
            #(#definitions)*
            #provided
            Ok(())
        }
    }
}

/// The bound of a store's data for imports of the module that the runtime implements.
fn exchange_bound(module: &ImportModule<'_>) -> Option<TokenStream> {
    module.convention.as_ref().map(|_| quote!(__rt::GuestExchange))
}

/// The parameter for the loaded module, if types of functions come from it.
fn module_parameter(is_needed: bool) -> Option<TokenStream> {
    is_needed.then(|| quote!(module: &__rt::LoadedModule,))
}

/// A method of the host trait.
fn method(module: &ImportModule<'_>, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { ident, params, ty, .. } = func;
    let signature = code(ExternType::Func((*ty).clone()));
    let doc = outer(&format!("Implements the import {}: {signature}", quoted(func.name)));
    let (docs, parameters, mut returns, arguments) = match &func.shape {
        None => {
            (TokenStream::new(), parameters(params, ty), results(&ty.results), quote!(#(#params),*))
        }
        Some(shape) => {
            let docs = &shape.signature.docs;
            let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
            let arguments = shape.signature.arguments();
            (
                quote!(#(#docs)* #blank),
                shape.signature.host_parameters(),
                shape.signature.returns(),
                quote!(#(#arguments),*),
            )
        }
    };
    if !func.is_infallible {
        returns = quote!(__rt::Result<#returns>);
    }
    if func.is_async {
        returns = quote!(impl __rt::Future<Output = #returns> + __rt::Send);
    }
    let body = if func.traps {
        let (module, name) = (module.name, func.name);
        let mut error = quote!(Err(__rt::not_implemented(#module, #name)));
        if func.is_async {
            error = quote!(__rt::ready(#error));
        }
        quote!({ let _ = (host, #arguments); #error })
    } else {
        quote!(;)
    };
    quote! {
        #docs
        #doc
        fn #ident(host: &mut __rt::Access<'_, T, Self>, #parameters) -> #returns #body
    }
}

/// The wrapper's own `add_to_linker`, for all import modules at once; none if the program implements no
/// function.
pub(super) fn add_to_linker(plan: &Plan<'_>) -> TokenStream {
    let modules: Vec<_> = plan.host_modules().map(|m| &m.ident).collect();
    if modules.is_empty() {
        return TokenStream::new();
    }
    let parameter = module_parameter(plan.needs_module());
    let arguments = plan.host_modules().map(|m| m.needs_module().then(|| quote!(module,)));
    let body = match (modules.as_slice(), plan.needs_module()) {
        ([only], false) => quote!(#only::add_to_linker(linker, host)),
        _ => quote!(#(#modules::add_to_linker(linker, #arguments host)?;)* Ok(())),
    };
    let Calls { bounds, .. } = Calls::of(plan);
    let store = plan.host_modules().find_map(exchange_bound).map(|bound| quote!(#bound +));
    quote! {
        /// Defines the functions of `H` in `linker`; `host` finds it in the store's data.
        ///
        /// Fails if a name is defined already.
        pub fn add_to_linker<T: #store #bounds, H: #(#modules::Host<T>)+*>(
            linker: &mut __rt::Linker<T>,
            #parameter
            host: fn(&mut T) -> &mut H,
        ) -> __rt::Result<()> {
            #body
        }
    }
}
