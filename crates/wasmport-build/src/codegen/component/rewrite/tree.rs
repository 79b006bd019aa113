//! Walks over generated code: modules, and the functions in them.

use super::error::Unexpected;
use proc_macro2::Ident;
use syn::{
    Attribute, Block, Expr, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, ItemMod, Lit, Meta, Pat,
    PatIdent, Path, ReturnType, Signature, Stmt, TraitItem, Type,
};

/// The hits of a pass, or the shape that it did not find.
pub(super) type Hits = Result<usize, Unexpected>;

/// Calls `pass` with the items of each module, outer modules first, and adds up the hits. Modules of
/// macros, whose names begin with `__`, are left out.
pub(super) fn modules(
    items: &mut Vec<Item>,
    pass: &mut impl FnMut(&mut Vec<Item>) -> Hits,
) -> Hits {
    let mut hits = pass(items)?;
    for item in items {
        if let Item::Mod(module) = item
            && !module.ident.to_string().starts_with("__")
            && let Some((_, items)) = &mut module.content
        {
            hits += modules(items, pass)?;
        }
    }
    Ok(hits)
}

/// Calls `pass` with each `impl` block.
pub(super) fn impls(items: &mut Vec<Item>, pass: &mut impl FnMut(&mut ItemImpl) -> Hits) -> Hits {
    modules(items, &mut |items| {
        let mut hits = 0;
        for item in items {
            if let Item::Impl(item) = item {
                hits += pass(item)?;
            }
        }
        Ok(hits)
    })
}

/// Calls `pass` with each method of a type, and the type's name.
pub(super) fn methods(
    items: &mut Vec<Item>,
    pass: &mut impl FnMut(&Ident, &mut ImplItemFn) -> Hits,
) -> Hits {
    impls(items, &mut |item| {
        let Some(ty) = type_ident(&item.self_ty).filter(|_| item.trait_.is_none()).cloned() else {
            return Ok(0);
        };
        let mut hits = 0;
        for item in &mut item.items {
            if let ImplItem::Fn(function) = item {
                hits += pass(&ty, function)?;
            }
        }
        Ok(hits)
    })
}

/// Calls `pass` with the signature of each function, in traits and out of them.
pub(super) fn signatures(
    items: &mut Vec<Item>,
    pass: &mut impl FnMut(&mut Signature) -> Hits,
) -> Hits {
    modules(items, &mut |items| {
        let mut hits = 0;
        for item in items {
            match item {
                Item::Fn(function) => hits += pass(&mut function.sig)?,
                Item::Trait(own) => {
                    for item in &mut own.items {
                        if let TraitItem::Fn(function) = item {
                            hits += pass(&mut function.sig)?;
                        }
                    }
                }
                Item::Impl(own) => {
                    for item in &mut own.items {
                        if let ImplItem::Fn(function) = item {
                            hits += pass(&mut function.sig)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(hits)
    })
}

/// Returns the last identifier of a type that is a path.
pub(super) fn type_ident(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// Returns the identifiers of a path, if it has no arguments to keep.
pub(super) fn path_of(expr: &Expr) -> Option<&Path> {
    match expr {
        Expr::Path(path) => Some(&path.path),
        _ => None,
    }
}

/// Returns the last identifier of the function that an expression calls.
pub(super) fn called(expr: &Expr) -> Option<&Ident> {
    let Expr::Call(call) = expr else { return None };
    path_of(&call.func)?.segments.last().map(|last| &last.ident)
}

/// Returns the only expression of a block.
pub(super) fn only_expr(block: &Block) -> Option<&Expr> {
    match block.stmts.as_slice() {
        [Stmt::Expr(expr, None)] => Some(expr),
        _ => None,
    }
}

/// Returns the identifiers of a signature's parameters, without the receiver.
pub(super) fn parameters(signature: &mut Signature) -> impl Iterator<Item = &mut PatIdent> {
    signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(input) => match &mut *input.pat {
            Pat::Ident(pat) => Some(pat),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })
}

/// Returns whether a method calls an exported function: accessors of interfaces and resources, which can
/// have such names too, take no store.
pub(super) fn is_call(function: &ImplItemFn) -> bool {
    function.sig.ident.to_string().starts_with("call_") && function.sig.inputs.len() > 1
}

/// Returns whether a method returns the typed function below a call.
pub(super) fn is_typed_func(function: &ImplItemFn) -> bool {
    let ReturnType::Type(_, ty) = &function.sig.output else { return false };
    function.sig.ident.to_string().starts_with("func_")
        && type_ident(ty).is_some_and(|ident| ident == "TypedFunc")
}

/// Returns the text of a doc attribute.
pub(in super::super) fn doc(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Finds the module at a path.
pub(in super::super) fn module<'a>(
    items: &'a mut [Item],
    path: &[Ident],
) -> Option<&'a mut ItemMod> {
    let (first, rest) = path.split_first()?;
    let found = items.iter_mut().find_map(|item| match item {
        Item::Mod(module) if module.ident == *first => Some(module),
        _ => None,
    })?;
    if rest.is_empty() {
        return Some(found);
    }
    let (_, items) = found.content.as_mut()?;
    module(items, rest)
}
