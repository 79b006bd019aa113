//! `FooSession`: the easy path, with a method for each export that needs no store.

use super::api;
use super::docs::{code, outer, quoted};
use super::exports::{shaped_doc, signature};
use super::imports::data_bounds;
use super::plan::{ExportKind, Plan, PlannedExport, ValueKind};
use super::types::{parameters, results, rust};
use super::values::value_type;
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn session(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, session, vis, .. } = plan;
    let doc = outer(&format!(
        "A store with an instance of {} in it. `T` is the program's own data, which host functions reach.",
        code(ty)
    ));
    let new = new(plan);
    let methods = plan.exports.iter().map(|export| method(plan, export));
    let bounds = data_bounds(plan);
    let linked = linked(plan);
    let Asyncness { asyncness, start, wait, .. } = Asyncness::of(plan);
    quote! {
        #doc
        #vis struct #session<T: 'static = ()>(::wasmport::Session<T, #ty>);

        #new

        impl<T: #bounds> #session<T> {
            /// Loads and instantiates the asset with the imports that `define` puts into the linker.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where an import is missing or the
            /// start function fails.
            pub #asyncness fn with_linker(
                runtime: &::wasmport::Runtime,
                data: T,
                define: impl ::core::ops::FnOnce(
                    &mut ::wasmport::support::Linker<::wasmport::SessionData<T>>,
                    &mut ::wasmport::support::Store<::wasmport::SessionData<T>>,
                ) -> ::wasmport::support::Result<()>,
            ) -> ::wasmport::Result<Self> {
                ::core::result::Result::Ok(Self(
                    ::wasmport::Session::<T, #ty>::#start(runtime, data, |linker, store, _| define(linker, store))#wait?
                ))
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

        #linked
    }
}

/// The words that differ where calls wait.
pub(super) struct Asyncness {
    pub asyncness: TokenStream,
    pub wait: TokenStream,
    pub start: TokenStream,
    pub call: TokenStream,
    pub call_wide: TokenStream,
    /// What is asked of a store's data.
    pub data: TokenStream,
}

impl Asyncness {
    pub fn of(plan: &Plan<'_>) -> Self {
        if plan.is_async {
            Self {
                asyncness: quote!(async),
                wait: quote!(.await),
                start: quote!(start_async),
                call: quote!(call_async),
                call_wide: quote!(call_wide_async),
                data: quote!(<Data: ::core::marker::Send>),
            }
        } else {
            Self {
                asyncness: quote!(),
                wait: quote!(),
                start: quote!(start),
                call: quote!(call),
                call_wide: quote!(call_wide),
                data: quote!(),
            }
        }
    }
}

