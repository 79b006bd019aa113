//! The pass over exports that a component may lack.

use super::Context;
use super::docs::interface;
use super::error::Unexpected;
use super::tree::{self, Hits, doc};
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, ExprCall, Field, GenericArgument, ImplItemFn, Item, Lit, Member,
    PathArguments, ReturnType, Stmt, Type, parse_quote,
};

/// Makes the functions and interfaces that a component may lack optional.
pub(super) fn optional_exports(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    if context.optional.is_empty() {
        return Ok(0);
    }
    let found = find(items, context);
    let hits = found.len();
    let (ty, indices) = (context.ty.to_string(), format!("{}Indices", context.ty));
    for item in items.iter_mut() {
        if let Item::Struct(item) = item
            && (item.ident == ty || item.ident == indices)
        {
            item.fields.iter_mut().filter(|field| is_in(&found, field)).for_each(|field| {
                let own = &field.ty;
                field.ty = parse_quote!(::core::option::Option<#own>);
            });
        }
    }
    let accessors = accessors(items, &ty, &found)?;
    let _ = tree::methods(items, &mut |own, function| {
        let name = function.sig.ident.to_string();
        if *own == indices && (name == "new" || name == "load") {
            fields(function, &found, name == "new")
        } else if *own == ty {
            method(function, &found, &accessors)
        } else {
            Ok(0)
        }
    })?;
    Ok(hits)
}

/// Returns the fields of the optional exports, with the names of those that are interfaces.
fn find(items: &mut [Item], context: &Context<'_>) -> BTreeMap<Ident, Option<String>> {
    let indices = format!("{}Indices", context.ty);
    let fields: Vec<(Ident, Type)> = items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) if item.ident == indices => Some(item.fields.iter()),
            _ => None,
        })
        .flatten()
        .filter_map(|field| Some((field.ident.clone()?, field.ty.clone())))
        .collect();
    let functions = functions(items, &indices, context.optional);
    let mut found = BTreeMap::new();
    for (name, ty) in fields {
        if functions.contains(&name) {
            let _ = found.insert(name, None);
            continue;
        }
        let Type::Path(path) = ty else { continue };
        let path: Vec<Ident> = path.path.segments.iter().map(|s| s.ident.clone()).collect();
        let Some((_, path)) = path.split_last() else { continue };
        let own = tree::module(items, path).and_then(interface);
        if let Some(own) = own.filter(|own| context.optional.contains(own)) {
            let _ = found.insert(name, Some(own));
        }
    }
    found
}

/// Returns the fields of optional functions: those whose lookup names one.
fn functions(items: &mut [Item], indices: &str, optional: &BTreeSet<String>) -> BTreeSet<Ident> {
    let mut found = BTreeSet::new();
    let all = items.iter_mut().filter_map(|item| match item {
        Item::Impl(item) if tree::type_ident(&item.self_ty).is_some_and(|ty| ty == indices) => {
            Some(item)
        }
        _ => None,
    });
    for item in all.flat_map(|item| &mut item.items) {
        let syn::ImplItem::Fn(function) = item else { continue };
        if let Some(made) = made(function) {
            for field in &made.fields {
                let (Member::Named(name), Expr::Try(lookup)) = (&field.member, &field.expr) else {
                    continue;
                };
                let is_optional = exported(&lookup.expr).is_some_and(|own| optional.contains(&own));
                if is_optional {
                    let _ = found.insert(name.clone());
                }
            }
        }
    }
    found
}

