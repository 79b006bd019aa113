//! The start of sessions with code of any version, of modules and of components.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Who defines the imports of a session.
#[derive(Clone, Debug)]
pub(super) enum Imports {
    /// The session's data, alike for all code of a version.
    Data,
    /// The session's data, for each module by the names that it imports from.
    DataForCode,
    /// The session's data, and statements that give WASI.
    Wasi(TokenStream),
    /// The session's data, and the program: memories, tables, globals, tags, and WASI beside these.
    Program,
}

/// The start of a session.
pub(super) struct Start<'a> {
    /// The kind of code, as the runtime names it.
    pub kind: &'a str,
    /// The wrapper, the session, and the enum of versions.
    pub wrapper: &'a Ident,
    pub session: &'a Ident,
    pub version: TokenStream,
    /// The variants of the enum, oldest first, each with the expression that defines the imports of the version in
    /// `linker`.
    pub versions: Vec<(Ident, TokenStream)>,
    /// The bounds of data that implements the imports.
    pub bounds: TokenStream,
    pub is_async: bool,
    pub needs_wasi: bool,
    /// Whether a name is defined by WASI too.
    pub is_shadowed: bool,
    pub imports: Imports,
    /// Whether `versions` use `loaded`.
    pub needs_code: bool,
}

impl Start<'_> {
    /// Writes the ways to start sessions.
    pub fn write(&self) -> TokenStream {
        let (kind, wrapper, session, bounds) =
            (format_ident!("{}", self.kind), self.wrapper, self.session, &self.bounds);
        let calls = if self.is_async { quote!(async) } else { quote!(sync) };
        let send = self.is_async.then(|| quote!(::core::marker::Send+));
        match &self.imports {
            Imports::Data => {
                let link = self.link_once();
                quote! {
                    #link
                    __rt::versions! { @once [#send] #kind #wrapper #session [#bounds] }
                    __rt::versions! { @new #calls #kind #wrapper #session [#bounds] }
                }
            }
            Imports::DataForCode => {
                let link = self.link_code();
                quote! {
                    #link
                    __rt::versions! { @new #calls #kind #wrapper #session [#bounds] }
                }
            }
            Imports::Wasi(wasi) => {
                let (add, new) = (self.add_to_linker(), self.with_wasi(wasi));
                quote! {
                    #new
                    #add
                    __rt::versions! { @stubbed #calls #kind #wrapper #session }
                }
            }
            Imports::Program => {
                let (add, new) = (self.add_to_linker(), self.with_linker());
                quote! {
                    #new
                    #add
                    __rt::versions! { @stubbed #calls #kind #wrapper #session }
                }
            }
        }
    }

    /// The bounds of `T`.
    fn of_data(&self) -> TokenStream {
        let bounds = &self.bounds;
        let send = (self.is_async || self.needs_wasi).then(|| quote!(::core::marker::Send+));
        quote!(#bounds #send 'static)
    }

    fn linker(&self) -> TokenStream {
        let kind = format_ident!("{}", self.kind);
        quote!(&mut <::wasmport::support::#kind as ::wasmport::Code>::Linker<::wasmport::SessionData<T>>)
    }

    fn loaded(&self) -> TokenStream {
        let kind = format_ident!("{}", self.kind);
        quote!(&::wasmport::Loaded<::wasmport::support::#kind>)
    }

    /// The arms of a match of the version's index.
    fn by_index(&self) -> TokenStream {
        let arms = self.versions.iter().enumerate();
        let arms = arms.map(|(index, (_, define))| quote!(#index => #define,));
        quote!(#(#arms)* _ => Ok(()),)
    }

    fn link_once(&self) -> TokenStream {
        let (session, data, linker, arms) =
            (self.session, self.of_data(), self.linker(), self.by_index());
        let newest = self.versions.len().saturating_sub(1);
        quote! {
            impl<T: #data> ::wasmport::LinkedOnce for #session<T> {
                fn link_once(linker: #linker) -> __rt::Result<()> {
                    Self::link_version(linker, #newest)
                }

                fn link_version(linker: #linker, version: usize) -> __rt::Result<()> {
                    let _ = &linker;
                    match version {
                        #arms
                    }
                }
            }
        }
    }

    fn link_code(&self) -> TokenStream {
        let (session, wrapper, data) = (self.session, self.wrapper, self.of_data());
        let (linker, loaded, arms) = (self.linker(), self.loaded(), self.by_index());
        quote! {
            impl<T: #data> ::wasmport::LinkedSession for #session<T> {
                fn link(linker: #linker, loaded: #loaded) -> __rt::Result<()> {
                    let version = <#wrapper as ::wasmport::VersionedWrapper>::VERSIONED.check(loaded)?;
                    Self::link_code(linker, loaded, __rt::version_index(version))
                }

                fn link_code(linker: #linker, loaded: #loaded, version: usize) -> __rt::Result<()> {
                    let _ = (&linker, &loaded);
                    match version {
                        #arms
                    }
                }
            }
        }
    }

    /// The function that defines the imports which the session's data implements.
    fn add_to_linker(&self) -> TokenStream {
        let Self { session, version, .. } = self;
        let (data, linker) = (self.of_data(), self.linker());
        let arms = self.versions.iter();
        let arms = arms.map(|(variant, define)| quote!(#version::#variant => #define,));
        let shadow = self.is_shadowed.then(|| quote!(let _ = linker.allow_shadowing(true);));
        let loaded = self.needs_code.then(|| {
            let loaded = self.loaded();
            quote!(loaded: #loaded,)
        });
        quote! {
            impl<T: #data> #session<T> {
                /// Defines the imports of a version that the session's data implements, for linkers of the program's
                /// own: the rest, such as WASI, is defined before.
                ///
                /// Fails if a name is already defined.
                pub fn add_to_linker(
                    linker: #linker,
                    #loaded
                    version: #version,
                ) -> ::wasmport::wasmtime::Result<()> {
                    let _ = &linker;
                    #shadow
                    match version {
                        #(#arms)*
                    }
                }
            }
        }
    }

    /// `new` with a parameter for WASI.
    fn with_wasi(&self, wasi: &TokenStream) -> TokenStream {
        let doc = quote! {
            /// Instantiates code of the interface, of any version; host functions reach `data`. `wasi` is the guest's
            /// view of the system; its folders are opened now.
            ///
            /// Fails with [`Error::Version`](::wasmport::Error::Version) if the code is of another version, with
            /// [`Error::Interface`](::wasmport::Error::Interface) if it differs from its version, if a start function
            /// fails, and with [`Error::Preopen`](::wasmport::Error::Preopen) if a folder cannot be opened.
        };
        self.start(&doc, &quote!(new), &quote!(wasi: ::wasmport::wasi::Wasi,), wasi)
    }

    /// `with_linker`, whose closure defines what the session's data does not implement.
    fn with_linker(&self) -> TokenStream {
        let (linker, version) = (self.linker(), &self.version);
        let doc = quote! {
            /// Instantiates code of the interface, of any version; host functions reach `data`. `define` gets the
            /// version, and defines its other imports: memories, tables, globals and tags, and WASI.
            ///
            /// Fails with [`Error::Version`](::wasmport::Error::Version) if the code is of another version, with
            /// [`Error::Interface`](::wasmport::Error::Interface) if it differs from its version, if `define` or a
            /// start function fails, and if an import is missing.
        };
        let define = quote! {
            define: impl ::core::ops::FnOnce(
                #linker,
                &mut ::wasmport::wasmtime::Store<::wasmport::SessionData<T>>,
                #version,
            ) -> ::wasmport::wasmtime::Result<()>,
        };
        self.start(&doc, &quote!(with_linker), &define, &quote!(define(linker, store, version)?;))
    }

    /// A function that starts a session after `prepare`.
    fn start(
        &self,
        doc: &TokenStream,
        name: &TokenStream,
        parameter: &TokenStream,
        prepare: &TokenStream,
    ) -> TokenStream {
        let (session, data, loaded) = (self.session, self.of_data(), self.loaded());
        let code = self.needs_code.then(|| quote!(loaded,));
        let (asyncness, wait, start) = match self.is_async {
            true => (Some(quote!(async)), Some(quote!(.await)), quote!(start_version_async)),
            false => (None, None, quote!(start_version)),
        };
        quote! {
            impl<T: #data> #session<T> {
                #doc
                pub #asyncness fn #name(
                    loaded: #loaded,
                    data: T,
                    #parameter
                ) -> ::wasmport::Result<Self> {
                    ::wasmport::support::#start(loaded, data, |linker, store, version| {
                        let version = ::wasmport::support::version_at(version);
                        #prepare
                        Self::add_to_linker(linker, #code version)
                    })
                    #wait
                }
            }
        }
    }
}
