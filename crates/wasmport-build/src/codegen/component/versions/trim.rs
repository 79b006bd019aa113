//! What older versions do without: programs start their guests through the session of all versions.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{ImplItem, Item, Type, parse_quote};

/// Removes `FooPre` of the wrapper `ty`, and what instantiates with it.
pub(super) fn without_pre(items: &mut Vec<Item>, ty: &Ident) {
    let (pre, indices) = (format_ident!("{ty}Pre"), format_ident!("{ty}Indices"));
    items.retain(|item| match item {
        Item::Struct(own) => own.ident != pre,
        Item::Impl(own) => self_ident(&own.self_ty).is_none_or(|ident| *ident != pre),
        _ => true,
    });
    for item in items {
        match item {
            Item::Impl(own) if self_ident(&own.self_ty).is_some_and(|ident| ident == ty) => {
                own.items.retain(|item| match item {
                    ImplItem::Fn(function) => {
                        !function.sig.ident.to_string().starts_with("instantiate")
                    }
                    _ => true,
                });
            }
            // Its documentation leads to the type that is removed.
            Item::Struct(own) if own.ident == indices => {
                own.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
                own.attrs.insert(
                    0,
                    parse_quote!(#[doc = " The places of the exports in the component."]),
                );
            }
            _ => {}
        }
    }
}

fn self_ident(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}
