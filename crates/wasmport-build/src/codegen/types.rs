//! Rust types and values for those of wasm.

use crate::interface::{FuncType, HeapType, RefType, ValType};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The most parameters or results that Wasmtime's typed functions take.
const WIDEST: usize = 17;

/// Names of parameters and variables of generated functions.
pub(super) const TAKEN: &[&str] =
    &["access", "caller", "host", "linker", "module", "params", "results", "store", "wrapper"];

/// Whether wrappers have a Rust type for `ty`.
pub(super) fn is_covered(ty: &ValType) -> bool {
    !matches!(ty, ValType::Ref(RefType { heap: HeapType::Cont | HeapType::NoCont, .. }))
}

/// Whether calls pass values instead of Wasmtime's tuples.
pub(super) fn is_wide(ty: &FuncType) -> bool {
    // Wasmtime has no type for the null of exceptions; as a parameter no other will do.
    let is_no_exn =
        |ty: &ValType| matches!(ty, ValType::Ref(RefType { heap: HeapType::NoExn, .. }));
    ty.params.len() > WIDEST
        || ty.results.len() > WIDEST
        || ty.params.iter().any(|p| is_no_exn(&p.ty))
}

/// The Rust type of a value. The plan leaves out types that are not covered.
pub(super) fn rust(ty: &ValType) -> TokenStream {
    let RefType { nullable, heap, .. } = match ty {
        ValType::I32 => return quote!(i32),
        ValType::I64 => return quote!(i64),
        ValType::F32 => return quote!(f32),
        ValType::F64 => return quote!(f64),
        ValType::V128 => return quote!(__rt::V128),
        ValType::Ref(ty) => ty,
    };
    let rooted = |ty: &str| {
        let ty = format_ident!("{ty}");
        quote!(__rt::Rooted<__rt::#ty>)
    };
    let rust = match heap {
        HeapType::Func => quote!(__rt::Func),
        HeapType::NoFunc => quote!(__rt::NoFunc),
        HeapType::Extern => rooted("ExternRef"),
        HeapType::NoExtern => quote!(__rt::NoExtern),
        HeapType::Any => rooted("AnyRef"),
        HeapType::Eq => rooted("EqRef"),
        HeapType::I31 => quote!(__rt::I31),
        HeapType::Struct => rooted("StructRef"),
        HeapType::Array => rooted("ArrayRef"),
        HeapType::None => quote!(__rt::NoneRef),
        HeapType::Exn | HeapType::NoExn => rooted("ExnRef"),
        // Unreachable; a wrapper with one must not compile.
        HeapType::Cont | HeapType::NoCont => {
            quote!(::core::compile_error!("the wrapper does not cover this type"))
        }
    };
    if *nullable { quote!(__rt::Option<#rust>) } else { rust }
}

/// An expression for the Wasmtime type of a value.
pub(super) fn wasm(ty: &ValType) -> TokenStream {
    let rust = rust(ty);
    quote!(__rt::ty::<#rust>())
}

/// A tuple type with a trailing comma, so that one element is a tuple too.
pub(super) fn tuple<'a>(types: impl Iterator<Item = &'a ValType>) -> TokenStream {
    let types = types.map(rust);
    quote!((#(#types,)*))
}

/// The payload of an exception: a tuple, or values if there are too many for a tuple.
pub(super) fn payload(types: &[ValType]) -> TokenStream {
    if types.len() > WIDEST {
        return quote!(__rt::Vec<__rt::Val>);
    }
    tuple(types.iter())
}

/// The result type of a method: `()`, the only result, or a tuple.
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

/// The identifiers of a function's parameters, which collide neither with each other nor with the
/// variables of generated functions.
pub(super) fn parameter_names(ty: &FuncType) -> Vec<Ident> {
    parameter_texts(ty, TAKEN).iter().map(|name| format_ident!("{name}")).collect()
}

/// The names of a function's parameters in source code, each once and none of them in `reserved`.
pub(super) fn parameter_texts(ty: &FuncType, reserved: &[&str]) -> Vec<String> {
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
    crate::names::snake_case(&requests, reserved)
}
