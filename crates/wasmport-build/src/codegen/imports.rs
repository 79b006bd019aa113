//! A `Host` trait for each import module, and the way of its functions into a linker.

use super::docs::{code, outer, quoted};
use super::plan::{HostFunc, ImportModule, Plan};
use super::types::{is_wide, parameters, results, rust, tuple, wasm};
use super::{api, link, values};
use crate::interface::ExternType;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn modules(plan: &Plan<'_>) -> TokenStream {
    plan.imports.iter().map(|m| module(plan, m)).collect()
}

fn module(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    if let Some(path) = &module.with {
        return reused(plan, module, path);
    }
    let ImportModule { name, ident, .. } = module;
    let vis = &plan.vis;
    let host = if module.funcs.is_empty() { TokenStream::new() } else { host(plan, module) };
    let values = values::module_values(module);
    let link = link::module(plan, module);
    let by_wasi = if module.wasi.is_empty() {
        ""
    } else {
        " [`Wasi`](::wasmport::wasi::Wasi) gives functions of WASI preview 1."
    };
    let module_doc = outer(&format!("What the asset imports from {}.{by_wasi}", quoted(name)));
    quote! {
        #module_doc
        #vis mod #ident {
            #host
            #values
            #link
        }
    }
}

/// The module of another wrapper, whose trait covers what this asset imports: that is checked here.
fn reused(plan: &Plan<'_>, module: &ImportModule<'_>, path: &syn::Path) -> TokenStream {
    let ImportModule { ident, text, .. } = module;
    let (vis, asset) = (&plan.vis, &plan.name);
    let host = quote!(#path).to_string().replace(' ', "");
    quote! {
        #[doc(no_inline)]
        #vis use #path as #ident;
        const _: () = ::wasmport::support::check_host(#text, #ident::IMPORTS, #asset, #host);
    }
}

/// What a store's data must be, where host functions wait in it.
pub(super) fn data_bounds(plan: &Plan<'_>) -> TokenStream {
    if plan.is_async { quote!(::core::marker::Send + 'static) } else { quote!('static) }
}

/// The parameter and the argument for the module, where types of functions come from it.
fn module_param(needed: bool) -> (TokenStream, TokenStream) {
    if needed {
        (quote!(module: &::wasmport::LoadedModule,), quote!(module,))
    } else {
        (TokenStream::new(), TokenStream::new())
    }
}

fn host(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    let methods = module.funcs.iter().map(|func| method(module, func));
    let definitions = module.funcs.iter().map(|func| match &func.shape {
        Some(shape) => api::definition(module.name, func, shape, plan.is_async),
        None => definition(module.name, func),
    });
    let structs = &plan.structs;
    let uses = module.funcs.iter().any(|func| func.shape.is_some()) && !structs.is_empty();
    let uses = uses.then(|| {
        quote! {
            #[allow(unused_imports, reason = "generated code")]
            use super::{#(#structs),*};
        }
    });
    let bounds = data_bounds(plan);
    let (of, _) = module_param(module.needs_module());
    let message = format!(
        "`{{Self}}` does not implement what the asset `{}` imports from {:?}",
        super::docs::printable(&plan.name).replace(['{', '}'], "_"),
        super::docs::printable(module.name).replace(['{', '}'], "_"),
    );
    let note = format!(
        "implement the trait `{}::Host` of its wrapper for the type, for every `T`",
        module.ident
    );
    quote! {
        #uses

        /// The functions that the program gives to the asset. `T` is the data of the store that
        /// it runs in; implement the trait for every `T`.
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        pub trait Host<T: #bounds>: ::core::marker::Sized + 'static {
            #(#methods)*
        }

        /// Defines the functions of `H` in `linker`; `host` finds it in the store's data.
        ///
        /// # Errors
        ///
        /// Where a name is defined already.
        pub fn add_to_linker<T: #bounds, H: Host<T>>(
            linker: &mut ::wasmport::support::Linker<T>,
            #of
            host: fn(&mut T) -> &mut H,
        ) -> ::wasmport::support::Result<()> {
            #(#definitions)*
            ::core::result::Result::Ok(())
        }
    }
}

fn method(module: &ImportModule<'_>, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { ident, params, ty, .. } = func;
    let signature = code(ExternType::Func((*ty).clone()));
    let doc = outer(&format!("Import {} {}: {signature}", quoted(module.name), quoted(func.name)));
    let errors = (!func.is_infallible)
        .then(|| outer("\n# Errors\n\nAn error ends the guest's call, like a trap."));
    let (docs, parameters, mut returns, arguments) = match &func.shape {
        None => {
            (TokenStream::new(), parameters(params, ty), results(&ty.results), quote!(#(#params),*))
        }
        Some(shape) => {
            let docs = &shape.signature.docs;
            let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
            let arguments = api::user_arguments(&shape.signature);
            (
                quote!(#(#docs)* #blank),
                api::parameters(&shape.signature),
                api::returns(&shape.signature),
                quote!(#(#arguments),*),
            )
        }
    };
    if !func.is_infallible {
        returns = quote!(::wasmport::support::Result<#returns>);
    }
    if func.is_async {
        returns = quote!(impl ::core::future::Future<Output = #returns> + ::core::marker::Send);
    }
    let body = if func.traps {
        let (module, name) = (module.name, func.name);
        let mut error = quote! {
            ::core::result::Result::Err(::wasmport::support::not_implemented(#module, #name))
        };
        if func.is_async {
            error = quote!(::core::future::ready(#error));
        }
        quote!({ let _ = (host, #arguments); #error })
    } else {
        quote!(;)
    };
    quote! {
        #docs
        #doc
        #errors
        fn #ident(host: &mut ::wasmport::Access<'_, T, Self>, #parameters) -> #returns #body
    }
}

/// The call of the trait's method, whose result is a `Result`.
fn call(func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { ident, params, .. } = func;
    let mut call = quote!(H::#ident(&mut access, #(#params),*));
    if func.is_async {
        call = quote!(#call.await);
    }
    if func.is_infallible { quote!(::core::result::Result::Ok(#call)) } else { call }
}

fn definition(module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { link_name, params, ty, .. } = func;
    if ty.nominal || is_wide(ty) {
        return wide_definition(module, func);
    }
    let call = call(func);
    let returns = results(&ty.results);
    if func.is_async {
        let types = tuple(ty.params.iter().map(|p| &p.ty));
        return quote! {
            linker.func_wrap_async(
                #module, #link_name,
                move |caller: ::wasmport::support::Caller<'_, T>, (#(#params,)*): #types| {
                    ::std::boxed::Box::new(async move {
                        let mut access = ::wasmport::Access::new(caller, host);
                        let result: ::wasmport::support::Result<#returns> = #call;
                        result
                    })
                },
            )?;
        };
    }
    let parameters = parameters(params, ty);
    quote! {
        linker.func_wrap(
            #module, #link_name,
            move |caller: ::wasmport::support::Caller<'_, T>, #parameters| -> ::wasmport::support::Result<#returns> {
                let mut access = ::wasmport::Access::new(caller, host);
                #call
            },
        )?;
    }
}

fn wide_definition(module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { link_name, params, ty, index, is_async, .. } = func;
    let arguments = params.iter().zip(&ty.params).enumerate().map(|(i, (ident, param))| {
        let rust = rust(&param.ty);
        quote!(let #ident: #rust = ::wasmport::support::param(&mut caller, params, #i)?;)
    });
    let stores = (0..ty.results.len()).map(|i| {
        let index = syn::Index::from(i);
        let value = if ty.results.len() == 1 { quote!(value) } else { quote!(value.#index) };
        quote!(::wasmport::support::result(&mut access, results, #i, #value)?;)
    });
    let value = if ty.results.is_empty() { quote!(()) } else { quote!(value) };
    let (returns, call) = (results(&ty.results), call(func));
    let body = quote! {
        let _ = (params, &results);
        #(#arguments)*
        let mut access = ::wasmport::Access::new(caller, host);
        let result: ::wasmport::support::Result<#returns> = #call;
        let #value = result?;
        #(#stores)*
        ::core::result::Result::Ok(())
    };
    let caller = if params.is_empty() { quote!(caller) } else { quote!(mut caller) };
    let (body, wait) = if *is_async {
        (quote!(::std::boxed::Box::new(async move { #body })), "_async")
    } else {
        (quote!({ #body }), "")
    };
    let closure = quote!(move |#caller: ::wasmport::support::Caller<'_, T>, params, results| #body);
    if ty.nominal {
        let define = quote::format_ident!("func_nominal{wait}");
        return quote! {
            ::wasmport::support::#define(linker, module, #index, #module, #link_name, #closure)?;
        };
    }
    let param_types = ty.params.iter().map(|p| wasm(&p.ty));
    let result_types = ty.results.iter().map(wasm);
    let define = quote::format_ident!("func_wide{wait}");
    quote! {
        ::wasmport::support::#define(
            linker, #module, #link_name, &[#(#param_types),*], &[#(#result_types),*], #closure,
        )?;
    }
}

/// The wrapper's own `add_to_linker`, for all import modules at once; none where no function is
/// imported.
pub(super) fn add_to_linker(plan: &Plan<'_>) -> TokenStream {
    let modules: Vec<_> = plan.host_modules().map(|m| &m.ident).collect();
    if modules.is_empty() {
        return TokenStream::new();
    }
    let (of, _) = module_param(plan.needs_module());
    let arguments = plan.host_modules().map(|m| module_param(m.needs_module()).1);
    let bounds = data_bounds(plan);
    quote! {
        /// Defines every function that the asset imports.
        ///
        /// # Errors
        ///
        /// Where a name is defined already.
        pub fn add_to_linker<T: #bounds, H: #(#modules::Host<T>)+*>(
            linker: &mut ::wasmport::support::Linker<T>,
            #of
            host: fn(&mut T) -> &mut H,
        ) -> ::wasmport::support::Result<()> {
            #(#modules::add_to_linker(linker, #arguments host)?;)*
            ::core::result::Result::Ok(())
        }
    }
}
