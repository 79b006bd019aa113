//! Resolve: the structs that the types of `api` name.

use super::error::{ApiError, near};
use super::parse::{Parsed, SCALARS, code_of, line};
use super::signature::{Signature, Ty};
use crate::error::did_you_mean;
use proc_macro2::Ident;
use syn::{GenericArgument, ItemStruct, PathArguments, Type};

/// Checks that each name in a type is a number or a struct, and that no struct contains itself.
///
/// # Errors
///
/// Fails with the first name that is neither, and for structs that rustc would refuse.
pub(super) fn check(parsed: &Parsed) -> Result<(), ApiError> {
    let structs = &parsed.structs;
    for (index, item) in structs.iter().enumerate() {
        let name = item.ident.to_string();
        if structs[..index].iter().any(|other| other.ident == item.ident) {
            return Err(ApiError::TwoTypes { line: line(&item.ident), name });
        }
        if inside(structs, item).any(|inside| inside.ident == item.ident) {
            return Err(ApiError::Recursive { line: line(&item.ident), name });
        }
        for field in &item.fields {
            check_type(structs, &field.ty, || format!("struct {name}"))?;
        }
    }
    for (index, item) in parsed.enums.iter().enumerate() {
        let is_struct = structs.iter().any(|other| other.ident == item.ident);
        if is_struct || parsed.enums[..index].iter().any(|other| other.ident == item.ident) {
            let (line, name) = (line(&item.ident), item.ident.to_string());
            return Err(ApiError::TwoTypes { line, name });
        }
    }
    let imports = parsed.imports.iter().flat_map(|module| &module.signatures);
    for Signature { params, result, error, text, .. } in parsed.exports.iter().chain(imports) {
        if let Some(error) = error {
            check_status(parsed, error, text)?;
        }
        for ty in params.iter().map(|(_, ty)| ty).chain([result]) {
            if let Some(ty) = inner(ty) {
                check_type(structs, ty, || text.clone())?;
            }
        }
    }
    Ok(())
}

/// Returns the type in guest memory that a type of a signature is about.
fn inner(ty: &Ty) -> Option<&Type> {
    match ty {
        Ty::List { element: ty, .. }
        | Ty::ListMut(ty)
        | Ty::Ref(ty)
        | Ty::RefMut(ty)
        | Ty::Out(ty)
        | Ty::Plain(ty)
        | Ty::GuestSpan(ty)
        | Ty::GuestPtr(ty) => Some(ty),
        Ty::Optional(ty) => inner(ty),
        Ty::Unit | Ty::Scalar(_) | Ty::Str { .. } | Ty::CStr { .. } | Ty::Len => None,
    }
}

fn check_type(
    structs: &[ItemStruct],
    ty: &Type,
    item: impl Fn() -> String,
) -> Result<(), ApiError> {
    for ident in names(ty) {
        let name = ident.to_string();
        let is_known = SCALARS.contains(&&*name) || structs.iter().any(|item| item.ident == name);
        if is_known {
            continue;
        }
        let names: Vec<String> = structs.iter().map(|item| item.ident.to_string()).collect();
        let known = names.iter().map(String::as_str).chain(SCALARS.iter().copied());
        let help = match near(&name, known) {
            Some(nearest) => did_you_mean(&nearest),
            None => format!(
                "declare it with `struct {name} {{ … }}`, or write the path of a type of yours, such as \
                 `crate::{name}`"
            ),
        };
        return Err(ApiError::UnknownType { line: line(ident), item: item(), name, help });
    }
    Ok(())
}

/// Checks that the error of a `Result` is an enum of `api`, or the path of a type of the user's.
fn check_status(parsed: &Parsed, error: &Type, text: &str) -> Result<(), ApiError> {
    for ident in names(error) {
        let name = ident.to_string();
        // Text is the error of functions of Extism's plug-ins.
        if name == "String" || parsed.enums.iter().any(|item| item.ident == name) {
            continue;
        }
        let known: Vec<String> = parsed.enums.iter().map(|item| item.ident.to_string()).collect();
        let help = match near(&name, known.iter().map(String::as_str)) {
            Some(nearest) => did_you_mean(&nearest),
            None if SCALARS.contains(&&*name) => {
                "declare an `enum` of status codes, such as `enum Status { NotFound = 1 }`, and \
                 write `Result<…, Status>`"
                    .into()
            }
            None => format!(
                "declare it with its status codes, such as `enum {name} {{ NotFound = 1 }}`, or write the path of \
                 a type of yours that implements `wasmport::StatusCode`"
            ),
        };
        return Err(ApiError::UnknownStatus { line: line(ident), item: text.into(), name, help });
    }
    Ok(())
}

/// Checks that no error of a function that returns a status code has the code of success: `ok`, or all that are not
/// negative.
pub(super) fn check_codes(parsed: &Parsed, ok: Option<i32>) -> Result<(), ApiError> {
    let imports = parsed.imports.iter().flat_map(|module| &module.signatures);
    for signature in parsed.exports.iter().chain(imports) {
        // Of integers, the negative ones are errors.
        let returns_status = !matches!(signature.result, Ty::Scalar(_));
        let error = signature.error.iter().filter(|_| returns_status);
        let names: Vec<_> = error.flat_map(names).collect();
        let enums = parsed.enums.iter().filter(|item| names.contains(&&item.ident));
        for variant in enums.flat_map(|item| &item.variants) {
            let code = variant.discriminant.as_ref().and_then(|(_, code)| code_of(code));
            let means_success = |code: &i32| ok.map_or(*code >= 0, |ok| *code == ok);
            if let Some(code) = code.filter(means_success) {
                let (text, name) = (signature.text.clone(), variant.ident.to_string());
                return Err(ApiError::SuccessCode { text, name, code }.at(signature.line));
            }
        }
    }
    Ok(())
}

/// Returns the names in a type that are no paths.
fn names(ty: &Type) -> Vec<&Ident> {
    match ty {
        Type::Array(array) => names(&array.elem),
        Type::Path(path) => {
            let segments = &path.path.segments;
            let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
                return Vec::new();
            };
            match &last.arguments {
                // A pointer or slice of the runtime's.
                PathArguments::AngleBracketed(arguments) if segments.len() > 1 => {
                    let types = arguments.args.iter().filter_map(|argument| match argument {
                        GenericArgument::Type(ty) => Some(names(ty)),
                        _ => None,
                    });
                    types.flatten().collect()
                }
                _ if segments.len() == 1 && path.path.leading_colon.is_none() => vec![&first.ident],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Returns the structs inside of `item`, at any depth.
fn inside<'s>(
    structs: &'s [ItemStruct],
    item: &'s ItemStruct,
) -> impl Iterator<Item = &'s ItemStruct> {
    let mut found: Vec<&ItemStruct> = Vec::new();
    let mut waiting = vec![item];
    while let Some(item) = waiting.pop() {
        for name in item.fields.iter().flat_map(|field| names(&field.ty)) {
            let field = structs.iter().find(|item| item.ident == *name);
            let is_new = |field: &&ItemStruct| !found.iter().any(|item| item.ident == field.ident);
            if let Some(field) = field.filter(is_new) {
                found.push(field);
                waiting.push(field);
            }
        }
    }
    found.into_iter()
}

/// Returns whether all fields are numbers, arrays and structs of `api`, which implement what numbers do.
pub(super) fn has_known_fields(structs: &[ItemStruct], item: &ItemStruct) -> bool {
    let is_known = |item: &ItemStruct| item.fields.iter().all(|field| !names(&field.ty).is_empty());
    is_known(item) && inside(structs, item).all(is_known)
}
