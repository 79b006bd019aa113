//! Methods of sessions: the wrapper's, without a store.

use super::surface::{Method, Waits};
use crate::codegen::component::rewrite::lines;
use crate::names::{self, Request};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The call of a method.
pub(super) struct Call<'a> {
    /// A reference to the session.
    pub session: TokenStream,
    /// The part of the wrapper that has the method.
    pub wrapper: TokenStream,
    /// The interface, whose name stands before that of the function in errors, or nothing.
    pub of: &'a str,
}

/// Writes a method that calls one of the wrapper's in the session's store.
pub(super) fn call(ident: &Ident, method: &Method, to: &Call<'_>) -> TokenStream {
    let Call { session, wrapper, of } = to;
    let Method { call, name, docs, params, result, waits } = method;
    let name = if of.is_empty() { name.clone() } else { format!("{of}#{name}") };
    let docs = lines(docs);
    let (params, types): (Vec<&Ident>, Vec<&syn::Type>) =
        params.iter().map(|(name, ty)| (name, ty)).unzip();
    let (asyncness, body) = match waits {
        Waits::No => {
            let call = quote!(|wrapper, store| #wrapper.#call(store, #(#params),*));
            (quote!(), quote!(__rt::call(#session, #name, #call)))
        }
        Waits::Alone => (
            quote!(async),
            quote! {
                __rt::call_async(#session, #name, async |wrapper, store| {
                    #wrapper.#call(store, #(#params),*).await
                }).await
            },
        ),
        Waits::Concurrently => (
            quote!(async),
            quote! {
                __rt::call_async(#session, #name, async |wrapper, store| {
                    store.run_concurrent(async |accessor| #wrapper.#call(accessor, #(#params),*).await).await?
                }).await
            },
        ),
    };
    quote! {
        #(#docs)*
        ///
        /// Fails if the guest traps, a host function fails, or an earlier call failed.
        pub #asyncness fn #ident(&mut self, #(#params: #types),*) -> ::wasmport::Result<#result> {
            #body
        }
    }
}

/// Returns a name for each method and for each of `others`, none of them twice.
pub(in super::super) fn method_names<'a>(
    methods: &[Method],
    others: impl IntoIterator<Item = &'a Ident>,
    reserved: &[&str],
) -> Vec<Ident> {
    let calls = methods.iter().map(|method| method.call.to_string());
    let calls = calls.map(|call| call.strip_prefix("call_").unwrap_or(&call).to_string());
    let others = others.into_iter().map(|ident| format!("{ident}"));
    let names: Vec<String> = calls.chain(others).collect();
    let requests: Vec<Request> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let earlier = names.iter().take(i).filter(|earlier| *earlier == name).count();
            Request::new(name).keyed_by(&format!("{name} {earlier}"))
        })
        .collect();
    names::snake_case(&requests, reserved).iter().map(|name| format_ident!("{name}")).collect()
}
