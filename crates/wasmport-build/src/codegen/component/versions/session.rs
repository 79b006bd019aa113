//! The session with a guest of any version: its methods are the functions of the newest.

use super::calls::{self, Export};
use super::model::Model;
use crate::codegen::component::rewrite::{lines, type_name};
use crate::codegen::component::session::{Guest, Method, Waits, method_names};
use crate::codegen::docs::{code, outer};
use crate::codegen::versioned::Names;
use crate::codegen::versioned_session::{Imports, Start};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Item;
use wasmport::interface::Preview;

/// The session's own methods.
const RESERVED: &[&str] =
    &["add_to_linker", "into_session", "new", "new_stubbed", "version", "with_linker"];

/// The input for the session.
pub(super) struct SessionOf<'a> {
    pub model: &'a Model,
    pub names: &'a Names,
    pub exports: &'a [Vec<Export>],
    /// Whether the program writes conversions of the step from each version.
    pub has_trait: &'a [bool],
    /// The bounds of data that implements the imports of the newest version.
    pub hosts: TokenStream,
    pub is_async: bool,
}

/// The name under which the newest version's modules see the enum of all versions.
fn any() -> Ident {
    format_ident!("__Any")
}

impl SessionOf<'_> {
    fn newest(&self) -> usize {
        self.model.versions.len().saturating_sub(1)
    }

    fn send(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(Send+))
    }

    /// Writes the session at the root of the newest version, and the views of its interfaces, each with the modules
    /// that it belongs to.
    pub fn write(&self) -> (TokenStream, Vec<(Vec<Ident>, TokenStream)>) {
        let Names { ty, session, .. } = self.names;
        let surface = &self.model.versions[self.newest()].surface;
        let any = any();
        let accessors = surface.guests.iter().map(|guest| &guest.accessor);
        let mut idents = method_names(&surface.methods, accessors, RESERVED).into_iter();
        let methods: Vec<TokenStream> = surface
            .methods
            .iter()
            .zip(idents.by_ref())
            .map(|(method, ident)| self.method(&ident, None, None, method))
            .collect();
        let mut views = Vec::new();
        let accessors: Vec<TokenStream> = surface
            .guests
            .iter()
            .zip(idents)
            .map(|(guest, ident)| {
                let (view, tokens) = self.view(guest);
                let module = &guest.module;
                let doc = outer(&format!("Returns the functions of {}.", code(&guest.name)));
                views.push((guest.module.clone(), tokens));
                quote! {
                    #doc
                    pub fn #ident(&mut self) -> #(#module::)*#view<'_, T> {
                        (&mut self.0).into()
                    }
                }
            })
            .collect();
        let doc = outer(&format!(
            "A store with an instance of {} of any version. `T` is the program's own data, which host functions reach.",
            code(ty)
        ));
        let (conversions, send, start) = (self.conversions(None), self.send(), self.start());
        let tokens = quote! {
            use super::#ty as #any;

            #doc
            pub struct #session<T: 'static = ()>(::wasmport::Session<T, #any>);

            impl<T: #conversions #send 'static> #session<T> {
                #(#methods)*
                #(#accessors)*
            }

            #start

            __rt::versions! { @session Component #any #session }
        };
        (tokens, views)
    }

    /// Writes the ways to start sessions.
    fn start(&self) -> TokenStream {
        let Names { session, version, .. } = self.names;
        let versions = self.model.versions.iter().enumerate().map(|(index, own)| {
            let module = self.model.module(self.newest(), index);
            let ty = &own.prepared.ty;
            let define = match own.surface.has_linker {
                true => quote! {
                    #module #ty::add_to_linker::<_, __rt::HasSelf<T>>(
                        linker,
                        ::wasmport::SessionData::get_mut,
                    )
                },
                false => quote!(Ok(())),
            };
            (format_ident!("{}", own.version.variant), define)
        });
        let (hosts, conversions, wasi) = (&self.hosts, self.conversions(None), self.wasi());
        Start {
            kind: "Component",
            wrapper: &any(),
            session,
            version: quote!(super::#version),
            versions: versions.collect(),
            bounds: quote!(#hosts #conversions),
            is_async: self.is_async,
            needs_wasi: wasi.is_some(),
            is_shadowed: self.model.versions.iter().any(|own| own.prepared.wasi.is_shadowed),
            imports: wasi.map_or(Imports::Data, Imports::Wasi),
            needs_code: false,
        }
        .write()
    }

    /// Writes the statements that add WASI to a linker, if a version imports it.
    fn wasi(&self) -> Option<TokenStream> {
        let needs = self.model.versions.iter().flat_map(|own| &own.prepared.wasi.needs);
        let latest = needs.clone().max()?;
        let link = match (latest, self.is_async) {
            (Preview::Http | Preview::Two, false) => quote!(wasi.link_component(linker, store)?;),
            (Preview::Http | Preview::Two, true) => {
                quote!(wasi.link_component_async(linker, store)?;)
            }
            (Preview::Three, _) => quote!(wasi.link_component_p3(linker, store)?;),
        };
        let http = needs.clone().any(|need| *need == Preview::Http);
        let http = http.then(|| quote!(wasi.add_http_to_component_linker(linker)?;));
        Some(quote!(#link #http))
    }

    /// Writes a method that calls a function of the newest version.
    fn method(
        &self,
        ident: &Ident,
        guest: Option<&Guest>,
        resource: Option<&Ident>,
        method: &Method,
    ) -> TokenStream {
        let Method { name, docs, params, result, waits, .. } = method;
        let mut exports = self.exports[self.newest()].iter();
        let own = exports.find(|export| export.is_of(guest, resource, method));
        let called = own.map(|own| &own.ident);
        let may_lack = own.is_some_and(|own| calls::may_lack(self.exports, self.newest(), own));
        let is_option = guest.is_none() && own.is_some_and(|own| own.is_optional());
        let result = match may_lack && !is_option {
            true => quote!(::core::option::Option<#result>),
            false => result.clone(),
        };
        let lacks = may_lack.then(|| {
            quote! {
                ///
                /// Returns `None` if the guest lacks it, such as a guest of an older version.
            }
        });
        let full = guest.map_or_else(|| name.clone(), |guest| format!("{}#{name}", guest.name));
        let session = guest.map_or_else(|| quote!(&mut self.0), |_| quote!(&mut *self.0));
        let up = guest.iter().flat_map(|guest| &guest.module).map(|_| quote!(super::));
        let docs = lines(docs);
        let (params, types): (Vec<&Ident>, Vec<&syn::Type>) =
            params.iter().map(|(name, ty)| (name, ty)).unzip();
        let call = quote!(#(#up)* #called::<T>(wrapper, store, #(#params),*));
        let (asyncness, body) = match waits {
            Waits::No => (None, quote!(__rt::call(#session, #full, |wrapper, store| #call))),
            _ => (
                Some(quote!(async)),
                quote! {
                    __rt::call_async(#session, #full, async |wrapper, store| #call.await).await
                },
            ),
        };
        quote! {
            #(#docs)*
            #lacks
            ///
            /// Fails if the guest traps, a host function or a conversion fails, or an earlier call failed.
            pub #asyncness fn #ident(&mut self, #(#params: #types),*) -> ::wasmport::Result<#result> {
                #body
            }
        }
    }

    /// Writes the view of an exported interface, and those of its resources.
    fn view(&self, guest: &Guest) -> (Ident, TokenStream) {
        let items = self.model.versions[self.newest()].items.as_slice();
        let view = free(items, &guest.module, "GuestSession");
        let others = guest.resources.iter().map(|resource| &resource.accessor);
        let mut idents = method_names(&guest.methods, others, &[]).into_iter();
        let methods: Vec<TokenStream> = guest
            .methods
            .iter()
            .zip(idents.by_ref())
            .map(|(method, ident)| self.method(&ident, Some(guest), None, method))
            .collect();
        let up = guest.module.iter().map(|_| quote!(super::));
        let any = any();
        let session = quote!(::wasmport::Session<T, #(#up)*#any>);
        let (conversions, send) = (self.conversions(Some(guest)), self.send());
        let (mut accessors, mut resources) = (TokenStream::new(), TokenStream::new());
        for (resource, ident) in guest.resources.iter().zip(idents) {
            let own = free(items, &guest.module, &format!("{}Session", resource.ty));
            accessors.extend(quote! {
                /// Returns the functions of the resource.
                pub fn #ident(&mut self) -> #own<'_, T> {
                    #own(self.0)
                }
            });
            let mut names =
                method_names(&resource.methods, [&format_ident!("drop")], &[]).into_iter();
            let methods: Vec<TokenStream> = resource
                .methods
                .iter()
                .zip(names.by_ref())
                .map(|(method, ident)| {
                    self.method(&ident, Some(guest), Some(&resource.accessor), method)
                })
                .collect();
            let drop = names.next();
            let dropped = format!("{}#{}.drop", guest.name, resource.name());
            let (asyncness, wait) = if self.is_async {
                (Some(quote!(async)), Some(quote!(.await)))
            } else {
                (None, None)
            };
            let (call, drop_resource) = match self.is_async {
                true => (quote!(call_async), quote!(resource_drop_async)),
                false => (quote!(call), quote!(resource_drop)),
            };
            resources.extend(quote! {
                /// The functions of the resource, in a session.
                pub struct #own<'a, T: 'static>(&'a mut #session);

                impl<T: #conversions #send 'static> #own<'_, T> {
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
            });
        }
        let doc = outer(&format!("The functions of {}, in a session.", code(&guest.name)));
        let tokens = quote! {
            #doc
            pub struct #view<'a, T: 'static>(&'a mut #session);

            impl<T: #conversions #send 'static> #view<'_, T> {
                #(#methods)*
                #accessors
            }

            impl<'a, T: 'static> ::core::convert::From<&'a mut #session> for #view<'a, T> {
                fn from(session: &'a mut #session) -> Self {
                    Self(session)
                }
            }

            #resources
        };
        (view, tokens)
    }

    /// Returns the bounds of data that has the conversions, at the root or in the module of an interface.
    fn conversions(&self, guest: Option<&Guest>) -> TokenStream {
        let up: TokenStream =
            guest.iter().flat_map(|guest| &guest.module).map(|_| quote!(super::)).collect();
        calls::bounds(self.model, &up, (self.newest(), self.newest()), self.has_trait)
    }
}

/// Returns a type of that name, or of a similar one if the module has it.
fn free(items: &[Item], module: &[Ident], name: &str) -> Ident {
    let mut own = items;
    for ident in module {
        let found = own.iter().find_map(|item| match item {
            Item::Mod(module) if module.ident == *ident => module.content.as_ref(),
            _ => None,
        });
        own = found.map_or(&[][..], |(_, items)| items.as_slice());
    }
    let mut free = name.to_owned();
    while own.iter().filter_map(type_name).any(|ty| *ty == free) {
        free.push('_');
    }
    format_ident!("{free}")
}
