//! The pass that moves `flags!` into modules of their own.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use heck::ToSnakeCase as _;
use proc_macro2::{Ident, TokenTree};
use quote::format_ident;
use std::mem;
use syn::{Item, ItemMacro, parse_quote};

/// Puts each `flags!` into a module whose lints and crate are those that it needs.
pub(super) fn flags_modules(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut hits = 0;
        for item in mem::take(items) {
            let Item::Macro(own) = item else {
                items.push(item);
                continue;
            };
            let ty = flags_type(&own).ok_or_else(|| Unexpected::new("flags", "a macro"))?;
            items.extend(module(&own, &ty));
            hits += 1;
        }
        Ok(hits)
    })
}

fn flags_type(item: &ItemMacro) -> Option<Ident> {
    let is_flags = item.mac.path.segments.last()?.ident == "flags";
    match item.mac.tokens.clone().into_iter().next()? {
        TokenTree::Ident(ty) if is_flags => Some(ty),
        _ => None,
    }
}

fn module(item: &ItemMacro, ty: &Ident) -> [Item; 2] {
    let module = format_ident!("__{}", ty.to_string().to_snake_case());
    let (docs, tokens) = (&item.attrs, &item.mac.tokens);
    [
        parse_quote! {
            #[allow(missing_docs, reason = "the macro writes none")]
            mod #module {
                use ::wasmport::wasmtime;

                wasmtime::component::flags!(#tokens);
            }
        },
        parse_quote! {
            #(#docs)*
            pub use #module::#ty;
        },
    ]
}
