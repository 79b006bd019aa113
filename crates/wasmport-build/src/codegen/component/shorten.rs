//! What the generator says in many words, and the runtime can do: rustc's time for a wrapper goes with
//! what is in its functions.

use quote::format_ident;
use syn::{Expr, FnArg, ImplItemFn, Pat, Stmt, parse_quote};

/// Has a function that calls the guest do so in one call. Those that wait stay as they are.
pub(super) fn call(function: &mut ImplItemFn) {
    let [Stmt::Local(callee), Stmt::Local(results), _] = function.block.stmts.as_slice() else {
        return;
    };
    let (Some(callee), Some(called)) = (&callee.init, &results.init) else { return };
    let Expr::Try(called) = &*called.expr else { return };
    let Expr::MethodCall(call) = &*called.expr else { return };
    let (true, Some(params)) = (call.method == "call", call.args.last()) else { return };
    let is_unit = matches!(&results.pat, Pat::Tuple(pat) if pat.elems.is_empty());
    let helper = format_ident!("{}", if is_unit { "call_unit" } else { "call_func" });
    let callee = &callee.expr;
    function.block = parse_quote!({ ::wasmport::support::#helper(#callee, store, #params) });
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(input) = input
            && let Pat::Ident(pat) = &mut *input.pat
        {
            pat.mutability = None;
        }
    }
}

/// In place of a block that looks up a function of the world and checks its type.
pub(super) fn exported_func(expr: &Expr) -> Option<Expr> {
    let Expr::Block(block) = expr else { return None };
    let [Stmt::Local(found), Stmt::Expr(Expr::Match(checked), None)] = &*block.block.stmts else {
        return None;
    };
    let Expr::Try(found) = &*found.init.as_ref()?.expr else { return None };
    let Expr::MethodCall(found) = &*found.expr else { return None };
    let Expr::MethodCall(export) = &*found.receiver else { return None };
    let name = export.args.last().filter(|_| export.method == "get_export")?;
    let Expr::Block(checked) = &*checked.arms.first()?.body else { return None };
    let Stmt::Expr(Expr::Try(checked), _) = checked.block.stmts.first()? else { return None };
    let Expr::Call(checked) = &*checked.expr else { return None };
    let Expr::MethodCall(checked) = checked.args.first()? else { return None };
    let types = checked.turbofish.as_ref()?;
    Some(parse_quote!(::wasmport::support::exported_func #types (_instance_pre, #name)?))
}
