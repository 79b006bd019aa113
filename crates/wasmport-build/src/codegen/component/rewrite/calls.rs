//! Passes over the methods that call exported functions.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use quote::format_ident;
use std::collections::BTreeMap;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, ExprField, Field, ImplItem, ImplItemFn, Item, Lifetime, Member, Pat, ReturnType,
    Stmt, Type, TypeReference, parse_quote,
};

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

/// Makes the functions of each module's struct typed, so that each `func_…` returns a field. The generator
/// writes an `unsafe` block into `func_…` instead, which asserts the type that was checked on loading.
pub(super) fn typed_functions(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut types = BTreeMap::new();
        for function in items.iter_mut().flat_map(own_methods) {
            if !tree::is_typed_func(function) {
                continue;
            }
            let Some((func, field)) = unchecked_func(&function.block) else {
                let expected = "`TypedFunc::new_unchecked` of a field in an unsafe block";
                return Err(Unexpected::new(expected, &function.sig.ident));
            };
            function.block = parse_quote!({ #func });
            if let ReturnType::Type(_, ty) = &function.sig.output {
                let mut ty = Type::clone(ty);
                Static.visit_type_mut(&mut ty);
                let _ = types.insert(field, ty);
            }
        }
        let hits = types.len();
        for field in items.iter_mut().flat_map(fields) {
            let is_func = tree::type_ident(&field.ty).is_some_and(|ident| ident == "Func");
            if let Some(name) = field.ident.as_ref().filter(|_| is_func) {
                field.ty = types
                    .remove(name)
                    .ok_or_else(|| Unexpected::new("a method with the type of a function", name))?;
            }
        }
        match types.first_key_value() {
            None => Ok(hits),
            Some((name, _)) => Err(Unexpected::new("a field for each typed function", name)),
        }
    })
}

fn own_methods(item: &mut Item) -> impl Iterator<Item = &mut ImplItemFn> {
    let items = match item {
        Item::Impl(item) if item.trait_.is_none() => item.items.as_mut_slice(),
        _ => &mut [],
    };
    items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}

fn fields(item: &mut Item) -> impl Iterator<Item = &mut Field> {
    let fields = match item {
        Item::Struct(item) => Some(item.fields.iter_mut()),
        _ => None,
    };
    fields.into_iter().flatten()
}

/// Returns the function behind `TypedFunc::new_unchecked`, and the name of its field.
fn unchecked_func(block: &Block) -> Option<(Expr, Ident)> {
    let Expr::Unsafe(block) = tree::only_expr(block)? else { return None };
    let expr = tree::only_expr(&block.block)?;
    let Expr::Call(call) = expr else { return None };
    let _ = tree::called(expr).filter(|own| *own == "new_unchecked")?;
    let func = call.args.first()?;
    match func {
        Expr::Field(ExprField { member: Member::Named(name), .. }) => {
            Some((func.clone(), name.clone()))
        }
        _ => None,
    }
}

/// Makes all lifetimes of a type `'static`.
struct Static;

impl VisitMut for Static {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime = Some(parse_quote!('static));
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        *lifetime = parse_quote!('static);
    }
}
