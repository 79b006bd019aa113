//! Rust types and values for wasm's.

use crate::interface::{FuncType, ValType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Wasmtime's typed functions end at so many parameters or results.
const WIDEST: usize = 17;

/// What generated functions call their own parameters and variables.
const TAKEN: &[&str] = &["caller", "host", "linker", "results", "store", "wrapper"];

/// Whether calls go through values instead of Wasmtime's tuples.
pub(super) fn is_wide(ty: &FuncType) -> bool {
    ty.params.len() > WIDEST || ty.results.len() > WIDEST
}

/// The Rust type of a number. Others are not wrapped and do not come here.
pub(super) fn rust(ty: &ValType) -> TokenStream {
    match ty {
        ValType::I32 => quote!(i32),
        ValType::I64 => quote!(i64),
        ValType::F32 => quote!(f32),
        ValType::F64 => quote!(f64),
        // The plan leaves these out; should one come here, the wrapper must not compile.
        ValType::V128 | ValType::Ref(_) => {
            quote!(::core::compile_error!("a type that the wrapper does not cover"))
        }
    }
}

/// Wasmtime's name of a number's type.
pub(super) fn wasm(ty: &ValType) -> TokenStream {
    let rust = rust(ty);
    quote!(<#rust as ::wasmport::support::Scalar>::TYPE)
}

/// A tuple with a trailing comma, so that one element is a tuple too.
pub(super) fn tuple<'a>(types: impl Iterator<Item = &'a ValType>) -> TokenStream {
    let types = types.map(rust);
    quote!((#(#types,)*))
}

/// Nothing, the one result, or a tuple.
pub(super) fn results(types: &[ValType]) -> TokenStream {
    match types {
        [one] => rust(one),
        all => {
            let types = all.iter().map(rust);
            quote!((#(#types),*))
        }
    }
}

/// `name: type` for each parameter.
pub(super) fn parameters(names: &[Ident], ty: &FuncType) -> TokenStream {
    let types = ty.params.iter().map(|p| rust(&p.ty));
    quote!(#(#names: #types),*)
}

/// The identifiers of a function's parameters, free of collisions with each other and with those
/// that generated functions use.
pub(super) fn parameter_names(ty: &FuncType) -> Vec<Ident> {
    let requests: Vec<crate::names::Request> = ty
        .params
        .iter()
        .enumerate()
        .map(|(i, param)| {
            let default = format!("arg{i}");
            let name = param.name.as_deref().filter(|name| !name.is_empty());
            crate::names::Request::new(name.unwrap_or(&default)).keyed_by(&format!("{i} {name:?}"))
        })
        .collect();
    crate::names::snake_case(&requests, TAKEN).iter().map(|name| format_ident!("{name}")).collect()
}
