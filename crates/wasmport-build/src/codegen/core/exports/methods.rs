//! Methods of the wrapper, one for each export, and a setter for each mutable global.

use super::super::calls::Calls;
use super::super::plan::{ExportKind, Plan, PlannedExport, ValueKind};
use super::super::values::value_type;
use super::lifted;
use crate::codegen::docs::{code, outer, quoted};
use crate::codegen::types::{is_wide, parameters, results, rust};
use crate::interface::FuncType;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The method of an export; `group` is the field of the export's group.
pub(super) fn method(plan: &Plan<'_>, export: &PlannedExport<'_>, group: &Ident) -> TokenStream {
    let PlannedExport { name, ident, kind, .. } = export;
    let cell = quote!(self.#group.get().#ident);
    let mutability = export.is_optional.then(|| quote!(mut));
    let store = if export.is_optional { quote!(&mut store) } else { quote!(store) };
    match kind {
        ExportKind::Func { shape: Some(shape), .. } => lifted::method(plan, export, &cell, shape),
        ExportKind::Func { ty, params, shape: None } => func(plan, export, &cell, params, ty),
        ExportKind::Global { ty, setter } => {
            let value = rust(ty);
            let returned = export.returned(value.clone());
            let unit = export.returned(quote!(()));
            let doc = format!(
                "Reads the global {}: {}{}",
                quoted(name),
                code(export.ty),
                export.absence()
            );
            let doc = outer(&doc);
            let setter = setter.as_ref().map(|setter| {
                let doc = outer(&format!("Sets the global {}.{}", quoted(name), export.absence()));
                let body = quote!(#cell.write(&self.instance, #store, #name, value));
                let body = export.guarded(&export.is_there(), body);
                quote! {
                    #doc
                    #[inline]
                    pub fn #setter(
                        &self,
                        #mutability store: impl __rt::AsContextMut,
                        value: #value,
                    ) -> __rt::Result<#unit> {
                        #body
                    }
                }
            });
            let body = quote!(#cell.read(&self.instance, #store, #name));
            let body = export.guarded(&export.is_there(), body);
            quote! {
                #doc
                #[inline]
                pub fn #ident(
                    &self,
                    #mutability store: impl __rt::AsContextMut,
                ) -> __rt::Result<#returned> {
                    #body
                }

                #setter
            }
        }
        ExportKind::Value(kind) => {
            let ty = export.returned(value_type(*kind));
            let doc = outer(&format!(
                "Returns the {} {}: {}{}",
                kind_name(*kind),
                quoted(name),
                code(export.ty),
                export.absence()
            ));
            let body = quote!(#cell.get(&self.instance, #store, #name));
            let body = export.guarded(&export.is_there(), body);
            quote! {
                #doc
                #[inline]
                pub fn #ident(&self, #mutability store: impl __rt::AsContextMut) -> __rt::Result<#ty> {
                    #body
                }
            }
        }
    }
}

fn kind_name(kind: ValueKind<'_>) -> &'static str {
    match kind {
        ValueKind::Global(_) => "global",
        ValueKind::Memory => "memory",
        ValueKind::SharedMemory => "shared memory",
        ValueKind::Table(_) => "table",
        ValueKind::Tag(_) => "tag",
    }
}

/// The method of a function over core values.
fn func(
    plan: &Plan<'_>,
    export: &PlannedExport<'_>,
    cell: &TokenStream,
    params: &[Ident],
    ty: &FuncType,
) -> TokenStream {
    let PlannedExport { name, ident, .. } = export;
    let doc = outer(&format!(
        "Calls the export {}: {}{}\n\nFails if the guest traps or a host function fails.",
        quoted(name),
        code(export.ty),
        export.absence()
    ));
    let (parameters, returns) = (parameters(params, ty), export.returned(results(&ty.results)));
    let is_wide = is_wide(ty);
    let calls = Calls::of(plan);
    let Calls { asyncness, wait, data, .. } = &calls;
    let body = if is_wide {
        wide_call(&calls, cell, name, params, ty)
    } else {
        let call = calls.method("call");
        let store = if export.is_optional { quote!(&mut store) } else { quote!(store) };
        quote!(#cell.#call(&self.instance, #store, #name, (#(#params,)*))#wait)
    };
    let body = export.guarded(&export.is_there(), body);
    let mutability = (is_wide || export.is_optional).then(|| quote!(mut));
    quote! {
        #doc
        #[inline]
        pub #asyncness fn #ident(
            &self,
            #mutability store: impl __rt::AsContextMut #data,
            #parameters
        ) -> __rt::Result<#returns> {
            #body
        }
    }
}

/// The call of a function that Wasmtime's tuples cannot type.
fn wide_call(
    calls: &Calls,
    cell: &TokenStream,
    name: &str,
    params: &[Ident],
    ty: &FuncType,
) -> TokenStream {
    let (call, wait) = (calls.method("call_wide"), &calls.wait);
    let count = syn::Index::from(ty.results.len());
    let values = (0..ty.results.len()).map(|i| {
        let i = syn::Index::from(i);
        quote!(__rt::from_value(&mut store, results[#i]))
    });
    let value = match ty.results.len() {
        1 => quote!(#(#values)*),
        _ => quote!(Ok((#(#values?),*))),
    };
    quote! {
        let mut store = store.as_context_mut();
        let params = [#(__rt::value(&mut store, #params)?),*];
        let results: [__rt::Val; #count] =
            #cell.#call(&self.instance, &mut store, #name, &params)#wait?;
        let _ = &results;
        #value
    }
}