/// `new`, where the `Host` traits and the imported values cover all imports; else `with_linker` is
/// the only way in. And `run`, for commands.
fn new(plan: &Plan<'_>) -> TokenStream {
    if !plan.unwrapped_imports.is_empty() {
        return TokenStream::new();
    }
    let Plan { ty, session, values, .. } = plan;
    let needs_wasi = plan.needs_wasi();
    let bounds = host_bounds(plan);
    let add_hosts = add_hosts(plan);
    let has_values = plan.value_modules().next().is_some();
    let parameter = has_values.then(|| {
        quote! {
            imports: impl ::core::ops::FnOnce(
                &mut ::wasmport::support::Store<::wasmport::SessionData<T>>,
                &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<#values>,
        }
    });
    let wasi_doc = needs_wasi
        .then(|| outer("\n`wasi` is what it sees of the system; its folders are opened now."));
    let wasi_errors = needs_wasi.then(|| {
        outer("[`Error::Preopen`](::wasmport::Error::Preopen) where one of the folders cannot be.")
    });
    let wasi_parameter = needs_wasi.then(|| quote!(wasi: ::wasmport::wasi::Wasi,));
    let add_wasi = needs_wasi.then(|| {
        let link = if plan.is_async { quote!(link_async) } else { quote!(link) };
        // Of a name that WASI has with another type there is both.
        let is_shadowed = plan.imports.iter().any(|m| !m.wasi.is_empty() && !m.funcs.is_empty());
        let allow = is_shadowed.then(|| quote!(linker.allow_shadowing(true);));
        quote!(wasi.#link(linker, store)?; #allow)
    });
    let define = if has_values || needs_wasi {
        let add_values = has_values.then(|| {
            quote! {
                imports(store, module)?.add_to_linker(linker, store)?;
            }
        });
        quote! {
            |linker, store, module| {
                let _ = (&linker, &store, module);
                #add_wasi
                #add_values
                #add_hosts
                ::core::result::Result::Ok(())
            }
        }
    } else {
        quote!(|linker, _, module| <Self as ::wasmport::LinkedSession>::link(linker, module))
    };
    let values_doc = has_values.then(|| {
        let doc = format!(
            "`imports` makes what it imports besides functions, in the session's store; for new \
             values pass `{values}::fresh`."
        );
        outer(&format!("\n{doc}"))
    });
    let Asyncness { asyncness, start, wait, call, .. } = Asyncness::of(plan);
    let run = plan.is_command.then(|| {
        let argument = has_values.then(|| quote!(imports));
        let wasi_argument = needs_wasi.then(|| quote!(wasi,));
        let mut started = if plan.is_async {
            quote!(::wasmport::support::start_async(store, wrapper.instance).await)
        } else {
            quote!(::wasmport::support::start(store, wrapper.instance))
        };
        let (doc, returns, ended, result) = if needs_wasi {
            started = quote!(::wasmport::support::exit(#started));
            (
                "Runs the command: starts a session, and calls its `_start`. It gives the exit code, \
                 which is 0 where it returns, and the data.",
                quote!((::wasmport::Exit, T)),
                quote!(let exit =),
                quote!((exit, session.0.into_data())),
            )
        } else {
            (
                "Runs the command: starts a session, and calls its `_start`; the data is given back.",
                quote!(T),
                quote!(),
                quote!(session.0.into_data()),
            )
        };
        let doc = outer(doc);
        quote! {
            #doc
            #wasi_doc
            #values_doc
            ///
            /// # Errors
            ///
            /// As `new`, and where the command traps.
            pub #asyncness fn run(
                runtime: &::wasmport::Runtime,
                data: T,
                #wasi_parameter
                #parameter
            ) -> ::wasmport::Result<#returns> {
                let mut session = Self::new(runtime, data, #wasi_argument #argument)#wait?;
                #ended session.0.#call(#asyncness |wrapper, store| #started)#wait?;
                ::core::result::Result::Ok(#result)
            }
        }
    });
    quote! {
        impl<T: #bounds> #session<T> {
            /// Loads and instantiates the asset, with `data` as the host state.
            #wasi_doc
            #values_doc
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load), and where the start function fails.
            #wasi_errors
            pub #asyncness fn new(
                runtime: &::wasmport::Runtime,
                data: T,
                #wasi_parameter
                #parameter
            ) -> ::wasmport::Result<Self> {
                let session = ::wasmport::Session::<T, #ty>::#start(runtime, data, #define);
                ::core::result::Result::Ok(Self(session #wait?))
            }

            #run
        }
    }
}

/// What links the asset once for many sessions, where it imports functions of hosts alone.
fn linked(plan: &Plan<'_>) -> TokenStream {
    let has_values = plan.value_modules().next().is_some();
    if !plan.unwrapped_imports.is_empty() || has_values || plan.needs_wasi() {
        return TokenStream::new();
    }
    let Plan { session, .. } = plan;
    let bounds = host_bounds(plan);
    let add_hosts = add_hosts(plan);
    quote! {
        impl<T: #bounds> ::wasmport::LinkedSession for #session<T> {
            fn link(
                linker: &mut ::wasmport::support::Linker<::wasmport::SessionData<T>>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<()> {
                let _ = (&linker, module);
                #add_hosts
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// What a session's data must be, to be all hosts of the asset.
fn host_bounds(plan: &Plan<'_>) -> TokenStream {
    let hosts = plan.host_modules().map(|m| &m.ident);
    let bounds =
        if plan.needs_wasi() { quote!(::core::marker::Send + 'static) } else { data_bounds(plan) };
    quote!(#(#hosts::Host<::wasmport::SessionData<T>> +)* #bounds)
}

/// Puts the functions of a session's data into `linker`.
fn add_hosts(plan: &Plan<'_>) -> Option<TokenStream> {
    plan.host_modules().next()?;
    let Plan { ty, .. } = plan;
    let module = plan.needs_module().then(|| quote!(module,));
    Some(quote!(#ty::add_to_linker(linker, #module ::wasmport::SessionData::get_mut)?;))
}

fn method(plan: &Plan<'_>, export: &PlannedExport<'_>) -> TokenStream {
    let PlannedExport { name, ident, kind, ty } = export;
    let doc = outer(&signature(name, ty));
    let failed = outer("\n# Errors\n\nWhere an earlier call failed.");
    match kind {
        ExportKind::Func { shape: Some(shape), .. } => {
            let doc = shaped_doc(export, shape);
            let parameters = api::user_parameters(&shape.signature);
            let arguments = api::user_arguments(&shape.signature);
            let returns = api::user_result(&shape.signature);
            let Asyncness { asyncness, wait, call, .. } = Asyncness::of(plan);
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where the guest traps, a host function it calls fails, the guest gives what the
                /// signature does not allow, or an earlier call failed.
                pub #asyncness fn #ident(&mut self, #parameters) -> ::wasmport::support::Result<#returns> {
                    self.0.#call(#asyncness |wrapper, store| wrapper.#ident(store, #(#arguments),*)#wait)#wait
                }
            }
        }
        ExportKind::Func { ty, params, shape: None } => {
            let parameters = parameters(params, ty);
            let returns = results(&ty.results);
            let Asyncness { asyncness, wait, call, .. } = Asyncness::of(plan);
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where the guest traps, a host function it calls fails, or an earlier call failed.
                #[inline]
                pub #asyncness fn #ident(&mut self, #parameters) -> ::wasmport::support::Result<#returns> {
                    self.0.#call(#asyncness |wrapper, store| wrapper.#ident(store, #(#params),*)#wait)#wait
                }
            }
        }
        ExportKind::Global { ty, setter } => {
            let value = rust(ty);
            let setter = setter.as_ref().map(|setter| {
                let doc = outer(&format!("Sets the global {}.", quoted(name)));
                quote! {
                    #doc
                    #failed
                    #[inline]
                    pub fn #setter(&mut self, value: #value) -> ::wasmport::support::Result<()> {
                        self.0.call(|wrapper, store| wrapper.#setter(store, value))
                    }
                }
            });
            quote! {
                #doc
                #failed
                #[inline]
                pub fn #ident(&mut self) -> ::wasmport::support::Result<#value> {
                    self.0.call(|wrapper, store| wrapper.#ident(store))
                }
                #setter
            }
        }
        ExportKind::Value(kind) => {
            let (ty, with_store) = match kind {
                ValueKind::Memory => (
                    quote!(::wasmport::GuestMemory<'_, ::wasmport::SessionData<T>>),
                    Some(quote!(guest_memory)),
                ),
                ValueKind::Table(element) => {
                    let element = rust(element);
                    (
                        quote!(::wasmport::GuestTable<'_, ::wasmport::SessionData<T>, #element>),
                        Some(quote!(guest_table)),
                    )
                }
                other => (value_type(*other), None),
            };
            let value = quote!(self.0.call(|wrapper, store| wrapper.#ident(store)));
            let body = match with_store {
                None => value,
                Some(join) => quote! {
                    let value = #value?;
                    ::core::result::Result::Ok(::wasmport::support::#join(&mut self.0, value))
                },
            };
            quote! {
                #doc
                #failed
                #[inline]
                pub fn #ident(&mut self) -> ::wasmport::support::Result<#ty> {
                    #body
                }
            }
        }
    }
}
