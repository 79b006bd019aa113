//! Passes that bring the generator's items into the form of other generated code.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use quote::ToTokens as _;
use std::mem;
use syn::{Attribute, Item, ItemMod, ReturnType, Stmt, Type, UseTree, parse_quote};

/// Moves the methods of the wrapper out of `const _: () = { … };`.
pub(super) fn plain_impls(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let mut hits = 0;
    *items = mem::take(items)
        .into_iter()
        .flat_map(|item| match inner_impls(&item) {
            Some(impls) => {
                hits += 1;
                impls
            }
            None => vec![item],
        })
        .collect();
    if hits != 1 {
        return Err(Unexpected::new("the wrapper's methods in one constant", context.ty));
    }
    Ok(hits)
}

fn inner_impls(item: &Item) -> Option<Vec<Item>> {
    let Item::Const(item) = item else { return None };
    let syn::Expr::Block(block) = &*item.expr else { return None };
    let stmts = block.block.stmts.iter().map(|stmt| match stmt {
        Stmt::Item(item @ Item::Impl(_)) => Some(item.clone()),
        _ => None,
    });
    stmts.collect()
}

/// Imports the support module at the top, and in each module of code instead of `Box`.
pub(super) fn one_import(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    let import: Item = parse_quote!(
        use ::wasmport::support::component as __rt;
    );
    let mut hits = 1;
    for item in items.iter_mut() {
        let Item::Mod(ItemMod { content: Some((_, items)), .. }) = item else { continue };
        hits += tree::modules(items, &mut |items| {
            let mut imports = items.iter_mut().filter(|item| is_use_of_box(item));
            if let Some(own) = imports.next() {
                *own = import.clone();
                return Ok(1);
            }
            let is_code = |item: &&Item| !matches!(item, Item::Mod(_) | Item::Use(_));
            items.iter().find(is_code).map_or(Ok(0), |item| {
                Err(Unexpected::new("an import of `Box` in each module of code", shown(item)))
            })
        })?;
    }
    items.insert(0, import);
    Ok(hits)
}

fn is_use_of_box(item: &Item) -> bool {
    let Item::Use(item) = item else { return false };
    let mut tree = &item.tree;
    while let UseTree::Path(path) = tree {
        tree = &path.tree;
    }
    matches!(tree, UseTree::Name(name) if name.ident == "Box")
}

/// The beginning of an item, for messages.
fn shown(item: &Item) -> String {
    item.to_token_stream().to_string().chars().take(80).collect()
}

/// Removes `#[allow(…)]`.
pub(super) fn own_lints(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let attributes = items.iter_mut().filter_map(|item| match item {
            Item::Mod(module) => Some(&mut module.attrs),
            Item::Use(item) => Some(&mut item.attrs),
            _ => None,
        });
        let is_allow = |attribute: &Attribute| attribute.path().is_ident("allow");
        Ok(attributes
            .map(|attributes| {
                let before = attributes.len();
                attributes.retain(|attribute| !is_allow(attribute));
                before - attributes.len()
            })
            .sum())
    })
}

/// Removes `-> ()`.
pub(super) fn unit_results(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::signatures(items, &mut |signature| {
        let is_unit = matches!(&signature.output, ReturnType::Type(_, ty)
            if matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()));
        if is_unit {
            signature.output = ReturnType::Default;
        }
        Ok(usize::from(is_unit))
    })
}
