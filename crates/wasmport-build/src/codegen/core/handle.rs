//! `FooCalls`: the functions of a core module's session as methods of a handle.

use super::plan::{ExportKind, Plan, PlannedExport};
use super::session;
use crate::codegen::handle::{Call, Calls};
use crate::interface::{FuncType, ValType};
use proc_macro2::TokenStream;

/// The trait for handles; none unless it is chosen.
pub(super) fn calls(plan: &Plan<'_>) -> TokenStream {
    let Some((ident, handles)) = &plan.handles else { return TokenStream::new() };
    let (mut calls, mut left_out) = (Vec::new(), Vec::new());
    let of_allocator = plan.declared_convention().map(|own| own.functions()).unwrap_or_default();
    for export in &plan.exports {
        let ExportKind::Func { ty, .. } = &export.kind else { continue };
        let is_free = has_own_values(export, ty) && !of_allocator.contains(&export.name);
        let call = is_free
            .then(|| Call::of(handles, export.name, session::method(plan, export), plan.is_async));
        match call.flatten() {
            Some(call) => calls.push(call),
            None => left_out.push(export.name.to_owned()),
        }
    }
    let of_handle = Calls {
        vis: plan.vis.clone(),
        ident: ident.clone(),
        session: &plan.session,
        calls,
        left_out,
        is_async: plan.is_async,
        data: super::calls::Calls::of(plan).bounds,
        accessors: Vec::new(),
    };
    of_handle.write()
}

/// Whether no value of the function is a reference into the store.
fn has_own_values(export: &PlannedExport<'_>, ty: &FuncType) -> bool {
    // Signatures of `api` copy all values.
    matches!(export.kind, ExportKind::Func { shape: Some(_), .. })
        || !ty.types().any(|ty| matches!(ty, ValType::Ref(_)))
}
