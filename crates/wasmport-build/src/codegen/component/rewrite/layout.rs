//! The pass over the checks of how types lie in the guest's memory.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use std::mem;
use syn::{BinOp, Expr, Item, Stmt, Type, parse_quote};

/// Makes one line of each check, at the end of its module.
pub(super) fn layout_checks(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut checks = Vec::new();
        let mut others = Vec::new();
        for item in mem::take(items) {
            match &item {
                Item::Const(own) if own.ident == "_" => {
                    checks.push(check(&own.expr).ok_or_else(|| {
                        Unexpected::new("the assertions of a size and an alignment", &own.ident)
                    })?)
                }
                _ => others.push(item),
            }
        }
        let hits = checks.len();
        *items = others.into_iter().chain(checks).collect();
        Ok(hits)
    })
}

fn check(expr: &Expr) -> Option<Item> {
    let Expr::Block(block) = expr else { return None };
    let [size, align] = block.block.stmts.as_slice() else { return None };
    let ((ty, size), (_, align)) = (assertion(size)?, assertion(align)?);
    Some(parse_quote!(const _: () = __rt::check_layout::<#ty>(#size, #align);))
}

/// The type and the number of `assert!(1 == <T as …>::SIZE32);`.
fn assertion(stmt: &Stmt) -> Option<(Type, Expr)> {
    let Stmt::Macro(assert) = stmt else { return None };
    let Expr::Binary(equal) = syn::parse2(assert.mac.tokens.clone()).ok()? else { return None };
    let Expr::Path(constant) = &*equal.right else { return None };
    let ty = &constant.qself.as_ref()?.ty;
    matches!(equal.op, BinOp::Eq(_)).then(|| ((**ty).clone(), (*equal.left).clone()))
}
