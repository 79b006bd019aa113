//! Views of exported interfaces and their resources in a session: their functions, without a store.

use super::Target;
use super::handle::{self, Functions, HandleView};
use super::methods::{Call, call, method_names};
use super::surface::{Guest, Resource};
use crate::codegen::component::rewrite::type_name;
use crate::codegen::docs::{code, outer};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;
use syn::Item;

/// A view of an exported interface.
pub(super) struct View {
    pub ident: Ident,
    /// The same in a handle, if it is chosen.
    pub of_handle: Option<HandleView>,
}

/// Writes the view of an exported interface, and those of its resources. `items` is the content of the
/// module that they are for.
pub(super) fn view(target: &Target<'_>, guest: &Guest, items: &[Item]) -> (View, TokenStream) {
    let mut taken: BTreeSet<String> =
        items.iter().filter_map(type_name).map(ToString::to_string).collect();
    let view = free("GuestSession", &mut taken);
    let session = session_type(target, guest);
    let data = target.data();
    let others = guest.resources.iter().map(|resource| &resource.accessor);
    let mut idents = method_names(&guest.methods, others, &[]).into_iter();
    let to = Call { session: quote!(&mut *self.0), wrapper: in_wrapper(guest), of: &guest.name };
    let methods: Vec<TokenStream> = guest
        .methods
        .iter()
        .zip(idents.by_ref())
        .map(|(method, ident)| call(&ident, method, &to))
        .collect();
    let (mut accessors, mut resources) = (TokenStream::new(), TokenStream::new());
    for (resource, ident) in guest.resources.iter().zip(idents) {
        let own = free(&format!("{}Session", resource.ty), &mut taken);
        accessors.extend(quote! {
            /// Returns the functions of the resource.
            pub fn #ident(&mut self) -> #own<'_, T> {
                #own(self.0)
            }
        });
        resources.extend(resource_view(target, guest, resource, &own, &session));
    }
    let of_handle = target.handles.map(|handles| {
        let methods = guest.methods.iter().zip(&methods);
        let functions = Functions::of(target, handles, &guest.name, methods);
        let own = free("GuestHandle", &mut taken);
        handle::view(target, guest, (own, &view), functions)
    });
    let (of_handle, handle_items) = of_handle.unzip();
    let doc = outer(&format!("The functions of {}, in a session.", code(&guest.name)));
    let items = quote! {
        #doc
        pub struct #view<'a, T: 'static>(&'a mut #session);

        impl<T: #data> #view<'_, T> {
            #(#methods)*
            #accessors
        }

        impl<'a, T: 'static> ::core::convert::From<&'a mut #session> for #view<'a, T> {
            fn from(session: &'a mut #session) -> Self {
                Self(session)
            }
        }

        #handle_items

        #resources
    };
    (View { ident: view, of_handle }, items)
}

/// Returns the part of the wrapper with the functions of an interface.
fn in_wrapper(guest: &Guest) -> TokenStream {
    let (accessor, name) = (&guest.accessor, &guest.name);
    match guest.is_optional {
        true => quote!(__rt::there(wrapper.#accessor(), #name)?),
        false => quote!(wrapper.#accessor()),
    }
}

/// Returns the session as modules of the interface name it.
fn session_type(target: &Target<'_>, guest: &Guest) -> TokenStream {
    let ty = target.ty;
    let up = guest.module.iter().map(|_| quote!(super::));
    quote!(::wasmport::Session<T, #(#up)*#ty>)
}

fn resource_view(
    target: &Target<'_>,
    guest: &Guest,
    resource: &Resource,
    own: &Ident,
    session: &TokenStream,
) -> TokenStream {
    let Resource { accessor, methods, .. } = resource;
    let dropped = format!("{}#{}.drop", guest.name, resource.name());
    let data = target.data();
    let interface = in_wrapper(guest);
    let mut idents = method_names(methods, [&format_ident!("drop")], &[]);
    let drop = idents.pop();
    let to = Call {
        session: quote!(&mut *self.0),
        wrapper: quote!(#interface.#accessor()),
        of: &guest.name,
    };
    let methods = methods.iter().zip(idents).map(|(method, ident)| call(&ident, method, &to));
    let (asyncness, wait) = (target.asyncness(), target.wait());
    let (call, drop_resource) = if target.is_async {
        (quote!(call_async), quote!(resource_drop_async))
    } else {
        (quote!(call), quote!(resource_drop))
    };
    quote! {
        /// The functions of the resource, in a session.
        pub struct #own<'a, T: 'static>(&'a mut #session);

        impl<T: #data> #own<'_, T> {
            #(#methods)*

            /// Drops a resource that the program owns.
            ///
            /// Fails if it was dropped before or is borrowed, its destructor traps, or an earlier call failed.
            pub #asyncness fn #drop(&mut self, resource: __rt::ResourceAny) -> ::wasmport::Result<()> {
                __rt::#call(
                    &mut *self.0, #dropped, #asyncness |_, store| resource.#drop_resource(store)#wait
                )#wait
            }
        }
    }
}

/// Returns a type of that name, or of a similar one if it is taken.
fn free(name: &str, taken: &mut BTreeSet<String>) -> Ident {
    let mut free = name.to_string();
    while !taken.insert(free.clone()) {
        free.push('_');
    }
    format_ident!("{free}")
}
