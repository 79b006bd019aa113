//! Passes over the methods that call exported functions.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use quote::format_ident;
use syn::{Block, Expr, ImplItemFn, Item, Pat, Stmt, parse_quote};

/// Makes one call of the body of each `call_…`; async ones stay as they are.
pub(super) fn short_calls(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::methods(items, &mut |_, function| {
        if !tree::is_call(function) || function.sig.asyncness.is_some() {
            return Ok(0);
        }
        let Some(block) = short_call(function) else {
            return Err(Unexpected::new("a callee, its call and the result", &function.sig.ident));
        };
        function.block = block;
        tree::parameters(&mut function.sig).for_each(|pat| pat.mutability = None);
        Ok(1)
    })
}

fn short_call(function: &ImplItemFn) -> Option<Block> {
    let [Stmt::Local(callee), Stmt::Local(results), Stmt::Expr(_, None)] =
        function.block.stmts.as_slice()
    else {
        return None;
    };
    let callee = &callee.init.as_ref()?.expr;
    let Expr::Try(called) = &*results.init.as_ref()?.expr else { return None };
    let Expr::MethodCall(call) = &*called.expr else { return None };
    let params = call.args.last().filter(|_| call.method == "call")?;
    let is_unit = matches!(&results.pat, Pat::Tuple(pat) if pat.elems.is_empty());
    let helper = format_ident!("{}", if is_unit { "call_unit" } else { "call_func" });
    Some(parse_quote!({ __rt::#helper(#callee, store, #params) }))
}

/// Replaces the `unsafe` block of each `func_…`.
pub(super) fn typed_functions(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::methods(items, &mut |_, function| {
        if !tree::is_typed_func(function) {
            return Ok(0);
        }
        let Some(func) = unchecked_func(&function.block) else {
            let expected = "`TypedFunc::new_unchecked` in an unsafe block";
            return Err(Unexpected::new(expected, &function.sig.ident));
        };
        function.block = parse_quote!({ __rt::typed_func!(#func) });
        Ok(1)
    })
}

fn unchecked_func(block: &Block) -> Option<Expr> {
    let Expr::Unsafe(block) = tree::only_expr(block)? else { return None };
    let expr = tree::only_expr(&block.block)?;
    let Expr::Call(call) = expr else { return None };
    call.args
        .first()
        .filter(|_| tree::called(expr).is_some_and(|own| own == "new_unchecked"))
        .cloned()
}