/// Returns the name that `exported_func` looks up.
fn exported(lookup: &Expr) -> Option<String> {
    let _ = tree::called(lookup).filter(|own| *own == "exported_func")?;
    let Expr::Call(ExprCall { args, .. }) = lookup else { return None };
    match args.last()? {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(name) => Some(name.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the struct that a function makes in `Ok(…)`.
fn made(function: &mut ImplItemFn) -> Option<&mut syn::ExprStruct> {
    let Some(Stmt::Expr(Expr::Call(call), None)) = function.block.stmts.last_mut() else {
        return None;
    };
    match call.args.first_mut()? {
        Expr::Struct(made) => Some(made),
        _ => None,
    }
}

fn is_in(found: &BTreeMap<Ident, Option<String>>, field: &Field) -> bool {
    field.ident.as_ref().is_some_and(|name| found.contains_key(name))
}

/// Rewrites the fields of what `new` or `load` makes.
fn fields(
    function: &mut ImplItemFn,
    found: &BTreeMap<Ident, Option<String>>,
    is_new: bool,
) -> Hits {
    let unexpected = || Unexpected::new("a struct with a value for each export", "Indices");
    let made = made(function).ok_or_else(unexpected)?;
    for field in &mut made.fields {
        let Member::Named(name) = &field.member else { return Err(unexpected()) };
        let Some(interface) = found.get(name) else { continue };
        let Expr::Try(tried) = &mut field.expr else { return Err(unexpected()) };
        let Expr::Call(lookup) = &mut *tried.expr else {
            // The load of an interface.
            field.expr = parse_quote! {
                match &self.#name {
                    ::core::option::Option::Some(indices) => {
                        ::core::option::Option::Some(indices.load(&mut store, instance)?)
                    }
                    ::core::option::Option::None => ::core::option::Option::None,
                }
            };
            continue;
        };
        match (interface, is_new) {
            (Some(interface), _) => {
                let new = &lookup.func;
                field.expr =
                    parse_quote!(__rt::optional_interface(_instance_pre, #interface, #new)?);
            }
            (None, true) => rename(lookup, "optional_func").ok_or_else(unexpected)?,
            (None, false) => {
                field.expr = parse_quote! {
                    __rt::load_optional_func(&mut store, instance, self.#name.as_ref())?
                };
            }
        }
    }
    Ok(0)
}

/// Gives the called function another name.
fn rename(call: &mut ExprCall, name: &str) -> Option<()> {
    let Expr::Path(path) = &mut *call.func else { return None };
    let last = path.path.segments.last_mut()?;
    last.ident = Ident::new(name, last.ident.span());
    Some(())
}

/// Returns the methods of the wrapper that return an optional function.
fn accessors(
    items: &mut Vec<Item>,
    ty: &str,
    found: &BTreeMap<Ident, Option<String>>,
) -> Result<BTreeSet<String>, Unexpected> {
    let mut accessors = BTreeSet::new();
    let _ = tree::methods(items, &mut |own, function| {
        let is_optional = || returned_field(function).is_some_and(|name| found.contains_key(&name));
        if *own == ty && tree::is_typed_func(function) && is_optional() {
            let _ = accessors.insert(function.sig.ident.to_string());
        }
        Ok(0)
    })?;
    Ok(accessors)
}

/// Makes what a method of the wrapper returns optional. `accessors` are the methods that return an optional
/// function.
fn method(
    function: &mut ImplItemFn,
    found: &BTreeMap<Ident, Option<String>>,
    accessors: &BTreeSet<String>,
) -> Hits {
    let name = function.sig.ident.to_string();
    if let Some(field) = returned_field(function)
        && found.contains_key(&field)
    {
        let ReturnType::Type(_, ty) = &mut function.sig.output else { return Ok(0) };
        let is_interface = matches!(**ty, Type::Reference(_));
        **ty = parse_quote!(::core::option::Option<#ty>);
        if is_interface {
            function.block = parse_quote!({ self.#field.as_ref() });
        }
        function.attrs.extend([parse_quote!(#[doc = ""]), absence()]);
        return Ok(0);
    }
    let Some(export) = name.strip_prefix("call_") else { return Ok(0) };
    let func = Ident::new(&format!("func_{export}"), function.sig.ident.span());
    if !accessors.contains(&func.to_string()) {
        return Ok(0);
    }
    let mut replaced = Replaced { func: &func, hits: 0 };
    let mut block = function.block.clone();
    replaced.visit_block_mut(&mut block);
    if replaced.hits == 0 {
        return Ok(0);
    }
    let unexpected = || Unexpected::new("a call and its result", &name);
    let Some(Stmt::Expr(result, None)) = block.stmts.pop() else { return Err(unexpected()) };
    let stmts = block.stmts;
    function.block = parse_quote!({
        let ::core::option::Option::Some(func) = self.#func() else {
            return Ok(::core::option::Option::None);
        };
        #(#stmts)*
        (#result).map(::core::option::Option::Some)
    });
    optional_result(&mut function.sig.output).ok_or_else(unexpected)?;
    // The last line is the signature in WIT.
    let signature = function.attrs.iter().rposition(|attribute| doc(attribute).is_some());
    let at = signature.ok_or_else(unexpected)?;
    let _ = function.attrs.splice(at..at, [absence(), parse_quote!(#[doc = ""])]).count();
    Ok(0)
}

/// The documentation of a method that returns something optional.
fn absence() -> Attribute {
    let text = " Returns `None` if the guest lacks it.";
    parse_quote!(#[doc = #text])
}

/// Returns the field that a method returns, whole or by reference.
fn returned_field(function: &ImplItemFn) -> Option<Ident> {
    let mut expr = tree::only_expr(&function.block)?;
    if let Expr::Reference(reference) = expr {
        expr = &reference.expr;
    }
    match expr {
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name.clone()),
            Member::Unnamed(_) => None,
        },
        _ => None,
    }
}

/// Makes the value of a `Result` optional.
fn optional_result(output: &mut ReturnType) -> Option<()> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(path) = &mut **ty else { return None };
    let last = path.path.segments.last_mut()?;
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { return None };
    match arguments.args.first_mut()? {
        GenericArgument::Type(ty) => *ty = parse_quote!(::core::option::Option<#ty>),
        _ => return None,
    }
    Some(())
}

/// Replaces `self.func_…()` by a variable.
struct Replaced<'a> {
    func: &'a Ident,
    hits: usize,
}

impl VisitMut for Replaced<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if matches!(expr, Expr::MethodCall(call) if call.method == *self.func) {
            *expr = parse_quote!(func);
            self.hits += 1;
        }
    }
}

/// Returns the type in an `Option` and true, or the type itself.
pub(in super::super) fn without_option(ty: &Type) -> (&Type, bool) {
    let inner = || {
        let Type::Path(path) = ty else { return None };
        let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        match arguments.args.first()? {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        }
    };
    inner().map_or((ty, false), |inner| (inner, true))
}
