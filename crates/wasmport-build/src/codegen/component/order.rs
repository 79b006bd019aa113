//! The order of items in a wrapper: first what programs use, last what only other items use.

use proc_macro2::Ident;
use quote::format_ident;
use syn::{Item, Type, UseTree};

/// Sorts items: imports, the session, types and traits to implement, modules, the wrapper, and the rest.
pub(super) fn api_first(items: &mut [Item], ty: &Ident) {
    let session = format_ident!("{ty}Session");
    let inner = [format_ident!("{ty}Pre"), format_ident!("{ty}Indices")];
    let rank_of = |own: &Ident| match own {
        own if *own == session => 1,
        own if own == ty => 4,
        own if inner.contains(own) => 5,
        _ => 2,
    };
    items.sort_by_key(|item| match item {
        Item::Use(own) if matches!(&own.tree, UseTree::Path(_)) && is_private(&own.vis) => 0,
        Item::Struct(own) => rank_of(&own.ident),
        Item::Impl(own) => match &*own.self_ty {
            Type::Path(path) => path.path.segments.last().map_or(2, |last| rank_of(&last.ident)),
            _ => 2,
        },
        Item::Mod(_) => 3,
        Item::Macro(_) => 5,
        Item::Const(_) => 6,
        _ => 2,
    });
}

fn is_private(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Inherited)
}
