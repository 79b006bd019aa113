//! The check for names of WIT that become one name in Rust, before rustc finds them.

use super::error::RewriteError;
use crate::codegen::docs::code;
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Fields, FnArg, ImplItem, Item, Pat, Signature, TraitItem, Type, UseTree};

/// Checks `items` throughout.
///
/// # Errors
///
/// Fails with [`RewriteError::Duplicate`] if one name is defined twice.
pub(super) fn check(items: &[Item]) -> Result<(), RewriteError> {
    all(items.iter().filter_map(type_name))?;
    let mut methods: BTreeMap<String, Vec<&Ident>> = BTreeMap::new();
    for item in items {
        match item {
            Item::Mod(module) => {
                let items = module.content.as_ref().map(|(_, items)| items.as_slice());
                check(items.unwrap_or_default())?;
            }
            Item::Struct(item) => {
                if let Fields::Named(fields) = &item.fields {
                    all(fields.named.iter().filter_map(|field| field.ident.as_ref()))?;
                }
            }
            Item::Enum(item) => all(item.variants.iter().map(|variant| &variant.ident))?,
            Item::Trait(item) => {
                let functions = item.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(function) => Some(&function.sig),
                    _ => None,
                });
                all(functions.clone().map(|signature| &signature.ident))?;
                functions.map(parameters).try_for_each(all)?;
            }
            Item::Impl(item) if item.trait_.is_none() => {
                if let Type::Path(path) = &*item.self_ty
                    && let Some(last) = path.path.segments.last()
                {
                    let own = item.items.iter().filter_map(|item| match item {
                        ImplItem::Fn(function) => Some(&function.sig.ident),
                        _ => None,
                    });
                    methods.entry(last.ident.to_string()).or_default().extend(own);
                }
            }
            _ => {}
        }
    }
    methods.into_values().try_for_each(all)
}

/// Returns the name that an item defines among those of types.
pub(in super::super) fn type_name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Enum(item) => Some(&item.ident),
        Item::Mod(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Use(item) => imported(&item.tree),
        _ => None,
    }
}

fn parameters(signature: &Signature) -> Vec<&Ident> {
    let patterns = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pattern) => Some(&pattern.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    patterns.collect()
}

fn imported(tree: &UseTree) -> Option<&Ident> {
    match tree {
        UseTree::Path(path) => imported(&path.tree),
        UseTree::Name(name) => Some(&name.ident),
        UseTree::Rename(renamed) => Some(&renamed.rename),
        _ => None,
    }
}

fn all<'a>(idents: impl IntoIterator<Item = &'a Ident>) -> Result<(), RewriteError> {
    let mut seen = BTreeSet::new();
    let twice = idents.into_iter().find(|ident| !seen.insert(*ident));
    twice.map_or(Ok(()), |ident| Err(RewriteError::Duplicate(code(ident))))
}
