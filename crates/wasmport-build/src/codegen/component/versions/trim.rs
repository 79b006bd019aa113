//! Removal of items that older versions do not need: the session of all versions starts their guests.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, LitStr, Meta, Type, parse_quote};

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
            Item::Struct(own) if own.ident == *ty => {
                own.attrs.iter_mut().for_each(|attribute| link_to_session(attribute, ty));
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

/// Lets a link to the session lead to that of all versions.
fn link_to_session(attribute: &mut Attribute, ty: &Ident) {
    if let Meta::NameValue(meta) = &mut attribute.meta
        && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &mut meta.value
    {
        let (own, of_all) =
            (format!("[`{ty}Session`]"), format!("[`{ty}Session`](super::{ty}Session)"));
        *text = LitStr::new(&text.value().replace(&own, &of_all), text.span());
    }
}

fn self_ident(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}
