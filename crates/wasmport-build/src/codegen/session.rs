//! `FooSession`: the easy path, with a method for each export that needs no store.

use super::docs::{code, outer, quoted};
use super::exports::signature;
use super::plan::{ExportKind, Plan, PlannedExport};
use super::types::{parameters, results, rust};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn session(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, session, .. } = plan;
    let doc = outer(&format!(
        "A store with an instance of {} in it. `T` is the program's own data, which host functions reach.",
        code(ty)
    ));
    let new = new(plan);
    let methods = plan.exports.iter().map(method);
    quote! {
        #doc
        pub struct #session<T: 'static = ()>(::wasmport::Session<T, #ty>);

        #new

        impl<T: 'static> #session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where an import is missing or the
            /// start function fails.
            pub fn with_linker(
                runtime: &::wasmport::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut ::wasmport::support::Linker<::wasmport::SessionData<T>>,
                    &mut ::wasmport::support::Store<::wasmport::SessionData<T>>,
                ) -> ::wasmport::support::Result<()>,
            ) -> ::wasmport::Result<Self> {
                ::core::result::Result::Ok(Self(::wasmport::Session::start(runtime, data, define)?))
            }

            /// The session below, which gives back the data when it ends.
            pub fn into_session(self) -> ::wasmport::Session<T, #ty> {
                self.0
            }

            #(#methods)*
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
    }
}

/// `new`, where the `Host` traits cover all imports; else `with_linker` is the only way in.
fn new(plan: &Plan<'_>) -> TokenStream {
    if !plan.unwrapped_imports.is_empty() {
        return TokenStream::new();
    }
    let Plan { ty, session, imports, .. } = plan;
    let hosts: Vec<_> = imports.iter().map(|m| &m.ident).collect();
    let bound = if hosts.is_empty() {
        quote!()
    } else {
        quote!(: #(#hosts::Host<::wasmport::SessionData<T>>)+*)
    };
    let define = if hosts.is_empty() {
        quote!(|_, _| ::core::result::Result::Ok(()))
    } else {
        quote!(|linker, _| #ty::add_to_linker(linker, ::wasmport::SessionData::get_mut))
    };
    let type_bound = if hosts.is_empty() { quote!(T: 'static) } else { quote!(T #bound + 'static) };
    quote! {
        impl<#type_bound> #session<T> {
            /// Loads and instantiates the asset, with `data` as the host state.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where the start function fails.
            pub fn new(runtime: &::wasmport::Runtime, data: T) -> ::wasmport::Result<Self> {
                Self::with_linker(runtime, data, #define)
            }
        }
    }
}

fn method(export: &PlannedExport<'_>) -> TokenStream {
    let PlannedExport { name, ident, kind, ty } = export;
    let doc = outer(&signature(name, ty));
    match kind {
        ExportKind::Func { ty, params } => {
            let parameters = parameters(params, ty);
            let returns = results(&ty.results);
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where the guest traps, a host function it calls fails, or an earlier call failed.
                #[inline]
                pub fn #ident(&mut self, #parameters) -> ::wasmport::support::Result<#returns> {
                    self.0.call(|wrapper, store| wrapper.#ident(store, #(#params),*))
                }
            }
        }
        ExportKind::Global { ty, setter } => {
            let value = rust(ty);
            let setter = setter.as_ref().map(|setter| {
                let doc = outer(&format!("Sets the global {}.", quoted(name)));
                quote! {
                    #doc
                    ///
                    /// # Errors
                    ///
                    /// Where an earlier call failed.
                    #[inline]
                    pub fn #setter(&mut self, value: #value) -> ::wasmport::support::Result<()> {
                        self.0.call(|wrapper, store| wrapper.#setter(store, value))
                    }
                }
            });
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where an earlier call failed.
                #[inline]
                pub fn #ident(&mut self) -> ::wasmport::support::Result<#value> {
                    self.0.call(|wrapper, store| wrapper.#ident(store))
                }
                #setter
            }
        }
        ExportKind::Memory => quote! {
            #doc
            ///
            /// # Errors
            ///
            /// Where an earlier call failed.
            #[inline]
            pub fn #ident(
                &mut self,
            ) -> ::wasmport::support::Result<::wasmport::GuestMemory<'_, ::wasmport::SessionData<T>>> {
                let memory = self.0.call(|wrapper, store| wrapper.#ident(store))?;
                ::core::result::Result::Ok(::wasmport::support::guest_memory(self.0.store_mut(), memory))
            }
        },
    }
}
