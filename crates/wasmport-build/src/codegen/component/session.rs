//! `FooSession` of a component: its functions as methods that need no store.

use super::super::docs::{code, outer};
use super::start;
use super::surface::{Surface, module};
use super::views::{self, call, methods_of};
use super::wasi::Wasi;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Item, parse_quote};

/// What the session's own methods are called.
const RESERVED: &[&str] = &["into_session", "new", "with_linker"];

/// Those of commands too.
const RESERVED_OF_COMMANDS: &[&str] = &["into_session", "new", "run", "with_linker"];

/// What a session is made for.
pub(super) struct Target<'a> {
    pub ty: &'a Ident,
    pub session: &'a Ident,
    pub surface: &'a Surface,
    pub wasi: &'a Wasi,
    /// Whether instances wait.
    pub is_async: bool,
    /// Whether imports may reach the store.
    pub has_store: bool,
}

impl Target<'_> {
    pub fn asyncness(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(async))
    }

    pub fn wait(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(.await))
    }

    /// What is asked of the session's data.
    pub fn data(&self) -> TokenStream {
        if self.is_async { quote!(::core::marker::Send + 'static) } else { quote!('static) }
    }

    pub fn start(&self) -> Ident {
        format_ident!("{}", if self.is_async { "start_async" } else { "start" })
    }
}

/// The session's items; the views of exported interfaces go into the modules of these.
///
/// # Errors
///
/// Where the tree is not what it was when its surface was read.
pub(super) fn session(items: &mut [Item], target: &Target<'_>) -> Result<Vec<Item>, String> {
    let mut views = Vec::new();
    for guest in &target.surface.guests {
        let own = module(items, &guest.module).and_then(|module| module.content.as_mut());
        let Some((_, own)) = own else {
            return Err(format!("the generated code has no module for {}", code(&guest.name)));
        };
        let (view, items) = views::of(target, guest, own);
        own.extend(parse(items)?);
        views.push(view);
    }
    parse(own_items(target, &views))
}

fn parse(tokens: TokenStream) -> Result<Vec<Item>, String> {
    let file: syn::File =
        syn::parse2(tokens).map_err(|e| format!("the generated code is not Rust: {e}"))?;
    Ok(file.items)
}

fn own_items(target: &Target<'_>, views: &[Ident]) -> TokenStream {
    let Target { ty, session, surface, .. } = target;
    let (asyncness, wait, data) = (target.asyncness(), target.wait(), target.data());
    let (start, new) = (target.start(), start::new(target));
    let accessors = surface.guests.iter().map(|guest| &guest.accessor);
    let reserved = if start::command(target).is_some() { RESERVED_OF_COMMANDS } else { RESERVED };
    let mut idents = methods_of(&surface.methods, accessors, reserved).into_iter();
    let methods = surface.methods.iter().zip(idents.by_ref());
    let methods: Vec<TokenStream> =
        methods.map(|(method, ident)| call(&ident, method, &quote!(wrapper))).collect();
    let accessors = surface.guests.iter().zip(views).zip(idents).map(|((guest, view), ident)| {
        let doc = outer(&format!("The functions of the exported interface {}.", code(&guest.name)));
        let path = &guest.module;
        quote! {
            #doc
            pub fn #ident(&mut self) -> #(#path::)*#view<'_, T> {
                ::core::convert::From::from(&mut self.0)
            }
        }
    });
    let doc = outer(&format!(
        "A store with an instance of {} in it. `T` is the program's own data, which host functions reach.",
        code(ty)
    ));
    quote! {
        #doc
        pub struct #session<T: 'static = ()>(::wasmport::Session<T, #ty>);

        #new

        impl<T: #data> #session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where an import is missing or a start
            /// function fails.
            pub #asyncness fn with_linker(
                runtime: &::wasmport::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut ::wasmport::wasmtime::component::Linker<::wasmport::SessionData<T>>,
                    &mut ::wasmport::support::Store<::wasmport::SessionData<T>>,
                ) -> ::wasmport::support::Result<()>,
            ) -> ::wasmport::Result<Self> {
                ::core::result::Result::Ok(Self(
                    ::wasmport::Session::<T, #ty>::#start(runtime, data, |linker, store, _| define(linker, store)) #wait?
                ))
            }

            /// The session below, which gives back the data when it ends.
            pub fn into_session(self) -> ::wasmport::Session<T, #ty> {
                self.0
            }

            #(#methods)*
            #(#accessors)*
        }

        impl<T: 'static> ::core::ops::Deref for #session<T> {
            type Target = ::wasmport::Session<T, #ty>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<T: 'static> ::core::ops::DerefMut for #session<T> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl<T: 'static> ::wasmport::TypedSession for #session<T> {
            type Data = T;
            type Wrapper = #ty;

            fn from_session(session: ::wasmport::Session<T, #ty>) -> Self {
                Self(session)
            }

            fn into_session(self) -> ::wasmport::Session<T, #ty> {
                self.0
            }
        }
    }
}

/// The pieces that tie a wrapper to its asset.
pub(super) fn wrapper(ty: &Ident) -> Vec<Item> {
    vec![
        parse_quote! {
            impl #ty {
                /// Loads the asset.
                ///
                /// # Errors
                ///
                /// As [`Runtime::load`](::wasmport::Runtime::load).
                pub fn load(runtime: &::wasmport::Runtime) -> ::wasmport::Result<::wasmport::LoadedComponent> {
                    runtime.load(&ASSET)
                }
            }
        },
        parse_quote! {
            impl ::wasmport::Wrapper for #ty {
                type Code = ::wasmport::support::Component;
                const ASSET: &'static ::wasmport::Asset<Self::Code> = &ASSET;

                fn from_instance(
                    store: impl ::wasmport::support::AsContextMut,
                    instance: &::wasmport::wasmtime::component::Instance,
                ) -> ::wasmport::support::Result<Self> {
                    Self::new(store, instance)
                }
            }
        },
    ]
}
