//! Rust types and values for wasm's.

use crate::interface::{FuncType, HeapType, RefType, ValType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Wasmtime's typed functions end at so many parameters or results.
const WIDEST: usize = 17;

/// What generated functions call their own parameters and variables.
pub(super) const TAKEN: &[&str] =
    &["access", "caller", "host", "linker", "module", "params", "results", "store", "wrapper"];

/// Whether the wrapper has a Rust type for this one.
pub(super) fn is_covered(ty: &ValType) -> bool {
    !matches!(ty, ValType::Ref(RefType { heap: HeapType::Cont | HeapType::NoCont, .. }))
}

/// Whether calls go through values instead of Wasmtime's tuples.
pub(super) fn is_wide(ty: &FuncType) -> bool {
    // Wasmtime has no type for the null of exceptions; as a parameter no other will do.
    let is_no_exn =
        |ty: &ValType| matches!(ty, ValType::Ref(RefType { heap: HeapType::NoExn, .. }));
    ty.params.len() > WIDEST
        || ty.results.len() > WIDEST
        || ty.params.iter().any(|p| is_no_exn(&p.ty))
}

/// The Rust type of a value. Types that are not covered are not wrapped and do not come here.
pub(super) fn rust(ty: &ValType) -> TokenStream {
    let RefType { nullable, heap, .. } = match ty {
        ValType::I32 => return quote!(i32),
        ValType::I64 => return quote!(i64),
        ValType::F32 => return quote!(f32),
        ValType::F64 => return quote!(f64),
        ValType::V128 => return quote!(::wasmport::support::V128),
        ValType::Ref(ty) => ty,
    };
    let rooted = |ty: &str| {
        let ty = format_ident!("{ty}");
        quote!(::wasmport::support::Rooted<::wasmport::support::#ty>)
    };
    let rust = match heap {
        HeapType::Func => quote!(::wasmport::support::Func),
        HeapType::NoFunc => quote!(::wasmport::support::NoFunc),
        HeapType::Extern => rooted("ExternRef"),
        HeapType::NoExtern => quote!(::wasmport::support::NoExtern),
        HeapType::Any => rooted("AnyRef"),
        HeapType::Eq => rooted("EqRef"),
        HeapType::I31 => quote!(::wasmport::support::I31),
        HeapType::Struct => rooted("StructRef"),
        HeapType::Array => rooted("ArrayRef"),
        HeapType::None => quote!(::wasmport::support::NoneRef),
        HeapType::Exn | HeapType::NoExn => rooted("ExnRef"),
        // The plan leaves these out; should one come here, the wrapper must not compile.
        HeapType::Cont | HeapType::NoCont => {
            quote!(::core::compile_error!("a type that the wrapper does not cover"))
        }
    };
    if *nullable { quote!(::core::option::Option<#rust>) } else { rust }
}

/// Wasmtime's name of a value's type.
pub(super) fn wasm(ty: &ValType) -> TokenStream {
    let rust = rust(ty);
    quote!(<#rust as ::wasmport::support::WasmValue>::ty())
}

/// A tuple with a trailing comma, so that one element is a tuple too.
pub(super) fn tuple<'a>(types: impl Iterator<Item = &'a ValType>) -> TokenStream {
    let types = types.map(rust);
    quote!((#(#types,)*))
}

/// What an exception carries: a tuple, or values where Rust's tuples of them end.
pub(super) fn payload(types: &[ValType]) -> TokenStream {
    if types.len() > WIDEST {
        return quote!(::std::vec::Vec<::wasmport::support::Val>);
    }
    tuple(types.iter())
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
