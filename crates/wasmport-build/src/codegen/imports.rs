//! A `Host` trait for each import module, and the way of its functions into a linker.

use super::docs::{code, outer, quoted};
use super::plan::{HostFunc, ImportModule, Plan};
use super::types::{is_wide, parameters, results, rust, wasm};
use crate::interface::ExternType;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn modules(plan: &Plan<'_>) -> TokenStream {
    plan.imports.iter().map(module).collect()
}

fn module(module: &ImportModule<'_>) -> TokenStream {
    let ImportModule { name, ident, funcs } = module;
    let methods = funcs.iter().map(|func| {
        let HostFunc { ident, params, ty, .. } = func;
        let doc = outer(&format!("Import {} {}: {}", quoted(name), quoted(func.name), code(ExternType::Func((*ty).clone()))));
        let parameters = parameters(params, ty);
        let returns = results(&ty.results);
        quote! {
            #doc
            ///
            /// # Errors
            ///
            /// An error ends the guest's call, like a trap.
            fn #ident(host: ::wasmport::Access<'_, T, Self>, #parameters) -> ::wasmport::support::Result<#returns>;
        }
    });
    let definitions = funcs.iter().map(|func| definition(name, func));
    let module_doc = outer(&format!("What the asset imports from {}.", quoted(name)));
    quote! {
        #module_doc
        pub mod #ident {
            /// The functions that the program gives to the asset. `T` is the data of the store that
            /// it runs in; implement the trait for every `T`.
            pub trait Host<T: 'static>: Sized + 'static {
                #(#methods)*
            }

            /// Defines the functions of `H` in `linker`; `host` finds it in the store's data.
            ///
            /// # Errors
            ///
            /// Where a name is defined already.
            pub fn add_to_linker<T: 'static, H: Host<T>>(
                linker: &mut ::wasmport::support::Linker<T>,
                host: fn(&mut T) -> &mut H,
            ) -> ::wasmport::support::Result<()> {
                #(#definitions)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

fn definition(module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { name, ident, params, ty } = func;
    if is_wide(ty) {
        return wide_definition(module, func);
    }
    let parameters = parameters(params, ty);
    quote! {
        linker.func_wrap(#module, #name, move |caller: ::wasmport::support::Caller<'_, T>, #parameters| {
            H::#ident(::wasmport::Access::new(caller, host), #(#params),*)
        })?;
    }
}

fn wide_definition(module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { name, ident, ty, .. } = func;
    let param_types = ty.params.iter().map(|p| wasm(&p.ty));
    let result_types = ty.results.iter().map(wasm);
    let arguments = ty.params.iter().enumerate().map(|(i, param)| {
        let rust = rust(&param.ty);
        quote!(<#rust as ::wasmport::support::Scalar>::from_val(&params[#i])?)
    });
    let stores = (0..ty.results.len()).map(|i| {
        let index = syn::Index::from(i);
        let value = if ty.results.len() == 1 { quote!(value) } else { quote!(value.#index) };
        quote!(results[#i] = ::wasmport::support::Scalar::into_val(#value);)
    });
    let value = if ty.results.is_empty() { quote!(()) } else { quote!(value) };
    quote! {
        ::wasmport::support::func_wide(
            linker, #module, #name, &[#(#param_types),*], &[#(#result_types),*],
            move |caller, params, results| {
                let _ = (params, &results);
                let #value = H::#ident(::wasmport::Access::new(caller, host), #(#arguments),*)?;
                #(#stores)*
                ::core::result::Result::Ok(())
            },
        )?;
    }
}

/// The wrapper's own `add_to_linker`, for all import modules at once; none where nothing is imported.
pub(super) fn add_to_linker(plan: &Plan<'_>) -> TokenStream {
    if plan.imports.is_empty() {
        return TokenStream::new();
    }
    let modules: Vec<_> = plan.imports.iter().map(|m| &m.ident).collect();
    quote! {
        /// Defines everything that the asset imports and a `Host` trait covers.
        ///
        /// # Errors
        ///
        /// Where a name is defined already.
        pub fn add_to_linker<T: 'static, H: #(#modules::Host<T>)+*>(
            linker: &mut ::wasmport::support::Linker<T>,
            host: fn(&mut T) -> &mut H,
        ) -> ::wasmport::support::Result<()> {
            #(#modules::add_to_linker(linker, host)?;)*
            ::core::result::Result::Ok(())
        }
    }
}
