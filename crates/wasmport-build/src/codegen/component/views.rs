//! Exported interfaces and their resources in a session: their functions, without a store.

use super::super::docs::{code, outer};
use super::document;
use super::duplicates::type_name;
use super::session::Target;
use super::surface::{Guest, Method, Resource, Waits};
use crate::names::{self, Request};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::Item;

/// A view of an exported interface, and those of its resources.
///
/// `items` are what is in the module already.
pub(super) fn of(target: &Target<'_>, guest: &Guest, items: &[Item]) -> (Ident, TokenStream) {
    let mut taken = idents(items);
    let view = free("GuestSession", &mut taken);
    let ty = target.ty;
    let up = guest.module.iter().map(|_| quote!(super::));
    let session = quote!(::wasmport::Session<T, #(#up)*#ty>);
    let data = target.data();
    let accessor = &guest.accessor;
    let others = guest.resources.iter().map(|resource| &resource.accessor);
    let mut idents = methods_of(&guest.methods, others, &[]).into_iter();
    let methods: Vec<TokenStream> = guest
        .methods
        .iter()
        .zip(idents.by_ref())
        .map(|(method, ident)| call(&ident, method, &quote!(wrapper.#accessor())))
        .collect();
    let mut resources = TokenStream::new();
    let mut accessors = TokenStream::new();
    for (resource, ident) in guest.resources.iter().zip(idents) {
        let own = free(&format!("{}Session", resource.ty), &mut taken);
        accessors.extend(quote! {
            /// The functions of the exported resource.
            pub fn #ident(&mut self) -> #own<'_, T> {
                #own(&mut *self.0)
            }
        });
        resources.extend(resource_items(target, guest, resource, &own, &session));
    }
    let doc = outer(&format!(
        "The functions of the exported interface {}, in a session.",
        code(&guest.name)
    ));
    let items = quote! {
        #doc
        pub struct #view<'a, T: 'static>(&'a mut #session);

        impl<'a, T: 'static> ::core::convert::From<&'a mut #session> for #view<'a, T> {
            fn from(session: &'a mut #session) -> Self {
                Self(session)
            }
        }

        impl<T: #data> #view<'_, T> {
            #(#methods)*
            #accessors
        }

        #resources
    };
    (view, items)
}

fn resource_items(
    target: &Target<'_>,
    guest: &Guest,
    resource: &Resource,
    own: &Ident,
    session: &TokenStream,
) -> TokenStream {
    let Resource { accessor, methods, .. } = resource;
    let data = target.data();
    let interface = &guest.accessor;
    let mut idents = methods_of(methods, [&format_ident!("drop")], &[]);
    let drop = idents.pop();
    let wrapper = quote!(wrapper.#interface().#accessor());
    let methods = methods.iter().zip(idents).map(|(method, ident)| call(&ident, method, &wrapper));
    let (asyncness, wait) = (target.asyncness(), target.wait());
    let (call, drop_resource) = if target.is_async {
        (quote!(call_async), quote!(resource_drop_async))
    } else {
        (quote!(call), quote!(resource_drop))
    };
    quote! {
        /// The functions of an exported resource, in a session.
        pub struct #own<'a, T: 'static>(&'a mut #session);

        impl<T: #data> #own<'_, T> {
            #(#methods)*

            /// Ends a resource that the program owns.
            ///
            /// # Errors
            ///
            /// Where it has ended already or is borrowed, its destructor traps, or an earlier call failed.
            pub #asyncness fn #drop(
                &mut self,
                resource: ::wasmport::wasmtime::component::ResourceAny,
            ) -> ::wasmport::support::Result<()> {
                self.0.#call(#asyncness |_, store| resource.#drop_resource(store)#wait)#wait
            }
        }
    }
}

/// A method that calls one of the wrapper's in the session's store.
pub(super) fn call(ident: &Ident, method: &Method, wrapper: &TokenStream) -> TokenStream {
    let Method { call, docs, params, result, waits } = method;
    let docs = document::lines(docs);
    let (params, types): (Vec<&Ident>, Vec<&syn::Type>) =
        params.iter().map(|(name, ty)| (name, ty)).unzip();
    let (asyncness, body) = match waits {
        Waits::No => {
            (quote!(), quote!(self.0.call(|wrapper, store| #wrapper.#call(store, #(#params),*))))
        }
        Waits::Alone => (
            quote!(async),
            quote!(self.0.call_async(async |wrapper, store| #wrapper.#call(store, #(#params),*).await).await),
        ),
        Waits::Concurrently => (
            quote!(async),
            quote! {
                self.0.call_async(async |wrapper, store| {
                    store.run_concurrent(async |accessor| #wrapper.#call(accessor, #(#params),*).await).await?
                }).await
            },
        ),
    };
    quote! {
        #(#docs)*
        ///
        /// # Errors
        ///
        /// Where the guest traps, a host function it calls fails, or an earlier call failed.
        pub #asyncness fn #ident(&mut self, #(#params: #types),*) -> ::wasmport::support::Result<#result> {
            #body
        }
    }
}

/// A name for each method and for what else there is, none twice.
pub(super) fn methods_of<'a>(
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

/// A type of that name, or one like it where there is one.
fn free(name: &str, taken: &mut BTreeSet<String>) -> Ident {
    let mut free = name.to_string();
    while !taken.insert(free.clone()) {
        free.push('_');
    }
    format_ident!("{free}")
}

/// The types and modules among items.
fn idents(items: &[Item]) -> BTreeSet<String> {
    let idents = items.iter().filter_map(type_name);
    idents.map(|ident| ident.to_string()).collect()
}
