//! The wrapper `Foo` with a method for each export, and `FooPre`.

use super::docs::{outer, quoted};
use super::plan::{ExportKind, Plan, PlannedExport};
use super::types::{is_wide, parameters, results, rust, tuple};
use super::{docs, imports};
use crate::interface::FuncType;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Exports are kept in groups that are made when one of them is first used: instantiating stays
/// cheap, and an instance of thousands of exports small.
const GROUP: usize = 32;

/// The type that links once and instantiates often.
pub(super) fn pre(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, pre, .. } = plan;
    let doc =
        outer(&format!("A `{ty}` that is linked already: instantiates often, type-checks once."));
    quote! {
        #doc
        pub struct #pre<T: 'static>(::wasmport::support::InstancePre<T>);

        impl<T: 'static> ::core::clone::Clone for #pre<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<T: 'static> #pre<T> {
            /// Links the asset with the imports in `linker`.
            ///
            /// # Errors
            ///
            /// Where `module` is another asset, or an import is missing or of another type.
            pub fn new(
                linker: &::wasmport::support::Linker<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self(::wasmport::support::pre(linker, module, &ASSET)?))
            }

            /// A new instance.
            ///
            /// # Errors
            ///
            /// Where the start function fails or a limit is reached.
            pub fn instantiate(
                &self,
                store: impl ::wasmport::support::AsContextMut<Data = T>,
            ) -> ::wasmport::support::Result<#ty> {
                ::core::result::Result::Ok(#ty::new(self.0.instantiate(store)?))
            }

            /// Wasmtime's linked module.
            pub fn instance_pre(&self) -> &::wasmport::support::InstancePre<T> {
                &self.0
            }
        }
    }
}

/// The typed view of an instance.
pub(super) fn wrapper(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, .. } = plan;
    let groups: Vec<&[PlannedExport<'_>]> = plan.exports.chunks(GROUP).collect();
    let fields: Vec<Ident> = (0..groups.len()).map(|i| format_ident!("exports{i}")).collect();
    let structs: Vec<Ident> = (0..groups.len()).map(|i| format_ident!("__Exports{i}")).collect();
    let group_items = groups.iter().zip(&structs).map(|(group, name)| group_struct(group, name));
    let methods = groups
        .iter()
        .zip(&fields)
        .flat_map(|(group, field)| group.iter().map(move |e| method(e, field)));
    let add_to_linker = imports::add_to_linker(plan);
    let doc = outer(&format!("An instance of {}, with its exports as methods.", docs::code(ty)));
    quote! {
        #(#group_items)*

        #doc
        pub struct #ty {
            instance: ::wasmport::support::Instance,
            #(#fields: ::wasmport::support::Lazy<#structs>,)*
        }

        impl #ty {
            /// The typed view of `instance`, which must be one of this asset. Exports are looked up
            /// when they are first used.
            pub fn new(instance: ::wasmport::support::Instance) -> Self {
                Self { instance, #(#fields: ::wasmport::support::Lazy::new(),)* }
            }

            /// Loads the asset.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load).
            pub fn load(runtime: &::wasmport::Runtime) -> ::wasmport::Result<::wasmport::LoadedModule> {
                runtime.load(&ASSET)
            }

            /// Links and instantiates at once.
            ///
            /// # Errors
            ///
            /// Where `module` is another asset, an import is missing or of another type, the start
            /// function fails, or a limit is reached.
            pub fn instantiate<T: 'static>(
                mut store: impl ::wasmport::support::AsContextMut<Data = T>,
                linker: &::wasmport::support::Linker<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<Self> {
                module.check_asset(&ASSET)?;
                ::core::result::Result::Ok(Self::new(linker.instantiate(&mut store, module.module())?))
            }

            /// Wasmtime's instance.
            pub fn instance(&self) -> ::wasmport::support::Instance {
                self.instance
            }

            #add_to_linker

            #(#methods)*
        }

        impl ::wasmport::Wrapper for #ty {
            const ASSET: &'static ::wasmport::Asset = &ASSET;

            fn from_instance(instance: ::wasmport::support::Instance) -> Self {
                Self::new(instance)
            }

            fn wasm_instance(&self) -> ::wasmport::support::Instance {
                self.instance
            }
        }
    }
}

fn group_struct(group: &[PlannedExport<'_>], name: &Ident) -> TokenStream {
    let fields = group.iter().map(|export| {
        let ident = &export.ident;
        let ty = match &export.kind {
            ExportKind::Func { ty, .. } if is_wide(ty) => quote!(WideSlot),
            ExportKind::Func { ty, .. } => {
                let params = tuple(ty.params.iter().map(|p| &p.ty));
                let results = results(&ty.results);
                quote!(FuncSlot<#params, #results>)
            }
            ExportKind::Global { .. } => quote!(GlobalSlot),
            ExportKind::Memory => quote!(MemorySlot),
        };
        quote!(#ident: ::wasmport::support::#ty)
    });
    quote! {
        #[derive(Default)]
        struct #name {
            #(#fields,)*
        }
    }
}

fn method(export: &PlannedExport<'_>, group: &Ident) -> TokenStream {
    let PlannedExport { name, ident, kind, ty } = export;
    let slot = quote!(&self.#group.get().#ident, &self.instance);
    let doc = outer(&signature(name, ty));
    let store = quote!(store: impl ::wasmport::support::AsContextMut);
    match kind {
        ExportKind::Func { ty, params } => {
            let parameters = parameters(params, ty);
            let returns = results(&ty.results);
            let body = if is_wide(ty) {
                wide_call(&slot, name, params, ty)
            } else {
                quote!(::wasmport::support::call(#slot, store, #name, (#(#params,)*)))
            };
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where the guest traps or a host function it calls fails.
                #[inline]
                pub fn #ident(&self, #store, #parameters) -> ::wasmport::support::Result<#returns> {
                    #body
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
                    /// Where the instance is not one of this asset.
                    #[inline]
                    pub fn #setter(&self, #store, value: #value) -> ::wasmport::support::Result<()> {
                        ::wasmport::support::set_global(#slot, store, #name, value)
                    }
                }
            });
            quote! {
                #doc
                ///
                /// # Errors
                ///
                /// Where the instance is not one of this asset.
                #[inline]
                pub fn #ident(&self, #store) -> ::wasmport::support::Result<#value> {
                    ::wasmport::support::get_global(#slot, store, #name)
                }
                #setter
            }
        }
        ExportKind::Memory => quote! {
            #doc
            ///
            /// # Errors
            ///
            /// Where the instance is not one of this asset.
            #[inline]
            pub fn #ident(&self, #store) -> ::wasmport::support::Result<::wasmport::support::Memory> {
                ::wasmport::support::memory(#slot, store, #name)
            }
        },
    }
}

/// The documentation of an export: its original name and its type.
pub(super) fn signature(name: &str, ty: &crate::interface::ExternType) -> String {
    format!("Export {}: {}", quoted(name), docs::code(ty))
}

fn wide_call(slot: &TokenStream, name: &str, params: &[Ident], ty: &FuncType) -> TokenStream {
    let count = ty.results.len();
    let values = (0..count).map(|i| quote!(::wasmport::support::Scalar::from_val(&results[#i])));
    let value = match count {
        1 => quote!(#(#values)*),
        _ => quote!(::core::result::Result::Ok((#(#values?),*))),
    };
    quote! {
        let results: [::wasmport::support::Val; #count] = ::wasmport::support::call_wide(
            #slot, store, #name, &[#(::wasmport::support::Scalar::into_val(#params)),*],
        )?;
        let _ = &results;
        #value
    }
}
