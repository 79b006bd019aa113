//! The pass that joins the derived traits of a type.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Path, Token, parse_quote};

/// Makes one `#[derive(…)]` of several: the standard library's traits and the user's, then Wasmtime's.
pub(super) fn one_derive(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut hits = 0;
        for item in items {
            let (ident, attributes) = match item {
                Item::Enum(item) => (&item.ident, &mut item.attrs),
                Item::Struct(item) => (&item.ident, &mut item.attrs),
                _ => continue,
            };
            let joined =
                join(attributes).ok_or_else(|| Unexpected::new("paths of derive macros", ident))?;
            hits += usize::from(joined);
        }
        Ok(hits)
    })
}

fn join(attributes: &mut Vec<Attribute>) -> Option<bool> {
    let is_derive = |attribute: &Attribute| attribute.path().is_ident("derive");
    let at = attributes.iter().position(is_derive);
    let Some(at) = at.filter(|_| attributes.iter().filter(|a| is_derive(a)).count() > 1) else {
        return Some(false);
    };
    let mut paths: Vec<Path> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_derive(attribute)) {
        let list = Punctuated::<Path, Token![,]>::parse_terminated;
        paths.extend(attribute.parse_args_with(list).ok()?);
    }
    let is_wasmtime =
        |path: &Path| path.segments.iter().nth(1).is_some_and(|s| s.ident == "wasmtime");
    let (wasmtime, mut all): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_wasmtime);
    // Attributes are no paths for the pass that shortens these.
    all.extend(wasmtime.into_iter().filter_map(|path| {
        let last = path.segments.last()?;
        Some(parse_quote!(__rt::#last))
    }));
    attributes.retain(|attribute| !is_derive(attribute));
    attributes.insert(at, parse_quote!(#[derive(#(#all),*)]));
    Some(true)
}
