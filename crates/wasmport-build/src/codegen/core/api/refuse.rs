//! Refusals: signatures that no function can have, or that a convention cannot pass.

use super::convention::ResolvedConvention;
use super::error::ApiError;
use super::signature::{Signature, Ty};
use crate::codegen::types::is_wide;
use crate::interface::FuncType;
use crate::settings::Form;
use proc_macro2::Ident;

/// Refuses parameters that cannot be passed; `why_not` has the reasons that exports and imports do not
/// share.
pub(super) fn refuse(
    signature: &Signature,
    convention: &ResolvedConvention,
    why_not: impl Fn(&Ty) -> Option<&'static str>,
) -> Result<(), ApiError> {
    let object = convention.has_objects();
    for (name, ty) in &signature.params {
        let reason = match ty {
            Ty::Unit => Some("has no value"),
            Ty::ListMut(_) if object => {
                Some("is an object of AssemblyScript, which is not copied back: write `&[…]`")
            }
            other => why_not(other),
        };
        if let Some(reason) = reason {
            let (text, parameter) = (signature.text.clone(), name.to_string());
            return Err(ApiError::Parameter { text, parameter, reason });
        }
    }
    let lens = signature.params.iter().filter(|(_, ty)| matches!(ty, Ty::Len)).count();
    if lens > 1 {
        return Err(ApiError::TwoLens(signature.text.clone()));
    }
    let result = signature.result.bare();
    if lens == 1 && !matches!(result, Ty::Str { .. } | Ty::List { .. }) {
        let result = match result {
            Ty::Unit => "nothing".into(),
            Ty::CStr { .. } => format!("`{result}`, which a null ends"),
            other => format!("`{other}`"),
        };
        return Err(ApiError::LenOfNothing { text: signature.text.clone(), result });
    }
    Ok(())
}

/// Refuses functions with more parameters or results than Wasmtime's tuples have.
pub(super) fn refuse_wide(signature: &Signature, ty: &FuncType) -> Result<(), ApiError> {
    if ty.nominal || is_wide(ty) {
        return Err(ApiError::Wide(signature.text.clone()));
    }
    Ok(())
}

/// Refuses what does not fit into a buffer whose content begins at its start; `returns_len` if the result lies there.
pub(super) fn check_buffer(
    signature: &Signature,
    convention: &ResolvedConvention,
    arguments: Form,
    returns_len: bool,
) -> Result<(), ApiError> {
    let is_content = |ty: &Ty| matches!(ty, Ty::Str { .. } | Ty::List { .. });
    let is_at_start =
        |ty: &Ty| is_content(ty.bare()) && matches!(arguments, Form::Len | Form::None);
    let pointers: Vec<_> =
        signature.params.iter().filter(|(_, ty)| !matches!(ty, Ty::Scalar(_))).collect();
    let refused = |(name, _): &(Ident, Ty), reason| {
        let (text, parameter) = (signature.text.clone(), name.to_string());
        Err(ApiError::Parameter { text, parameter, reason })
    };
    if pointers.iter().any(|(_, ty)| is_at_start(ty)) {
        if let Some(optional) = pointers.iter().find(|(_, ty)| matches!(ty, Ty::Optional(_))) {
            return refused(
                optional,
                "lies at the start of the buffer, which is always there: remove `Option`",
            );
        }
        if let Some(other) = pointers.get(1) {
            return refused(
                other,
                "does not fit: the buffer has room for one text or list at its start",
            );
        }
    }
    if returns_len {
        if matches!(signature.result, Ty::Optional(_)) {
            let (text, result) = (signature.text.clone(), signature.result.to_string());
            return Err(ApiError::Result { text, result });
        }
        let is_read_back =
            |ty: &Ty| matches!(ty, Ty::Out(_) | Ty::ListMut(_) | Ty::RefMut(_) | Ty::Len);
        let written = pointers.iter().find(|(_, ty)| convention.has_buffer() && is_read_back(ty));
        if let Some(written) = written {
            return refused(written, "lies in the buffer, which has the result after the call");
        }
    }
    Ok(())
}

/// Refuses text as the error of a function that returns a status code.
pub(super) fn refuse_text_as_error(signature: &Signature) -> Result<(), ApiError> {
    match signature.has_text_error() {
        true => Err(ApiError::TextAsError(signature.text.clone())),
        false => Ok(()),
    }
}
