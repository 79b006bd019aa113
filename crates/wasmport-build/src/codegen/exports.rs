//! The wrapper `Foo` with a method for each export, and `FooPre`.

use super::api;
use super::docs::{outer, quoted};
use super::imports::data_bounds;
use super::plan::{ExportKind, Plan, PlannedExport};
use super::session::Asyncness;
use super::types::{is_wide, parameters, results, rust, tuple};
use super::values::value_type;
use super::{docs, imports};
use crate::interface::FuncType;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Exports are kept in groups that are made when one of them is first used: instantiating stays
/// cheap, and an instance of thousands of exports small.
const GROUP: usize = 32;

/// The type that links once and instantiates often.
pub(super) fn pre(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, pre, vis, .. } = plan;
    let doc =
        outer(&format!("A `{ty}` that is linked already: instantiates often, type-checks once."));
    let is_overloaded = !plan.overloads.is_empty();
    let (inner, link) = if is_overloaded {
        (
            quote!(OverloadedPre),
            quote!(::wasmport::support::OverloadedPre::new::<#ty>(linker, module)),
        )
    } else {
        (quote!(InstancePre), quote!(::wasmport::support::pre::<#ty, T>(linker, module)))
    };
    let accessor = (!is_overloaded).then(|| {
        quote! {
            /// Wasmtime's linked module.
            pub fn instance_pre(&self) -> &::wasmport::support::InstancePre<T> {
                &self.0
            }
        }
    });
    let is_async = plan.is_async;
    let (instantiate, bounds) = if is_async {
        (
            quote! {
                pub async fn instantiate_async(
                    &self,
                    mut store: impl ::wasmport::support::AsContextMut<Data = T>,
                ) -> ::wasmport::support::Result<#ty> {
                    let instance = self.0.instantiate_async(&mut store).await?;
                    ::wasmport::support::started_async(store, instance).await
                }
            },
            quote!(::core::marker::Send + 'static),
        )
    } else {
        (
            quote! {
                pub fn instantiate(
                    &self,
                    mut store: impl ::wasmport::support::AsContextMut<Data = T>,
                ) -> ::wasmport::support::Result<#ty> {
                    let instance = self.0.instantiate(&mut store)?;
                    ::wasmport::support::started(store, instance)
                }
            },
            quote!('static),
        )
    };
    quote! {
        #doc
        #vis struct #pre<T: 'static>(::wasmport::support::#inner<T>);

        impl<T: 'static> ::core::clone::Clone for #pre<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<T: #bounds> #pre<T> {
            /// Links the asset with the imports in `linker`.
            ///
            /// # Errors
            ///
            /// Where `module` is another asset, or an import is missing or of another type.
            pub fn new(
                linker: &::wasmport::support::Linker<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self(#link?))
            }

            /// A new instance.
            ///
            /// # Errors
            ///
            /// Where the start function fails or a limit is reached.
            #instantiate

            #accessor
        }
    }
}

/// The typed view of an instance.
pub(super) fn wrapper(plan: &Plan<'_>) -> TokenStream {
    let Plan { ty, vis, all_exports, is_reactor, .. } = plan;
    let groups: Vec<&[PlannedExport<'_>]> = plan.exports.chunks(GROUP).collect();
    let fields: Vec<Ident> = (0..groups.len()).map(|i| format_ident!("exports{i}")).collect();
    let structs: Vec<Ident> = (0..groups.len()).map(|i| format_ident!("__Exports{i}")).collect();
    let group_items = groups.iter().zip(&structs).map(|(group, name)| group_struct(group, name));
    let methods = groups
        .iter()
        .zip(&fields)
        .flat_map(|(group, field)| group.iter().map(move |e| method(plan, e, field)));
    let add_to_linker = imports::add_to_linker(plan);
    let instantiate = instantiate(plan);
    let doc = outer(&format!("An instance of {}, with its exports as methods.", docs::code(ty)));
    let reactor = is_reactor.then(|| {
        quote!(
            const REACTOR: bool = true;
        )
    });
    let (allocator, new_allocator) = match plan.allocation() {
        None => (TokenStream::new(), TokenStream::new()),
        Some(allocation) => {
            let convention = allocation.convention_type();
            (
                quote! {
                    allocator: ::wasmport::support::Lazy<::wasmport::support::Allocator<#convention>>,
                },
                quote!(allocator: ::wasmport::support::Lazy::new(),),
            )
        }
    };
    let overloads = (!plan.overloads.is_empty()).then(|| {
        let overloads = plan.overloads.iter().map(|(index, name)| quote!((#index, #name)));
        quote!(const OVERLOADS: &'static [(usize, &'static str)] = &[#(#overloads),*];)
    });
    quote! {
        #(#group_items)*

        #doc
        #vis struct #ty {
            instance: ::wasmport::support::Instance,
            #allocator
            #(#fields: ::wasmport::support::Lazy<#structs>,)*
        }

        impl #ty {
            /// The typed view of `instance`, which must be one of this asset. Exports are looked up
            /// when they are first used.
            pub fn new(instance: ::wasmport::support::Instance) -> Self {
                Self { instance, #new_allocator #(#fields: ::wasmport::support::Lazy::new(),)* }
            }

            /// Loads the asset.
            ///
            /// # Errors
            ///
            /// As [`Runtime::load`](::wasmport::Runtime::load).
            pub fn load(runtime: &::wasmport::Runtime) -> ::wasmport::Result<::wasmport::LoadedModule> {
                runtime.load(&ASSET)
            }

            #instantiate

            /// Wasmtime's instance.
            pub fn instance(&self) -> ::wasmport::support::Instance {
                self.instance
            }

            #add_to_linker

            #(#methods)*
        }

        impl ::wasmport::Wrapper for #ty {
            type Code = ::wasmport::support::Module;
            const ASSET: &'static ::wasmport::Asset<Self::Code> = &ASSET;
            #reactor
            #overloads

            fn from_instance(
                _: impl ::wasmport::support::AsContextMut,
                instance: &::wasmport::support::Instance,
            ) -> ::wasmport::support::Result<Self> {
                ::core::result::Result::Ok(Self::new(*instance))
            }
        }

        impl ::wasmport::ModuleWrapper for #ty {
            const EXPORTS: &'static str = #all_exports;

            fn wasm_instance(&self) -> ::wasmport::support::Instance {
                self.instance
            }
        }
    }
}

/// The ways from a module to the wrapper of an instance.
fn instantiate(plan: &Plan<'_>) -> TokenStream {
    let doc = outer(
        "Links and instantiates at once.\n\n# Errors\n\nWhere `module` is another asset, an import \
         is missing or of another type, the start function fails, or a limit is reached.",
    );
    let Asyncness { asyncness, wait, .. } = Asyncness::of(plan);
    let (instantiate, start) = if plan.is_async {
        (quote!(instantiate_async), quote!(start_async))
    } else {
        (quote!(instantiate), quote!(start))
    };
    let bounds = data_bounds(plan);
    let run = plan.is_command.then(|| {
        let ended = quote!(::wasmport::support::#start(store, command.instance)#wait);
        let (code, returns, ended) = if plan.needs_wasi() {
            let code = " It gives the exit code, which is 0 where it returns.";
            (code, quote!(::wasmport::Exit), quote!(::wasmport::support::exit(#ended)))
        } else {
            ("", quote!(()), ended)
        };
        let doc = outer(&format!(
            "Runs the command: instantiates it, and calls its `_start`. A command's instance is used \
             once.{code}\n\n# Errors\n\nAs instantiating, and where the command traps.",
        ));
        quote! {
            #doc
            pub #asyncness fn run<T: #bounds>(
                mut store: impl ::wasmport::support::AsContextMut<Data = T>,
                linker: &::wasmport::support::Linker<T>,
                module: &::wasmport::LoadedModule,
            ) -> ::wasmport::support::Result<#returns> {
                let command: Self =
                    ::wasmport::support::#instantiate(&mut store, linker, module)#wait?;
                #ended
            }
        }
    });
    quote! {
        #doc
        pub #asyncness fn #instantiate<T: #bounds>(
            store: impl ::wasmport::support::AsContextMut<Data = T>,
            linker: &::wasmport::support::Linker<T>,
            module: &::wasmport::LoadedModule,
        ) -> ::wasmport::support::Result<Self> {
            ::wasmport::support::#instantiate(store, linker, module)#wait
        }

        #run
    }
}

fn group_struct(group: &[PlannedExport<'_>], name: &Ident) -> TokenStream {
    let fields = group.iter().map(|export| {
        let ident = &export.ident;
        let ty = match &export.kind {
            ExportKind::Func { ty, .. } if is_wide(ty) => quote!(WideFuncCell),
            ExportKind::Func { ty, .. } => {
                let params = tuple(ty.params.iter().map(|p| &p.ty));
                let results = results(&ty.results);
                quote!(FuncCell<#params, #results>)
            }
            ExportKind::Global { ty, .. } => {
                let ty = rust(ty);
                quote!(ExportCell<::wasmport::TypedGlobal<#ty>>)
            }
            ExportKind::Value(kind) => {
                let ty = value_type(*kind);
                quote!(ExportCell<#ty>)
            }
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

fn method(plan: &Plan<'_>, export: &PlannedExport<'_>, group: &Ident) -> TokenStream {
    let PlannedExport { name, ident, kind, ty } = export;
    let cell = quote!(&self.#group.get().#ident, &self.instance);
    let doc = outer(&signature(name, ty));
    let not_ours = outer("\n# Errors\n\nWhere the instance is not one of this asset.");
    let store = quote!(store: impl ::wasmport::support::AsContextMut);
    match kind {
        ExportKind::Func { shape: Some(shape), .. } => shaped(plan, export, &cell, shape),
        ExportKind::Func { ty, params, shape: None } => func(plan, export, &cell, params, ty),
        ExportKind::Global { ty, setter } => {
            let value = rust(ty);
            let setter = setter.as_ref().map(|setter| {
                let doc = outer(&format!("Sets the global {}.", quoted(name)));
                quote! {
                    #doc
                    #not_ours
                    #[inline]
                    pub fn #setter(&self, mut #store, value: #value) -> ::wasmport::support::Result<()> {
                        ::wasmport::support::global(#cell, &mut store, #name)?.set(store, value)
                    }
                }
            });
            quote! {
                #doc
                #not_ours
                #[inline]
                pub fn #ident(&self, mut #store) -> ::wasmport::support::Result<#value> {
                    ::wasmport::support::global(#cell, &mut store, #name)?.get(store)
                }
                #setter
            }
        }
        ExportKind::Value(kind) => {
            let ty = value_type(*kind);
            quote! {
                #doc
                #not_ours
                #[inline]
                pub fn #ident(&self, #store) -> ::wasmport::support::Result<#ty> {
                    ::wasmport::support::export(#cell, store, #name)
                }
            }
        }
    }
}

/// The method of a function with a signature beyond numbers.
fn shaped(
    plan: &Plan<'_>,
    export: &PlannedExport<'_>,
    cell: &TokenStream,
    shape: &api::Shape,
) -> TokenStream {
    let PlannedExport { name, ident, .. } = export;
    let doc = shaped_doc(export, shape);
    let wait = Asyncness::of(plan);
    let Asyncness { asyncness, data, .. } = &wait;
    let body = api::export_method(shape, cell, name, &wait, plan.is_async);
    let parameters = api::user_parameters(&shape.signature);
    let returns = api::user_result(&shape.signature);
    quote! {
        #doc
        ///
        /// # Errors
        ///
        /// Where the guest traps, a host function it calls fails, or the guest gives what the
        /// signature does not allow.
        pub #asyncness fn #ident(
            &self,
            mut store: impl ::wasmport::support::AsContextMut #data,
            #parameters
        ) -> ::wasmport::support::Result<#returns> {
            #body
        }
    }
}

/// What the user says about a function, and what it is in the guest.
pub(super) fn shaped_doc(export: &PlannedExport<'_>, shape: &api::Shape) -> TokenStream {
    let docs = &shape.signature.docs;
    let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    let doc = outer(&signature(export.name, export.ty));
    quote!(#(#docs)* #blank #doc)
}

fn func(
    plan: &Plan<'_>,
    export: &PlannedExport<'_>,
    cell: &TokenStream,
    params: &[Ident],
    ty: &FuncType,
) -> TokenStream {
    let PlannedExport { name, ident, .. } = export;
    let doc = outer(&signature(name, export.ty));
    let parameters = parameters(params, ty);
    let returns = results(&ty.results);
    let is_wide = is_wide(ty);
    let Asyncness { asyncness, wait, call, call_wide, data, .. } = Asyncness::of(plan);
    let body = if is_wide {
        wide_call(cell, name, params, ty, &call_wide, &wait)
    } else {
        quote!(::wasmport::support::#call(#cell, store, #name, (#(#params,)*))#wait)
    };
    let mutability = is_wide.then(|| quote!(mut));
    quote! {
        #doc
        ///
        /// # Errors
        ///
        /// Where the guest traps or a host function it calls fails.
        #[inline]
        pub #asyncness fn #ident(
            &self,
            #mutability store: impl ::wasmport::support::AsContextMut #data,
            #parameters
        ) -> ::wasmport::support::Result<#returns> {
            #body
        }
    }
}

/// The documentation of an export: its original name and its type.
pub(super) fn signature(name: &str, ty: &crate::interface::ExternType) -> String {
    format!("Export {}: {}", quoted(name), docs::code(ty))
}

fn wide_call(
    cell: &TokenStream,
    name: &str,
    params: &[Ident],
    ty: &FuncType,
    call: &TokenStream,
    wait: &TokenStream,
) -> TokenStream {
    let count = ty.results.len();
    let values =
        (0..count).map(|i| quote!(::wasmport::support::from_value(&mut store, results[#i])));
    let value = match count {
        1 => quote!(#(#values)*),
        _ => quote!(::core::result::Result::Ok((#(#values?),*))),
    };
    quote! {
        let mut store = store.as_context_mut();
        let params = [#(::wasmport::support::value(&mut store, #params)?),*];
        let results: [::wasmport::support::Val; #count] =
            ::wasmport::support::#call(#cell, &mut store, #name, &params)#wait?;
        let _ = &results;
        #value
    }
}
