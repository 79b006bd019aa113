//! Parsing: the text of `api` to signatures.

use super::error::ApiError;
use super::signature::{Signature, Ty};
use crate::codegen::types::TAKEN;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::format_ident;
use std::collections::HashSet;
use syn::parse::{ParseStream, Parser as _};
use syn::{GenericArgument, PathArguments, ReturnType, Token, Type};

/// Rust's types that are passed as one wasm value.
pub(super) const SCALARS: &[&str] =
    &["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "bool", "char"];

/// The types of parameters and results.
const TYPES: &str = "a type is a number, `bool`, `char`, `&str`, `String`, `&CStr`, `CString`, `&[T]`, \
                     `&mut [T]`, `Vec<T>`, `&T`, `&mut T`, `T`, `Out<T>` or `Len`, or `Option` of text, \
                     lists and references, where `T` is a number, an array or a struct; a function returns \
                     `Result` of a type and an enum of status codes if it may fail";

#[derive(Default)]
pub(super) struct Parsed {
    pub structs: Vec<syn::ItemStruct>,
    /// Enums of status codes.
    pub enums: Vec<syn::ItemEnum>,
    pub exports: Vec<Signature>,
    pub imports: Vec<SignedModule>,
}

/// The signatures of the functions that are imported from one module.
pub(in crate::codegen::core) struct SignedModule {
    pub name: String,
    /// The line in the text of `api`, from 1.
    pub line: usize,
    pub signatures: Vec<Signature>,
}

/// Parses the text.
///
/// # Errors
///
/// Fails with the first item that `api` cannot have.
pub(super) fn parse(text: &str) -> Result<Parsed, ApiError> {
    let tokens: TokenStream = text.parse()?;
    let mut parsed = Parsed::default();
    // One by one, so that an error can show its item.
    for item in items(tokens) {
        let (shown, first) = (shown(&item), line(item.clone()));
        let parse = |input: ParseStream<'_>| parsed.item(input);
        parse.parse2(item).map_err(|source| {
            // An error at the end of an item has no place of its own.
            let line = source.span().start().line.max(first);
            ApiError::Item { line, item: shown, source }
        })?;
    }
    Ok(parsed)
}

/// Places at which tokens as text have spaces that nobody writes, and what stands there instead.
const SPACES: [(&str, &str); 15] = [
    (" ;", ";"),
    (" ,", ","),
    (" :", ":"),
    (":: ", "::"),
    ("& ", "&"),
    ("* ", "*"),
    (" (", "("),
    ("( ", "("),
    (" )", ")"),
    ("->(", "-> ("),
    (" < ", "<"),
    (" >", ">"),
    ("[ ", "["),
    (" ]", "]"),
    ("# [", "#["),
];

/// Returns an item as the user would write it, on one line.
fn shown(item: &TokenStream) -> String {
    let text = item.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    SPACES.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

/// Returns the line on which tokens begin.
pub(super) fn line(tokens: impl quote::ToTokens) -> usize {
    tokens.into_token_stream().into_iter().next().map_or(1, |token| token.span().start().line)
}

/// Splits the tokens behind each semicolon and each block.
fn items(tokens: TokenStream) -> Vec<TokenStream> {
    let mut items = vec![TokenStream::new()];
    for token in tokens {
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        if let Some(item) = items.last_mut() {
            item.extend([token]);
        }
        if ends {
            items.push(TokenStream::new());
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

impl Parsed {
    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        if input.peek(Token![struct]) {
            let mut item: syn::ItemStruct = input.parse()?;
            check_struct(&item)?;
            item.attrs.splice(0..0, attributes);
            self.structs.push(item);
        } else if input.peek(Token![enum]) {
            let mut item: syn::ItemEnum = input.parse()?;
            check_enum(&item, &attributes)?;
            item.attrs.splice(0..0, attributes);
            self.enums.push(item);
        } else if input.peek(Token![mod]) {
            let module = module(input)?;
            match self.imports.iter_mut().find(|other| other.name == module.name) {
                Some(other) => other.signatures.extend(module.signatures),
                None => self.imports.push(module),
            }
        } else if input.peek(Token![fn]) {
            self.exports.push(signature(input, attributes)?);
        } else if input.peek(Token![pub]) {
            return Err(input.error("remove `pub`: the setting `visibility` is for all items"));
        } else {
            return Err(input.error("expected `struct`, `enum`, `fn` or `mod`"));
        }
        Ok(())
    }
}

/// Names of types without a fixed layout in guest memory.
const NOT_PLAIN: &[&str] = &[
    "Box",
    "CStr",
    "CString",
    "GuestPtr",
    "GuestSlice",
    "GuestStr",
    "Len",
    "Option",
    "Out",
    "Result",
    "String",
    "Vec",
    "char",
    "isize",
    "str",
    "usize",
];

/// Returns the type if it may lie in guest memory as in C; rustc checks the types that are unknown here. The
/// names of structs are resolved later.
fn plain(ty: &Type) -> syn::Result<Type> {
    let name = match ty {
        Type::Array(array) => {
            if !is_known_len(&array.len) {
                let message = "the length of an array is a number, or the path of a constant such as \
                               `crate::LEN`";
                return Err(syn::Error::new_spanned(&array.len, message));
            }
            return plain(&array.elem).map(|_| ty.clone());
        }
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    match name {
        Some(name) if !NOT_PLAIN.contains(&&*name) => Ok(ty.clone()),
        _ => {
            let message = "this does not lie in guest memory as in C: numbers, `bool`, arrays and \
                           structs of them do; the guest's pointers and sizes are `u32`";
            Err(syn::Error::new_spanned(ty, message))
        }
    }
}

/// Returns whether the wrapper can compute a length: the names in it are paths.
fn is_known_len(len: &syn::Expr) -> bool {
    match len {
        syn::Expr::Lit(literal) => matches!(literal.lit, syn::Lit::Int(_)),
        syn::Expr::Path(path) => path.path.segments.len() > 1,
        syn::Expr::Paren(inner) => is_known_len(&inner.expr),
        syn::Expr::Binary(binary) => is_known_len(&binary.left) && is_known_len(&binary.right),
        _ => false,
    }
}

fn check_struct(item: &syn::ItemStruct) -> syn::Result<()> {
    let error = |message| Err(syn::Error::new_spanned(item, message));
    if !item.generics.params.is_empty() {
        return error("a struct in guest memory has no generic parameters");
    }
    match &item.fields {
        syn::Fields::Named(fields) => {
            let names: Vec<_> =
                fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
            unique(&names, "two fields have this name")?;
            fields.named.iter().try_for_each(|field| plain(&field.ty).map(drop))
        }
        _ => error("a struct in guest memory has named fields"),
    }
}

/// Checks that an enum has status codes: variants with a number, and perhaps a last one for all others.
fn check_enum(item: &syn::ItemEnum, attributes: &[syn::Attribute]) -> syn::Result<()> {
    let own = item.variants.iter().flat_map(|variant| &variant.attrs);
    if let Some(other) = attributes.iter().chain(own).find(|own| !own.path().is_ident("doc")) {
        return Err(syn::Error::new_spanned(
            other,
            "an enum of codes has its derives already: expected a doc comment",
        ));
    }
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &item.generics,
            "an enum of codes has no generic parameters",
        ));
    }
    if item.variants.is_empty() {
        return Err(syn::Error::new_spanned(item, "an enum of codes has at least one"));
    }
    let names: Vec<_> = item.variants.iter().map(|variant| &variant.ident).collect();
    unique(&names, "two variants have this name")?;
    let mut codes = HashSet::new();
    for (index, variant) in item.variants.iter().enumerate() {
        let is_last = index + 1 == item.variants.len();
        match (&variant.discriminant, &variant.fields) {
            (Some((_, code)), syn::Fields::Unit) => {
                let Some(number) = code_of(code) else {
                    return Err(syn::Error::new_spanned(
                        code,
                        "a status code is a number of 32 bits",
                    ));
                };
                if !codes.insert(number) {
                    return Err(syn::Error::new_spanned(code, "two variants have this code"));
                }
            }
            (None, syn::Fields::Unnamed(fields)) if is_last && is_i32(fields) => {}
            _ => {
                let message = "a variant has a status code, such as `NotFound = -1`; the last one may stand for \
                               all other codes: `Other(i32)`";
                return Err(syn::Error::new_spanned(variant, message));
            }
        }
    }
    Ok(())
}

/// Returns a number of 32 bits, if the expression is one.
pub(super) fn code_of(code: &syn::Expr) -> Option<i32> {
    match code {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            number.base10_parse().ok()
        }
        syn::Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => match &**expr {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
                number.base10_parse::<i64>().ok().and_then(|number| i32::try_from(-number).ok())
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_i32(fields: &syn::FieldsUnnamed) -> bool {
    let mut fields = fields.unnamed.iter();
    let is_it =
        |field: &syn::Field| matches!(&field.ty, Type::Path(path) if path.path.is_ident("i32"));
    fields.next().is_some_and(is_it) && fields.next().is_none()
}

/// Checks that no name is there twice.
fn unique(names: &[&Ident], message: &str) -> syn::Result<()> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(**name)) {
        None => Ok(()),
        Some(name) => Err(syn::Error::new(name.span(), message)),
    }
}

/// `mod env { … }`, or `mod "wasi:io/streams" { … }`.
fn module(input: ParseStream<'_>) -> syn::Result<SignedModule> {
    let line = input.parse::<Token![mod]>()?.span.start().line;
    let name = if input.peek(syn::LitStr) {
        input.parse::<syn::LitStr>()?.value()
    } else {
        input.parse::<Ident>()?.to_string()
    };
    let content;
    syn::braced!(content in input);
    let mut signatures = Vec::new();
    while !content.is_empty() {
        let attributes = content.call(syn::Attribute::parse_outer)?;
        signatures.push(signature(&content, attributes)?);
    }
    Ok(SignedModule { name, line, signatures })
}

fn signature(input: ParseStream<'_>, attributes: Vec<syn::Attribute>) -> syn::Result<Signature> {
    let signature: syn::Signature = input.parse()?;
    input.parse::<Token![;]>()?;
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &signature.generics,
            "a wasm function has no generic parameters",
        ));
    }
    let mut name = None;
    let mut docs = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("doc") {
            docs.push(attribute);
        } else if attribute.path().is_ident("name") {
            name = Some(string(&attribute)?);
        } else {
            return Err(syn::Error::new_spanned(
                attribute,
                "expected `name = \"…\"` or a doc comment",
            ));
        }
    }
    let mut params = Vec::new();
    for input in &signature.inputs {
        let syn::FnArg::Typed(syn::PatType { pat, ty, .. }) = input else {
            return Err(syn::Error::new_spanned(input, "a wasm function has no `self`"));
        };
        let syn::Pat::Ident(pattern) = &**pat else {
            return Err(syn::Error::new_spanned(pat, "expected a name"));
        };
        params.push((parameter_name(&pattern.ident)?, ty_of(ty)?));
    }
    unique(
        &params.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "two parameters have this name",
    )?;
    let (result, error) = match &signature.output {
        ReturnType::Default => (Ty::Unit, None),
        ReturnType::Type(_, ty) => match fallible(ty)? {
            Some((value, error)) => (ty_of(value)?, Some(error.clone())),
            None => (ty_of(ty)?, None),
        },
    };
    let (text, line) = (text(&signature), signature.ident.span().start().line);
    Ok(Signature { name, ident: signature.ident, docs, params, result, error, text, line })
}

