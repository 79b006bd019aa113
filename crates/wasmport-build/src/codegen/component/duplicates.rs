//! Names of WIT that are one name in Rust: found before rustc does.

use super::super::docs::code;
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Expr, Fields, FnArg, ImplItem, Item, Pat, Signature, Stmt, TraitItem, Type, UseTree};

/// Checks `items` throughout.
///
/// # Errors
///
/// Where one name is defined twice.
pub(super) fn check(items: &[Item]) -> Result<(), String> {
    all(items.iter().filter_map(type_name))?;
    let mut methods: BTreeMap<String, Vec<&Ident>> = BTreeMap::new();
    for item in items {
        match item {
            Item::Mod(module) => {
                let items = module.content.as_ref().map(|(_, items)| items.as_slice());
                check(items.unwrap_or_default())?;
            }
            Item::Const(item) => {
                if let Expr::Block(block) = &*item.expr {
                    let items = block.block.stmts.iter().filter_map(|stmt| match stmt {
                        Stmt::Item(item) => Some(item.clone()),
                        _ => None,
                    });
                    check(&items.collect::<Vec<_>>())?;
                }
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

/// The name that an item adds to those of types.
pub(super) fn type_name(item: &Item) -> Option<&Ident> {
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

fn all<'a>(idents: impl IntoIterator<Item = &'a Ident>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let twice = idents.into_iter().find(|ident| !seen.insert(*ident));
    twice.map_or(Ok(()), |ident| {
        Err(format!(
            "two of the component's names come down to {} in Rust: no wrapper can have both",
            code(ident)
        ))
    })
}
