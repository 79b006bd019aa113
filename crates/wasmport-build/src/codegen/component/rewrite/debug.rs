//! Passes over the implementations of `Debug`.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use std::collections::BTreeSet;
use syn::{Expr, ExprMethodCall, ImplItem, Item, ItemImpl, Lit, Member, Stmt, parse_quote};

/// Derives `Debug` for records if that writes the same.
pub(super) fn derived_debug(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let structs: BTreeSet<Ident> = items
            .iter()
            .filter_map(|item| match item {
                Item::Struct(item) => Some(item.ident.clone()),
                _ => None,
            })
            .collect();
        let mut derived = BTreeSet::new();
        for item in items.iter() {
            let Some((ty, body)) = debug_of(item).filter(|(ty, _)| structs.contains(*ty)) else {
                continue;
            };
            if writes_what_derived_would(body)
                .ok_or_else(|| Unexpected::new("a call for each field", ty))?
            {
                let _ = derived.insert(ty.clone());
            }
        }
        let is_derived = |item: &Item| debug_of(item).is_some_and(|(ty, _)| derived.contains(ty));
        items.retain(|item| !is_derived(item));
        for item in items {
            if let Item::Struct(item) = item
                && derived.contains(&item.ident)
            {
                item.attrs.push(parse_quote!(#[derive(Debug)]));
            }
        }
        Ok(derived.len())
    })
}

/// The type and the body of an implementation of `Debug`.
fn debug_of(item: &Item) -> Option<(&Ident, &Expr)> {
    let Item::Impl(item) = item else { return None };
    let body = debug_body(item)?;
    Some((tree::type_ident(&item.self_ty)?, body))
}

fn debug_body(item: &ItemImpl) -> Option<&Expr> {
    let (path, _) = item.trait_.as_ref()?;
    let [ImplItem::Fn(function)] = item.items.as_slice() else { return None };
    let is_debug = path.segments.last().is_some_and(|last| last.ident == "Debug");
    tree::only_expr(&function.block).filter(|_| is_debug)
}

/// Returns the body of `fmt` in an implementation of `Debug`.
pub(super) fn debug_body_mut(item: &mut ItemImpl) -> Option<&mut Expr> {
    let _ = debug_body(item)?;
    let [ImplItem::Fn(function)] = item.items.as_mut_slice() else { return None };
    match function.block.stmts.as_mut_slice() {
        [Stmt::Expr(body, None)] => Some(body),
        _ => None,
    }
}

/// Returns whether each field has one name in `f.debug_struct("T").field("a", &self.a).finish()`.
fn writes_what_derived_would(body: &Expr) -> Option<bool> {
    let Expr::MethodCall(finish) = body else { return None };
    if finish.method != "finish" {
        // Some fields are left out.
        return Some(false);
    }
    let mut call = &*finish.receiver;
    while let Expr::MethodCall(own) = call {
        if own.method != "field" {
            return (own.method == "debug_struct").then_some(true);
        }
        if !is_same_name(own)? {
            return Some(false);
        }
        call = &own.receiver;
    }
    None
}

fn is_same_name(field: &ExprMethodCall) -> Option<bool> {
    let Expr::Reference(value) = field.args.last()? else { return None };
    let Expr::Field(value) = &*value.expr else { return None };
    let Member::Named(member) = &value.member else { return None };
    let name = literal(field.args.first()?)?;
    Some(*member == name)
}

/// Shortens `match self { E::A => { f.debug_tuple("E::A").finish() } }` if no case has a value.
pub(super) fn short_debug(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::impls(items, &mut |item| {
        let Some(Expr::Match(cases)) = debug_body(item) else { return Ok(0) };
        let mut short = cases.clone();
        for arm in &mut short.arms {
            if !matches!(arm.pat, syn::Pat::Path(_)) {
                return Ok(0);
            }
            let name =
                case_name(&arm.body).ok_or_else(|| Unexpected::new("the name of a case", "fmt"))?;
            *arm.body = name;
        }
        let [ImplItem::Fn(function)] = item.items.as_mut_slice() else { return Ok(0) };
        function.block = parse_quote!({ f.write_str(#short) });
        Ok(1)
    })
}

fn case_name(body: &Expr) -> Option<Expr> {
    let body = match body {
        Expr::Block(block) => tree::only_expr(&block.block)?,
        other => other,
    };
    let Expr::MethodCall(finish) = body else { return None };
    let Expr::MethodCall(tuple) = &*finish.receiver else { return None };
    tuple.args.first().filter(|_| tuple.method == "debug_tuple").cloned()
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
