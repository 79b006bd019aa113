//! Passes over the functions that define imports in a linker.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use syn::{
    Expr, ImplItem, ImplItemFn, Item, Path, Stmt, TypeParamBound, WherePredicate, parse_quote,
};

/// Removes WASI from `add_to_linker`, and the function if nothing else is left in it.
pub(super) fn host_linker(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    if context.wasi_roots.is_empty() {
        return Ok(0);
    }
    let mut hits = 0;
    for item in items {
        let Item::Impl(item) = item else { continue };
        item.items.retain_mut(|item| match item {
            ImplItem::Fn(function) if function.sig.ident == "add_to_linker" => {
                hits += without_wasi(function, context);
                // The last statement is `Ok(())`.
                function.block.stmts.len() > 1
            }
            _ => true,
        });
    }
    if hits != context.wasi_roots.len() {
        return Err(Unexpected::new("one call for each interface of WASI", "add_to_linker"));
    }
    Ok(hits)
}

/// Removes the bounds and calls; returns the number of calls.
fn without_wasi(function: &mut ImplItemFn, context: &Context<'_>) -> usize {
    let is_wasi = |path: &Path| {
        let first = path.segments.first();
        first.is_some_and(|first| context.wasi_roots.contains(&first.ident.to_string()))
    };
    let clause = &mut function.sig.generics.where_clause;
    for predicate in clause.iter_mut().flat_map(|clause| &mut clause.predicates) {
        let WherePredicate::Type(predicate) = predicate else { continue };
        let others = predicate.bounds.iter().filter(|bound| match bound {
            TypeParamBound::Trait(bound) => !is_wasi(&bound.path),
            _ => true,
        });
        predicate.bounds = others.cloned().collect();
        if predicate.bounds.is_empty() {
            predicate.bounds.push(parse_quote!(::wasmport::wasmtime::component::HasData));
        }
    }
    let before = function.block.stmts.len();
    function.block.stmts.retain(|stmt| match stmt {
        Stmt::Expr(Expr::Try(call), _) => match &*call.expr {
            Expr::Call(call) => !tree::path_of(&call.func).is_some_and(is_wasi),
            _ => true,
        },
        _ => true,
    });
    before - function.block.stmts.len()
}

/// Uses the parameters of linkers that define nothing.
pub(super) fn used_parameters(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut hits = 0;
        for item in items {
            let Item::Fn(function) = item else { continue };
            if function.sig.ident != "add_to_linker_instance" || function.block.stmts.len() > 1 {
                continue;
            }
            let idents: Vec<Ident> =
                tree::parameters(&mut function.sig).map(|pat| pat.ident.clone()).collect();
            let stmt: Stmt = parse_quote!(let _ = (#(#idents),*););
            function.block.stmts.insert(0, stmt);
            hits += 1;
        }
        Ok(hits)
    })
}
