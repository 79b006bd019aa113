//! The fourth step: `FooSession`, whose methods are the component's functions and need no store.

mod command;
mod handle;
mod http;
mod methods;
mod resources;
mod start;
mod surface;
mod views;

use super::error::ComponentError;
use super::prepare::{Prepared, Wasi};
use super::rewrite::module;
use crate::codegen::docs::{code, outer};
use crate::codegen::handle::Handles;
pub(super) use methods::method_names;
use methods::{Call, call};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
pub(super) use resources::list as host_resources;
use std::collections::BTreeSet;
pub(super) use surface::{Guest, Method, Surface, Waits};
use syn::Item;
use views::View;

/// The session's own methods, besides those of commands and of handlers of HTTP.
const RESERVED: &[&str] = &["into_session", "new", "with_linker"];

/// The wrapper that a session is for.
struct Target<'a> {
    ty: &'a Ident,
    session: &'a Ident,
    surface: &'a Surface,
    wasi: &'a Wasi,
    handles: Option<&'a Handles>,
    /// The functions that have no values of the store.
    portable: &'a BTreeSet<String>,
    /// Whether sessions are async.
    is_async: bool,
    /// Whether the wrapper is for components that arrive later.
    is_interface: bool,
    /// Whether imports can reach the store.
    has_store: bool,
}

impl Target<'_> {
    fn asyncness(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(async))
    }

    fn wait(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(.await))
    }

    /// The bounds of the session's data.
    fn data(&self) -> TokenStream {
        if self.is_async { quote!(Send + 'static) } else { quote!('static) }
    }

    /// The function that starts sessions.
    fn start(&self) -> Ident {
        let of = if self.is_interface { "_of" } else { "" };
        format_ident!("start{of}{}", if self.is_async { "_async" } else { "" })
    }

    /// The origin of a session, with its type.
    fn origin(&self) -> (TokenStream, TokenStream) {
        match self.is_interface {
            true => (quote!(component), quote!(&::wasmport::LoadedComponent)),
            false => (quote!(runtime), quote!(&::wasmport::Runtime)),
        }
    }

    fn wasi_parameter(&self) -> Option<TokenStream> {
        (!self.wasi.needs.is_empty()).then(|| quote!(wasi: ::wasmport::wasi::Wasi,))
    }
}

/// Adds the session, and what ties the wrapper to its asset. Views of exported interfaces go into the
/// modules of these.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the generated code has no module for an exported interface.
pub(super) fn add_session(
    items: &mut Vec<Item>,
    prepared: &Prepared,
) -> Result<(), ComponentError> {
    let ty = &prepared.ty;
    let surface = Surface::of(items, ty)?;
    let target = Target {
        ty,
        session: &format_ident!("{ty}Session"),
        surface: &surface,
        wasi: &prepared.wasi,
        handles: prepared.handles.as_ref(),
        portable: &prepared.portable,
        is_async: prepared.is_async,
        is_interface: prepared.is_interface,
        has_store: prepared.has_store,
    };
    let mut views = Vec::new();
    for guest in &surface.guests {
        let own = module(items, &guest.module).and_then(|module| module.content.as_mut());
        let Some((_, own)) = own else {
            return Err(ComponentError::MissingModule(code(&guest.name)));
        };
        let (view, items) = views::view(&target, guest, own);
        own.extend(parse(items)?);
        views.push(view);
    }
    let resources = match target.is_interface {
        true => resources::list(items, &prepared.wasi.resources)?,
        false => None,
    };
    let (session, functions) = session(&target, &views, resources.as_ref());
    let of_handle = target.handles.map(|handles| {
        let methods = surface.methods.iter().zip(&functions.methods);
        let own = handle::Functions::of(&target, handles, "", methods);
        let views = surface.guests.iter().zip(functions.accessors).zip(views);
        let views =
            views.filter_map(|((guest, accessor), view)| Some((guest, accessor, view.of_handle?)));
        handle::calls(&target, items, own, views.collect())
    });
    items.extend(parse(quote!(#session #of_handle))?);
    Ok(())
}

fn parse(tokens: TokenStream) -> Result<Vec<Item>, ComponentError> {
    Ok(syn::parse2::<syn::File>(tokens)?.items)
}

/// Writes the session. Returns its functions too.
fn session(
    target: &Target<'_>,
    views: &[View],
    resources: Option<&TokenStream>,
) -> (TokenStream, Functions) {
    let Target { ty, session, .. } = target;
    let run = command::run(target);
    let new = start::new(target, run.as_ref());
    let handler = http::handler(target);
    let own = [run.as_ref().map(|_| "run"), handler.as_ref().map(|_| http::METHOD)];
    let (functions, accessors) = functions(target, views, own.into_iter().flatten());
    let methods = &functions.methods;
    let calls = format_ident!("{}", if target.is_async { "async" } else { "sync" });
    let argument = resources.map(|_| quote!(, resources: __host_resources));
    let of = format_ident!("{}", if target.is_interface { "interface" } else { "asset" });
    let data = target.data();
    let doc = outer(&format!(
        "A store with an instance of {}. `T` is the program's own data, which host functions reach.",
        code(ty)
    ));
    let items = quote! {
        #doc
        pub struct #session<T: 'static = ()>(::wasmport::Session<T, #ty>);

        #new

        impl<T: #data> #session<T> {
            #(#methods)* #(#accessors)*
        }

        #handler

        __rt::component_session! { #of #calls #ty #session #argument }

        #resources
    };
    (items, functions)
}

/// The functions of a session.
struct Functions {
    /// The methods for the functions of the world.
    methods: Vec<TokenStream>,
    /// The name of the method for each interface.
    accessors: Vec<Ident>,
}

/// Writes the functions of the world, and the accessors of its interfaces.
fn functions(
    target: &Target<'_>,
    views: &[View],
    own: impl Iterator<Item = &'static str>,
) -> (Functions, Vec<TokenStream>) {
    let Target { surface, .. } = target;
    let accessors = surface.guests.iter().map(|guest| &guest.accessor);
    let reserved: Vec<&str> = RESERVED.iter().copied().chain(own).collect();
    let mut idents = method_names(&surface.methods, accessors, &reserved).into_iter();
    let methods = surface.methods.iter().zip(idents.by_ref());
    let to = Call { session: quote!(&mut self.0), wrapper: quote!(wrapper), of: "" };
    let methods: Vec<TokenStream> =
        methods.map(|(method, ident)| call(&ident, method, &to)).collect();
    let names: Vec<Ident> = idents.collect();
    let accessors = surface.guests.iter().zip(views).zip(&names).map(|((guest, view), ident)| {
        let view = &view.ident;
        let doc = outer(&format!("Returns the functions of {}.", code(&guest.name)));
        let path = &guest.module;
        if guest.is_optional {
            let accessor = &guest.accessor;
            return quote! {
                #doc
                ///
                /// Returns `None` if the guest lacks them.
                pub fn #ident(&mut self) -> ::core::option::Option<#(#path::)*#view<'_, T>> {
                    self.0.wrapper().#accessor().is_some().then(|| (&mut self.0).into())
                }
            };
        }
        quote! {
            #doc
            pub fn #ident(&mut self) -> #(#path::)*#view<'_, T> {
                (&mut self.0).into()
            }
        }
    });
    let accessors = accessors.collect();
    (Functions { methods, accessors: names }, accessors)
}
