//! Definitions of host functions over core values.

use super::super::plan::{HostFunc, Plan};
use crate::codegen::types::{is_wide, results, rust, tuple, wasm};
use proc_macro2::TokenStream;
use quote::quote;

/// The definition of a host function in the linker.
pub(super) fn definition(plan: &Plan<'_>, module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { link_name, ident, params, ty, .. } = func;
    if ty.nominal || is_wide(ty) {
        return wide_definition(plan, module, func);
    }
    if !func.is_async {
        let host = if func.is_infallible {
            let types = ty.params.iter().map(|param| rust(&param.ty));
            quote! {
                |access: &mut __rt::Access<'_, T, H>, #(#params: #types),*| {
                    Ok(H::#ident(access, #(#params),*))
                }
            }
        } else {
            quote!(H::#ident)
        };
        return quote!(__rt::func(linker, #module, #link_name, host, #host)?;);
    }
    let (call, returns) = (call(func), results(&ty.results));
    let types = tuple(ty.params.iter().map(|p| &p.ty));
    quote! {
        linker.func_wrap_async(
            #module, #link_name,
            move |caller: __rt::Caller<'_, T>, (#(#params,)*): #types| {
                __rt::Box::new(__rt::host_call_async(#module, #link_name, async move {
                    let mut access = __rt::Access::new(caller, host);
                    let result: __rt::Result<#returns> = #call;
                    result
                }))
            },
        )?;
    }
}

/// The call of the trait's method, as a `Result`.
fn call(func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { ident, params, .. } = func;
    let mut call = quote!(H::#ident(&mut access, #(#params),*));
    if func.is_async {
        call = quote!(#call.await);
    }
    if func.is_infallible { quote!(Ok(#call)) } else { call }
}

fn wide_definition(plan: &Plan<'_>, module: &str, func: &HostFunc<'_>) -> TokenStream {
    let HostFunc { link_name, params, ty, is_async, .. } = func;
    let import = syn::Index::from(func.index);
    let arguments = params.iter().zip(&ty.params).enumerate().map(|(i, (ident, param))| {
        let (i, rust) = (syn::Index::from(i), rust(&param.ty));
        quote!(let #ident: #rust = __rt::param(&mut caller, params, #i)?;)
    });
    let stores = (0..ty.results.len()).map(|i| {
        let index = syn::Index::from(i);
        let value = if ty.results.len() == 1 { quote!(value) } else { quote!(value.#index) };
        quote!(__rt::result(&mut access, results, #index, #value)?;)
    });
    let value = if ty.results.is_empty() { quote!(()) } else { quote!(value) };
    let (returns, call) = (results(&ty.results), call(func));
    let body = quote! {
        let _ = (params, &results);
        #(#arguments)*
        let mut access = __rt::Access::new(caller, host);
        let result: __rt::Result<#returns> = #call;
        let #value = result?;
        #(#stores)*
        Ok(())
    };
    let caller = if params.is_empty() { quote!(caller) } else { quote!(mut caller) };
    let (body, wait) = if *is_async {
        let call = quote!(__rt::host_call_async(#module, #link_name, async move { #body }));
        (quote!(__rt::Box::new(#call)), "_async")
    } else {
        (quote!({ #body }), "")
    };
    let closure = quote!(move |#caller: __rt::Caller<'_, T>, params, results| #body);
    let param_types = ty.params.iter().map(|p| wasm(&p.ty));
    let result_types = ty.results.iter().map(wasm);
    if ty.nominal && plan.is_interface() {
        let define = quote::format_ident!("func_nominal_of{wait}");
        return quote! {
            __rt::#define(
                linker, module, &super::INTERFACE, #module, #link_name,
                [&[#(#param_types),*], &[#(#result_types),*]], #closure,
            )?;
        };
    }
    if ty.nominal {
        let define = quote::format_ident!("func_nominal{wait}");
        return quote! {
            __rt::#define(linker, module, #import, #module, #link_name, #closure)?;
        };
    }
    let define = quote::format_ident!("func_wide{wait}");
    quote! {
        __rt::#define(
            linker, #module, #link_name, &[#(#param_types),*], &[#(#result_types),*], #closure,
        )?;
    }
}