/// Returns value and error of a `Result`.
fn fallible(ty: &Type) -> syn::Result<Option<(&Type, &Type)>> {
    let Type::Path(path) = ty else { return Ok(None) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return Ok(None);
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Ok(None) };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match types.collect::<Vec<_>>().as_slice() {
        [value, error @ Type::Path(_)] => Ok(Some((value, error))),
        _ => {
            let message =
                "a `Result` has a value and an enum of status codes, such as `Result<u32, Status>`";
            Err(syn::Error::new_spanned(ty, message))
        }
    }
}

/// The parameter's name, changed if generated functions use it themselves.
fn parameter_name(ident: &Ident) -> syn::Result<Ident> {
    let name = ident.to_string();
    if name.starts_with("__") {
        let message = "names that begin with `__` are reserved for generated code";
        return Err(syn::Error::new_spanned(ident, message));
    }
    Ok(if TAKEN.contains(&&*name) { format_ident!("{name}_") } else { ident.clone() })
}

fn string(attribute: &syn::Attribute) -> syn::Result<String> {
    let value = &attribute.meta.require_name_value()?.value;
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Ok(text.value()),
        other => Err(syn::Error::new_spanned(other, "expected a string")),
    }
}

/// The signature as the user would write it.
fn text(signature: &syn::Signature) -> String {
    let file = syn::parse_quote!(trait Api { #signature; });
    let printed = prettyplease::unparse(&file);
    let lines: Vec<&str> = printed.lines().map(str::trim).collect();
    let inner = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default().join(" ");
    inner.trim_end_matches(';').replace("( ", "(").replace(", )", ")").trim().to_owned()
}

fn ty_of(ty: &Type) -> syn::Result<Ty> {
    let unknown = || Err(syn::Error::new_spanned(ty, cannot_be_passed(ty)));
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Ok(Ty::Unit),
        Type::Reference(reference) => {
            let mutable = reference.mutability.is_some();
            match &*reference.elem {
                Type::Slice(slice) if mutable => Ok(Ty::ListMut(plain(&slice.elem)?)),
                Type::Slice(slice) => Ok(Ty::List { element: plain(&slice.elem)?, owned: false }),
                Type::Path(path) if path.path.is_ident("str") && !mutable => {
                    Ok(Ty::Str { owned: false })
                }
                Type::Path(path) if path.path.is_ident("CStr") && !mutable => {
                    Ok(Ty::CStr { owned: false })
                }
                other @ (Type::Path(_) | Type::Array(_)) if mutable => {
                    Ok(Ty::RefMut(plain(other)?))
                }
                other @ (Type::Path(_) | Type::Array(_)) => Ok(Ty::Ref(plain(other)?)),
                _ => unknown(),
            }
        }
        Type::Array(_) => Ok(Ty::Plain(ty.clone())),
        Type::Path(path) => named(ty, path),
        _ => unknown(),
    }
}

/// Returns the message for a type that is none of a parameter or result.
fn cannot_be_passed(ty: &Type) -> String {
    let shown = shown(&quote::ToTokens::to_token_stream(ty));
    format!("`{shown}` cannot be passed between host and guest: {TYPES}")
}

fn named(ty: &Type, path: &syn::TypePath) -> syn::Result<Ty> {
    let Some(last) = path.path.segments.last() else { return Ok(Ty::Plain(ty.clone())) };
    let name = last.ident.to_string();
    if path.path.segments.len() > 1 {
        return Ok(Ty::Plain(ty.clone()));
    }
    let argument = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty.clone()),
            _ => None,
        },
        _ => None,
    };
    Ok(match (name.as_str(), argument) {
        ("String", None) => Ty::Str { owned: true },
        ("CString", None) => Ty::CStr { owned: true },
        ("Len", None) => Ty::Len,
        ("GuestStr", None) => Ty::GuestSpan(syn::parse_quote!(__rt::GuestStr)),
        ("Vec", Some(element)) => Ty::List { element: plain(&element)?, owned: true },
        ("Out", Some(inner)) => Ty::Out(plain(&inner)?),
        ("GuestSlice", Some(inner)) => {
            plain(&inner)?;
            Ty::GuestSpan(syn::parse_quote!(__rt::GuestSlice<#inner>))
        }
        ("GuestPtr", Some(inner)) => Ty::GuestPtr(syn::parse_quote!(__rt::GuestPtr<#inner>)),
        ("Option", Some(inner)) => match ty_of(&inner)? {
            inner @ (Ty::Str { .. } | Ty::CStr { .. } | Ty::List { .. } | Ty::Ref(_)) => {
                Ty::Optional(Box::new(inner))
            }
            _ => {
                return Err(syn::Error::new_spanned(
                    &inner,
                    "only text, slices and references can be optional, because they are passed by pointer",
                ));
            }
        },
        (scalar, None) if SCALARS.contains(&scalar) => Ty::Scalar(last.ident.clone()),
        ("usize" | "isize", None) => {
            let message = "the guest's sizes are `u32`";
            return Err(syn::Error::new_spanned(ty, message));
        }
        ("str" | "CStr", None) => {
            let message = format!("`{name}` is passed by reference: write `&{name}`");
            return Err(syn::Error::new_spanned(ty, message));
        }
        (name, _) if NOT_PLAIN.contains(&name) => {
            return Err(syn::Error::new_spanned(ty, cannot_be_passed(ty)));
        }
        _ => Ty::Plain(plain(ty)?),
    })
}
