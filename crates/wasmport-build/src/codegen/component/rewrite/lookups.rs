//! Passes over the functions that look up exports in a component, and load them from an instance.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use std::collections::BTreeMap;
use std::mem;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, Block, Expr, ExprMethodCall, ExprReference, ImplItemFn, Item,
    Local, Member, Pat, Stmt, UnOp, parse_quote,
};

/// Replaces the lookup of each exported function of the world.
pub(super) fn export_lookups(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let indices = format!("{}Indices", context.ty);
    tree::methods(items, &mut |ty, function| {
        if *ty != indices || function.sig.ident != "new" {
            return Ok(0);
        }
        without_locals(&mut function.block, &["_component", "_instance_type"]);
        let mut hits = 0;
        for stmt in &mut function.block.stmts {
            let Some((name, expr)) = initialized(stmt) else { continue };
            if matches!(expr, Expr::Block(_)) {
                *expr = exported_func(expr)
                    .ok_or_else(|| Unexpected::new("an export and the check of its type", name))?;
                hits += 1;
            }
        }
        Ok(hits)
    })
}

fn exported_func(expr: &Expr) -> Option<Expr> {
    let Expr::Block(block) = expr else { return None };
    let [Stmt::Local(found), Stmt::Expr(Expr::Match(checked), None)] = &*block.block.stmts else {
        return None;
    };
    let Expr::Try(found) = &*found.init.as_ref()?.expr else { return None };
    let Expr::MethodCall(found) = &*found.expr else { return None };
    let name = method_call(&found.receiver, "get_export")?.args.last()?;
    let Expr::Block(checked) = &*checked.arms.first()?.body else { return None };
    let Stmt::Expr(Expr::Try(checked), _) = checked.block.stmts.first()? else { return None };
    let Expr::Call(checked) = &*checked.expr else { return None };
    let types = method_call(checked.args.first()?, "typecheck")?.turbofish.as_ref()?;
    Some(parse_quote!(__rt::exported_func #types (_instance_pre, #name)?))
}

/// Replaces the closure that looks up the functions of an exported interface.
pub(super) fn interface_lookups(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::methods(items, &mut |ty, function| {
        if ty != "GuestIndices" || function.sig.ident != "new" {
            return Ok(0);
        }
        let stmts = &mut function.block.stmts;
        let Some(name) = interface_name(stmts) else {
            return Err(Unexpected::new("the lookup of an instance", ty));
        };
        // Without functions there is no other statement than the result.
        let stmt: Stmt = if stmts.len() > 4 {
            parse_quote!(let lookup = __rt::exported_interface(_instance_pre, #name)?;)
        } else {
            parse_quote!(let _ = __rt::exported_interface(_instance_pre, #name)?;)
        };
        let _ = stmts.splice(..3, [stmt]).count();
        Ok(1)
    })
}

/// The name that the first of three statements looks up: the instance, the closure, and its use.
fn interface_name(stmts: &[Stmt]) -> Option<Expr> {
    let [Stmt::Local(instance), Stmt::Local(lookup), Stmt::Local(_), ..] = stmts else {
        return None;
    };
    let _ = ident_of(&lookup.pat).filter(|ident| *ident == "lookup")?;
    let Expr::Try(found) = &*instance.init.as_ref()?.expr else { return None };
    let Expr::MethodCall(found) = &*found.expr else { return None };
    method_call(&found.receiver, "get_export_index")?.args.last().cloned()
}

/// Replaces the statements that load functions from an instance.
pub(super) fn loads(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let indices = format!("{}Indices", context.ty);
    tree::methods(items, &mut |ty, function| {
        if (*ty != indices && ty != "GuestIndices") || function.sig.ident != "load" {
            return Ok(0);
        }
        let unused = ["_", "_instance", "_instance_pre", "_instance_type", "store"];
        without_locals(&mut function.block, &unused);
        Instance.visit_block_mut(&mut function.block);
        load_all(function)
    })
}

fn load_all(function: &mut ImplItemFn) -> Hits {
    let mut hits = 0;
    for stmt in &mut function.block.stmts {
        let Some((name, expr)) = initialized(stmt) else { continue };
        if let Expr::Unary(own) = expr {
            let short = load_func(own).ok_or_else(|| Unexpected::new("a typed function", name))?;
            *expr = short;
            hits += 1;
        }
    }
    if function.block.stmts.len() == 1 {
        function.block.stmts.insert(0, parse_quote!(let _ = (&mut store, instance);));
    }
    Ok(hits)
}

/// Shortens `*instance.get_typed_func::<P, R>(&mut store, &self.add)?.func()`, without the types.
fn load_func(expr: &syn::ExprUnary) -> Option<Expr> {
    let func = method_call(&expr.expr, "func").filter(|_| matches!(expr.op, UnOp::Deref(_)))?;
    let Expr::Try(found) = &*func.receiver else { return None };
    let found = method_call(&found.expr, "get_typed_func")?;
    let _: &AngleBracketedGenericArguments = found.turbofish.as_ref()?;
    let index = found.args.last()?;
    // The field has the types: those of the generator's check may borrow where a concurrent call owns.
    Some(parse_quote!(__rt::load_func(&mut store, instance, #index)?))
}

/// Replaces the variable `_instance` by the parameter `instance`, also behind a reference.
struct Instance;

impl VisitMut for Instance {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let is_instance =
            |expr: &Expr| tree::path_of(expr).is_some_and(|p| p.is_ident("_instance"));
        let is_reference = matches!(expr, Expr::Reference(ExprReference { expr, .. })
            if tree::path_of(expr).is_some_and(|path| path.is_ident("instance")));
        if is_instance(expr) || is_reference {
            *expr = parse_quote!(instance);
        }
    }
}

/// Puts the values of fields where the struct is made.
pub(super) fn fields_in_place(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let indices = format!("{}Indices", context.ty);
    tree::methods(items, &mut |ty, function| {
        let name = &function.sig.ident;
        if (*ty != indices && ty != "GuestIndices") || (name != "new" && name != "load") {
            return Ok(0);
        }
        let name = format!("{ty}::{name}");
        fill_fields(&mut function.block)
            .ok_or_else(|| Unexpected::new("a variable for each field, then the struct", name))
    })
}

fn fill_fields(block: &mut Block) -> Option<usize> {
    let mut values = BTreeMap::new();
    let (mut stmts, mut result) = (Vec::new(), None);
    for mut stmt in mem::take(&mut block.stmts) {
        let variable = initialized(&mut stmt).filter(|(name, _)| name != "lookup");
        if let Some((name, value)) = variable {
            let value = value.clone();
            let _ = values.insert(name, value);
        } else if matches!(stmt, Stmt::Expr(..)) {
            result = Some(stmt);
        } else {
            stmts.push(stmt);
        }
    }
    let Some(Stmt::Expr(Expr::Call(mut call), None)) = result else { return None };
    let Some(Expr::Struct(made)) = call.args.first_mut() else { return None };
    let mut hits = 0;
    for field in &mut made.fields {
        let Member::Named(name) = &field.member else { return None };
        field.expr = values.remove(name)?;
        field.colon_token = Some(Default::default());
        hits += 1;
    }
    stmts.push(Stmt::Expr(Expr::Call(call), None));
    block.stmts = stmts;
    values.is_empty().then_some(hits)
}

/// The variable that a statement defines, and its value.
fn initialized(stmt: &mut Stmt) -> Option<(Ident, &mut Expr)> {
    let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else { return None };
    Some((ident_of(pat)?.clone(), &mut *init.expr))
}

fn ident_of(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(pat) => Some(&pat.ident),
        _ => None,
    }
}

/// Removes variables that nothing uses any more; `_` stands for statements that only use some.
fn without_locals(block: &mut Block, names: &[&str]) {
    block.stmts.retain(|stmt| match stmt {
        Stmt::Local(local) => match &local.pat {
            Pat::Wild(_) => !names.contains(&"_"),
            Pat::Ident(pat) => !names.iter().any(|name| pat.ident == name),
            _ => true,
        },
        _ => true,
    });
}

fn method_call<'a>(expr: &'a Expr, name: &str) -> Option<&'a ExprMethodCall> {
    match expr {
        Expr::MethodCall(call) if call.method == name => Some(call),
        _ => None,
    }
}
