//! Passes for sizes at which the generator's code does not compile.

use super::Context;
use super::debug::debug_body_mut;
use super::error::Unexpected;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use syn::{Expr, ExprLit, Item, Lit, Pat, parse_quote};

/// Chooses the `repr` of each enum by the number of its cases.
pub(super) fn enum_repr(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::modules(items, &mut |items| {
        let mut hits = 0;
        for item in items {
            let Item::Enum(item) = item else { continue };
            let repr = match item.variants.len() {
                0..=0x100 => "u8",
                0x101..=0x1_0000 => "u16",
                _ => "u32",
            };
            for attribute in item.attrs.iter_mut().filter(|own| own.path().is_ident("repr")) {
                let own = attribute.parse_args::<Ident>();
                let own = own.map_err(|_| Unexpected::new("the size of an enum", &item.ident))?;
                if own != repr {
                    let repr = Ident::new(repr, own.span());
                    *attribute = parse_quote!(#[repr(#repr)]);
                    hits += 1;
                }
            }
        }
        Ok(hits)
    })
}

/// Writes `..` for fields and cases that do not implement `Debug`.
pub(super) fn long_tuples(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    if context.without_debug.is_empty() {
        return Ok(0);
    }
    tree::impls(items, &mut |item| {
        let Some(ty) = tree::type_ident(&item.self_ty).cloned() else { return Ok(0) };
        let is_without = |part: String| context.without_debug.contains(&(ty.to_string(), part));
        let Some(body) = debug_body_mut(item) else { return Ok(0) };
        match body {
            Expr::Match(cases) => {
                let mut hits = 0;
                for arm in &mut cases.arms {
                    let Pat::TupleStruct(pattern) = &arm.pat else { continue };
                    let path = &pattern.path;
                    let case = path.segments.last().map(|last| last.ident.to_string());
                    if case.is_some_and(&is_without) {
                        let text = path.segments.iter().map(|own| own.ident.to_string());
                        let text = text.collect::<Vec<_>>().join("::") + "(..)";
                        *arm = parse_quote!(#path(..) => f.write_str(#text),);
                        hits += 1;
                    }
                }
                Ok(hits)
            }
            fields => without_fields(fields, &is_without)
                .ok_or_else(|| Unexpected::new("a call for each field", &ty)),
        }
    })
}

/// Removes calls from `f.debug_struct("T").field("a", &self.a).finish()`.
fn without_fields(body: &mut Expr, is_without: &impl Fn(String) -> bool) -> Option<usize> {
    let Expr::MethodCall(finish) = body else { return None };
    let mut hits = 0;
    let mut rest = &mut finish.receiver;
    while let Expr::MethodCall(call) = &mut **rest
        && call.method == "field"
    {
        let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = call.args.first() else {
            return None;
        };
        if is_without(name.value()) {
            *rest = call.receiver.clone();
            hits += 1;
        } else {
            let Expr::MethodCall(call) = &mut **rest else { return None };
            rest = &mut call.receiver;
        }
    }
    if hits > 0 {
        finish.method = parse_quote!(finish_non_exhaustive);
    }
    Some(hits)
}
