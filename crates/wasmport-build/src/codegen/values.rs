//! Memories, tables, globals and tags: as exports, and as imports that belong to one store.

use super::docs::{code, outer, quoted};
use super::plan::{HostValue, ImportModule, Plan, ValueKind};
use super::types::{payload, rust};
use proc_macro2::TokenStream;
use quote::quote;

/// The Rust type of a value.
pub(super) fn value_type(kind: ValueKind<'_>) -> TokenStream {
    match kind {
        ValueKind::Memory => quote!(::wasmport::support::Memory),
        ValueKind::SharedMemory => quote!(::wasmport::SharedMemory),
        ValueKind::Global(ty) => {
            let ty = rust(ty);
            quote!(::wasmport::TypedGlobal<#ty>)
        }
        ValueKind::Table(element) => {
            let element = rust(element);
            quote!(::wasmport::TypedTable<#element>)
        }
        ValueKind::Tag(params) => {
            let params = payload(params);
            quote!(::wasmport::TypedTag<#params>)
        }
    }
}

/// `FooImports`: all values that a store needs for the asset; nothing where there are none.
pub(super) fn imports(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, values, vis, .. } = plan;
    let modules: Vec<_> = plan.value_modules().map(|module| &module.ident).collect();
    if modules.is_empty() {
        return TokenStream::new();
    }
    let doc =
        outer(&format!("What `{ty}` imports besides functions. All of it belongs to one store."));
    let docs =
        plan.value_modules().map(|m| outer(&format!("What it imports from {}.", quoted(m.name))));
    quote! {
        #doc
        #[derive(Clone, Debug)]
        #vis struct #values {
            #(#docs pub #modules: #modules::Values,)*
        }

        impl #values {
            /// New values of the asset's own types: memories and tables of the smallest size, zeros
            /// and nulls.
            ///
            /// # Errors
            ///
            /// Where a limit refuses a size, a type has no such value, or `module` is another asset.
            pub fn fresh<T: 'static>(
                store: &mut ::wasmport::support::Store<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<Self> {
                module.check_asset(&ASSET)?;
                ::core::result::Result::Ok(Self {
                    #(#modules: #modules::Values::fresh(store, module)?,)*
                })
            }

            /// What is in `linker` already.
            ///
            /// # Errors
            ///
            /// Where something is missing there or of another kind.
            pub fn from_linker<T: 'static>(
                linker: &::wasmport::support::Linker<T>,
                mut store: impl ::wasmport::support::AsContextMut<Data = T>,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#modules: #modules::Values::from_linker(linker, &mut store)?,)*
                })
            }

            /// Defines all of it in `linker`, which then serves this one store.
            ///
            /// # Errors
            ///
            /// Where a name is defined already.
            pub fn add_to_linker<T: 'static>(
                self,
                linker: &mut ::wasmport::support::Linker<T>,
                store: impl ::wasmport::support::AsContext<Data = T>,
            ) -> ::wasmport::support::Result<()> {
                #(self.#modules.add_to_linker(linker, &store)?;)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// `Values` of one import module; nothing where there are none.
pub(super) fn module_values(module: &ImportModule<'_>) -> TokenStream {
    if module.values.is_empty() {
        return TokenStream::new();
    }
    let from = module.name;
    let fields = module.values.iter().map(|value| {
        let HostValue { name, ident, kind, ty, .. } = value;
        let doc = outer(&format!("Import {} {}: {}", quoted(from), quoted(name), code(ty)));
        let ty = value_type(*kind);
        quote!(#doc pub #ident: #ty,)
    });
    let idents: Vec<_> = module.values.iter().map(|value| &value.ident).collect();
    let names: Vec<_> = module.values.iter().map(|value| &value.link_name).collect();
    let indices = module.values.iter().map(|value| {
        let indices = &value.indices;
        quote!(&[#(#indices),*])
    });
    quote! {
        /// What the asset imports besides functions. All of it belongs to one store.
        #[derive(Clone, Debug)]
        pub struct Values {
            #(#fields)*
        }

        impl Values {
            /// New values of the asset's own types: memories and tables of the smallest size, zeros
            /// and nulls.
            ///
            /// # Errors
            ///
            /// Where a limit refuses a size, or a type has no such value.
            pub fn fresh<T: 'static>(
                store: &mut ::wasmport::support::Store<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#idents: ::wasmport::support::fresh_value(&mut *store, module, #indices, #from, #names)?,)*
                })
            }

            /// What is in `linker` already.
            ///
            /// # Errors
            ///
            /// Where something is missing there or of another kind.
            pub fn from_linker<T: 'static>(
                linker: &::wasmport::support::Linker<T>,
                mut store: impl ::wasmport::support::AsContextMut<Data = T>,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self {
                    #(#idents: ::wasmport::support::defined(linker, &mut store, #from, #names)?,)*
                })
            }

            /// Defines all of it in `linker`, which then serves this one store.
            ///
            /// # Errors
            ///
            /// Where a name is defined already.
            pub fn add_to_linker<T: 'static>(
                self,
                linker: &mut ::wasmport::support::Linker<T>,
                store: impl ::wasmport::support::AsContext<Data = T>,
            ) -> ::wasmport::support::Result<()> {
                #(linker.define(&store, #from, #names, self.#idents)?;)*
                ::core::result::Result::Ok(())
            }
        }
    }
}
