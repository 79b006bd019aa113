//! Signatures as Rust: the parameters and results of generated methods.

use super::signature::{Signature, Ty};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

impl Signature {
    /// `name: type` for each parameter that the user passes to an export.
    pub fn parameters(&self) -> TokenStream {
        let params = self.passed().map(|(name, ty)| {
            let ty = argument_type(ty);
            quote!(#name: #ty)
        });
        quote!(#(#params),*)
    }

    /// The names of the parameters that the user passes to an export.
    pub fn arguments(&self) -> Vec<&Ident> {
        self.passed().map(|(name, _)| name).collect()
    }

    fn passed(&self) -> impl Iterator<Item = (&Ident, &Ty)> {
        let is_passed = |(_, ty): &&(Ident, Ty)| !matches!(ty, Ty::Out(_) | Ty::Len);
        self.params.iter().filter(is_passed).map(|(name, ty)| (name, ty))
    }

    /// `name: type` for each parameter of a host function.
    pub fn host_parameters(&self) -> TokenStream {
        let is_passed = |(_, ty): &&(Ident, Ty)| !matches!(ty, Ty::Out(_));
        let params = self.params.iter().filter(is_passed).map(|(name, ty)| {
            let ty = parameter_type(ty);
            quote!(#name: #ty)
        });
        quote!(#(#params),*)
    }

    /// Whether the error of a `Result` is text, as of functions of Extism's plug-ins.
    pub fn has_text_error(&self) -> bool {
        self.error.as_ref().is_some_and(|error| quote!(#error).to_string() == "String")
    }

    /// The type that the user gets: the result, and the values of the `Out` parameters.
    pub fn returns(&self) -> TokenStream {
        let mut types = Vec::new();
        if !matches!(self.result, Ty::Unit) {
            types.push(result_type(&self.result));
        }
        types.extend(self.params.iter().filter_map(|(_, ty)| match ty {
            Ty::Out(inner) => Some(quote!(#inner)),
            _ => None,
        }));
        let value = match types.as_slice() {
            [one] => one.clone(),
            all => quote!((#(#all),*)),
        };
        match &self.error {
            None => value,
            Some(_) if self.has_text_error() => {
                quote!(__rt::StdResult<#value, __rt::String>)
            }
            Some(error) => quote!(__rt::StdResult<#value, #error>),
        }
    }

    /// The variables that together are the user's result: `__value`, and one for each `Out` parameter.
    pub fn result_variables(&self) -> TokenStream {
        let mut values = Vec::new();
        if !matches!(self.result, Ty::Unit) {
            values.push(format_ident!("__value"));
        }
        let outs = self.params.iter().filter(|(_, ty)| matches!(ty, Ty::Out(_)));
        values.extend(outs.map(|(name, _)| format_ident!("__out_{}", name)));
        match values.as_slice() {
            [one] => quote!(#one),
            all => quote!((#(#all),*)),
        }
    }
}

fn argument_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Scalar(ident) => quote!(#ident),
        Ty::Str { .. } => quote!(&str),
        Ty::CStr { .. } => quote!(&__rt::CStr),
        Ty::List { element, .. } => quote!(&[#element]),
        Ty::ListMut(element) => quote!(&mut [#element]),
        Ty::Ref(inner) => quote!(&#inner),
        Ty::RefMut(inner) => quote!(&mut #inner),
        Ty::Optional(inner) => {
            let inner = argument_type(inner);
            quote!(__rt::Option<#inner>)
        }
        _ => quote!(()),
    }
}

fn parameter_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Str { owned: false }
        | Ty::CStr { owned: false }
        | Ty::List { owned: false, .. }
        | Ty::ListMut(_)
        | Ty::Ref(_)
        | Ty::RefMut(_) => argument_type(ty),
        Ty::GuestSpan(ty) | Ty::GuestPtr(ty) => quote!(#ty),
        Ty::Optional(inner) => {
            let inner = parameter_type(inner);
            quote!(__rt::Option<#inner>)
        }
        other => result_type(other),
    }
}

fn result_type(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Scalar(ident) => quote!(#ident),
        Ty::Str { .. } => quote!(__rt::String),
        Ty::CStr { .. } => quote!(__rt::CString),
        Ty::List { element, .. } => quote!(__rt::Vec<#element>),
        Ty::Ref(inner) | Ty::Plain(inner) => quote!(#inner),
        Ty::Optional(inner) => {
            let inner = result_type(inner);
            quote!(__rt::Option<#inner>)
        }
        _ => quote!(()),
    }
}

/// An expression that converts a scalar into a core value.
pub(in crate::codegen::core) fn scalar_into_core(
    scalar: &Ident,
    value: &TokenStream,
) -> TokenStream {
    match scalar.to_string().as_str() {
        "i32" | "i64" | "f32" | "f64" => quote!(#value),
        "u32" | "u64" => quote!(#value.cast_signed()),
        "char" => quote!(u32::from(#value).cast_signed()),
        _ => quote!(i32::from(#value)),
    }
}

/// An expression that converts a core value into a scalar.
pub(in crate::codegen::core) fn scalar_from_core(
    scalar: &Ident,
    value: &TokenStream,
) -> TokenStream {
    match scalar.to_string().as_str() {
        "i32" | "i64" | "f32" | "f64" => quote!(#value),
        "u32" | "u64" => quote!(#value.cast_unsigned()),
        "bool" => quote!(#value != 0),
        "char" => quote!(__rt::char_of(#value)?),
        // Truncates, as C does.
        _ => quote!(#value as #scalar),
    }
}
