//! Memories, tables, globals and tags: as exports, and as imports that belong to one store.

use super::plan::{HostValue, ImportModule, Plan, ValueKind};
use crate::codegen::docs::{code, outer, quoted};
use crate::codegen::types::{payload, rust, wasm};
use crate::interface::{ExternType, MemoryType};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The binary logarithm of the page size if a memory does not choose another.
const PAGE_SIZE_LOG2: u32 = 16;

/// The Rust type of a value.
pub(super) fn value_type(kind: ValueKind<'_>) -> TokenStream {
    match kind {
        ValueKind::Memory => quote!(__rt::Memory),
        ValueKind::SharedMemory => quote!(__rt::SharedMemory),
        ValueKind::Global(ty) => {
            let ty = rust(ty);
            quote!(__rt::TypedGlobal<#ty>)
        }
        ValueKind::Table(element) => {
            let element = rust(element);
            quote!(__rt::TypedTable<#element>)
        }
        ValueKind::Tag(params) => {
            let params = payload(params);
            quote!(__rt::TypedTag<#params>)
        }
    }
}

/// The type of a value that an interface imports, for code that does not import it.
fn own_type(ty: &ExternType) -> Option<TokenStream> {
    let size = |max: &Option<u64>| match max {
        Some(max) => quote!(__rt::Option::Some(#max)),
        None => quote!(__rt::Option::None),
    };
    Some(match ty {
        // It is no value.
        ExternType::Func(_) => return None,
        ExternType::Global { ty, mutable } => {
            let ty = wasm(ty);
            quote!(Global { ty: #ty, is_mutable: #mutable })
        }
        ExternType::Memory(MemoryType { min, max, shared, memory64, page_size_log2 }) => {
            let (max, page_size_log2) = (size(max), page_size_log2.unwrap_or(PAGE_SIZE_LOG2));
            let page_size_log2 = Literal::u32_unsuffixed(page_size_log2);
            quote!(Memory {
                min: #min, max: #max, is_64: #memory64, is_shared: #shared, page_size_log2: #page_size_log2
            })
        }
        ExternType::Table { element, min, max, table64 } => {
            let (element, max) = (wasm(element), size(max));
            quote!(Table { element: #element, min: #min, max: #max, is_64: #table64 })
        }
        ExternType::Tag { params } => {
            let params = params.iter().map(wasm);
            quote!(Tag { params: &[#(#params),*] })
        }
    })
}

/// `FooImports`: all values that a store needs for the asset; none if it imports functions alone.
pub(super) fn imports(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, values, vis, .. } = plan;
    let modules: Vec<_> = plan.value_modules().map(|module| &module.ident).collect();
    if modules.is_empty() {
        return TokenStream::new();
    }
    let doc = outer(&format!("The imports of `{ty}` that are not functions, all from one store."));
    let docs = plan.value_modules().map(|m| outer(&format!("Imports from {}.", quoted(m.name))));
    let (of, check) = if plan.is_interface() {
        ("has another interface", quote!(module.check_interface(&INTERFACE)?;))
    } else {
        ("is another asset", quote!(module.check_asset(&ASSET)?;))
    };
    let fails = outer(&format!(
        "Fails if a limit refuses a size, a type has no such value, or `module` {of}."
    ));
    quote! {
        #doc
        #[derive(Clone, Debug)]
        #vis struct #values {
            #(#docs pub #modules: #modules::Values,)*
        }

        impl #values {
            /// Creates the smallest memories and tables, zeros and nulls.
            ///
            #fails
            pub fn fresh<T: 'static>(
                store: &mut __rt::Store<T>,
                module: &__rt::LoadedModule,
            ) -> __rt::Result<Self> {
                #check
                Ok(Self {
                    #(#modules: #modules::Values::fresh(store, module)?,)*
                })
            }

            /// Returns the definitions in `linker`.
            ///
            /// Fails if one is missing or of another kind.
            pub fn from_linker<T: 'static>(
                linker: &__rt::Linker<T>,
                mut store: impl __rt::AsContextMut<Data = T>,
            ) -> __rt::Result<Self> {
                Ok(Self {
                    #(#modules: #modules::Values::from_linker(linker, &mut store)?,)*
                })
            }

            /// Defines the values in `linker`, which then serves this one store.
            ///
            /// Fails if a name is defined already.
            pub fn add_to_linker<T: 'static>(
                self,
                linker: &mut __rt::Linker<T>,
                store: impl __rt::AsContext<Data = T>,
            ) -> __rt::Result<()> {
                #(self.#modules.add_to_linker(linker, &store)?;)*
                Ok(())
            }
        }
    }
}

/// `Values` of one import module; none if it has functions alone.
pub(super) fn module_values(plan: &Plan<'_>, module: &ImportModule<'_>) -> TokenStream {
    if module.values.is_empty() {
        return TokenStream::new();
    }
    let from = module.name;
    let fields = module.values.iter().map(|value| {
        let HostValue { name, ident, kind, ty, .. } = value;
        let doc = outer(&format!("The import {}: {}", quoted(name), code(ty)));
        let ty = value_type(*kind);
        quote!(#doc pub #ident: #ty,)
    });
    let idents: Vec<_> = module.values.iter().map(|value| &value.ident).collect();
    let names: Vec<_> = module.values.iter().map(|value| &value.link_name).collect();
    let fresh = module.values.iter().map(|value| {
        let HostValue { name, link_name, indices, ty, .. } = value;
        if plan.is_interface() {
            let own = own_type(ty);
            return quote! {
                __rt::fresh_value_of(
                    &mut *store, module, &super::INTERFACE, #from, #name, &__rt::ValueType::#own,
                )?
            };
        }
        quote!(__rt::fresh_value(&mut *store, module, &[#(#indices),*], #from, #link_name)?)
    });
    quote! {
        /// The imports that are not functions, all from one store.
        #[derive(Clone, Debug)]
        pub struct Values {
            #(#fields)*
        }

        impl Values {
            /// Creates the smallest memories and tables, zeros and nulls.
            ///
            /// Fails if a limit refuses a size, or a type has no such value.
            pub fn fresh<T: 'static>(
                store: &mut __rt::Store<T>,
                module: &__rt::LoadedModule,
            ) -> __rt::Result<Self> {
                Ok(Self {
                    #(#idents: #fresh,)*
                })
            }

            /// Returns the definitions in `linker`.
            ///
            /// Fails if one is missing or of another kind.
            pub fn from_linker<T: 'static>(
                linker: &__rt::Linker<T>,
                mut store: impl __rt::AsContextMut<Data = T>,
            ) -> __rt::Result<Self> {
                Ok(Self {
                    #(#idents: __rt::defined(linker, &mut store, #from, #names)?,)*
                })
            }

            /// Defines the values in `linker`, which then serves this one store.
            ///
            /// Fails if a name is defined already.
            pub fn add_to_linker<T: 'static>(
                self,
                linker: &mut __rt::Linker<T>,
                store: impl __rt::AsContext<Data = T>,
            ) -> __rt::Result<()> {
                #(linker.define(&store, #from, #names, self.#idents)?;)*
                Ok(())
            }
        }
    }
}
