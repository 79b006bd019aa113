//! What is changed in the generator's code, so that wrappers compile wherever wasmport does.

use super::shorten;
use super::wit_docs::{Entry, WitDocs};
use crate::names::{self, Request};
use heck::ToSnakeCase as _;
use proc_macro2::{Ident, TokenTree};
use quote::{ToTokens as _, format_ident};
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, Expr, FnArg, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl, ItemMod, Lit,
    Meta, Pat, Path, Signature, Stmt, TypeParamBound, WherePredicate, parse_quote,
};

/// Variables of the methods that call exports.
const LOCALS: &[&str] = &["accessor", "callee", "ret0", "store", "wrapper"];

/// Changes `items` throughout. `wasi` has the names under which modules of WASI are imported.
pub(super) fn tidy(items: &mut Vec<Item>, docs: &WitDocs, wasi: &BTreeSet<String>, is_async: bool) {
    let mut tidy = Tidy { docs, wasi, is_async };
    tidy.items(items);
    items.iter_mut().for_each(|item| tidy.visit_item_mut(item));
}

struct Tidy<'a> {
    docs: &'a WitDocs,
    wasi: &'a BTreeSet<String>,
    is_async: bool,
}

impl Tidy<'_> {
    fn items(&self, items: &mut Vec<Item>) {
        items.retain(|item| match item {
            Item::Use(item) => !is_use_of_box(item),
            Item::Impl(item) => {
                self.is_async
                    || item.trait_.is_some()
                    || !item.items.iter().all(is_instantiate_async)
            }
            _ => true,
        });
        *items = mem::take(items)
            .into_iter()
            .flat_map(|item| flags(&item).unwrap_or_else(|| vec![item]))
            .collect();
    }

    /// Whether the path leads to what WASI's linker defines.
    fn is_wasi(&self, path: &Path) -> bool {
        path.segments.first().is_some_and(|first| self.wasi.contains(&first.ident.to_string()))
    }

    /// Without WASI, which has a linker of its own. Nothing is left where all imports were WASI's.
    fn host_linker(&self, function: &mut ImplItemFn) -> bool {
        let Some(clause) = &mut function.sig.generics.where_clause else { return true };
        for predicate in &mut clause.predicates {
            let WherePredicate::Type(predicate) = predicate else { continue };
            let others = predicate.bounds.iter().filter(|bound| match bound {
                TypeParamBound::Trait(bound) => !self.is_wasi(&bound.path),
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
                Expr::Call(call) => {
                    !matches!(&*call.func, Expr::Path(path) if self.is_wasi(&path.path))
                }
                _ => true,
            },
            _ => true,
        });
        before == function.block.stmts.len() || function.block.stmts.len() > 1
    }

    /// The names that WIT has for parameters, instead of numbers.
    fn parameters(&self, function: &mut ImplItemFn) {
        let entry = function.attrs.iter().find_map(|attr| self.docs.entry(&doc(attr)?));
        let Some(Entry { params, .. }) = entry else { return };
        let requests: Vec<Request> = params.iter().map(|name| Request::new(name)).collect();
        let idents = names::snake_case(&requests, LOCALS).into_iter().enumerate();
        let names = idents.map(|(i, ident)| (format!("arg{i}"), ident)).collect();
        Renamed(names).visit_impl_item_fn_mut(function);
    }
}

impl VisitMut for Tidy<'_> {
    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        if module.ident.to_string().starts_with("__") {
            return;
        }
        if let Some((_, items)) = &mut module.content {
            self.items(items);
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        item.items.retain_mut(|item| match item {
            ImplItem::Fn(function) if function.sig.ident == "instantiate_async" => self.is_async,
            ImplItem::Fn(function) if function.sig.ident == "add_to_linker" => {
                self.host_linker(function)
            }
            _ => true,
        });
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        if function.sig.ident.to_string().starts_with("call_") {
            self.parameters(function);
            shorten::call(function);
        }
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        use_parameters(&function.sig, &mut function.block);
        visit_mut::visit_item_fn_mut(self, function);
    }

    /// A function that reaches the store has a parameter of one of these names already.
    fn visit_signature_mut(&mut self, signature: &mut Signature) {
        for name in ["accessor", "host"] {
            let mut idents = signature.inputs.iter_mut().filter_map(|input| match input {
                FnArg::Typed(input) => match &mut *input.pat {
                    Pat::Ident(pat) if pat.ident == name => Some(&mut pat.ident),
                    _ => None,
                },
                FnArg::Receiver(_) => None,
            });
            if let Some(second) = idents.nth(1) {
                *second = format_ident!("{name}_");
            }
        }
        visit_mut::visit_signature_mut(self, signature);
    }

    /// The generator calls what has a name in WIT by names that Wasmtime does not have.
    fn visit_path_mut(&mut self, path: &mut Path) {
        if path.segments.iter().nth_back(1).is_some_and(|module| module.ident == "component")
            && path.segments.first().is_some_and(|root| root.ident == "wasmport")
            && let Some(ty) = path.segments.last_mut()
        {
            let reader = match ty.ident.to_string().as_str() {
                "HostStream" => Some("StreamReader"),
                "HostFuture" => Some("FutureReader"),
                _ => None,
            };
            if let Some(reader) = reader {
                ty.ident = Ident::new(reader, ty.ident.span());
            }
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Unsafe(block) = expr
            && let [Stmt::Expr(Expr::Call(call), None)] = block.block.stmts.as_slice()
            && let Some(function) = call.args.first()
        {
            *expr = parse_quote!(::wasmport::__typed_func!(#function));
        }
        if let Some(short) = shorten::exported_func(expr) {
            *expr = short;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    /// Lints are allowed for the file, with the reason.
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| {
            !attribute.path().is_ident("allow")
                || attribute.to_token_stream().to_string().contains("reason")
        });
    }
}

/// Replaces identifiers.
struct Renamed(BTreeMap<String, String>);

impl VisitMut for Renamed {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(name) = self.0.get(&ident.to_string()) {
            *ident = Ident::new(name, ident.span());
        }
    }
}

/// The text of a doc attribute.
pub(super) fn doc(attribute: &Attribute) -> Option<String> {
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

/// A linker of an interface without functions leaves its parameters alone.
fn use_parameters(signature: &Signature, block: &mut Block) {
    if block.stmts.len() > 1 || signature.ident != "add_to_linker_instance" {
        return;
    }
    let idents = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pat) => Some(&pat.ident),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    let stmt: Stmt = parse_quote!(let _ = (#(#idents),*););
    block.stmts.insert(0, stmt);
}

fn is_instantiate_async(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Fn(function) if function.sig.ident == "instantiate_async")
}

/// Flags in a module of their own: `flags!` writes no documentation, takes none, and calls the crate
/// `wasmtime` whatever its path is.
fn flags(item: &Item) -> Option<Vec<Item>> {
    let Item::Macro(item) = item else { return None };
    if item.mac.path.segments.last()?.ident != "flags" {
        return None;
    }
    let TokenTree::Ident(ty) = item.mac.tokens.clone().into_iter().next()? else { return None };
    let module = format_ident!("__{}", ty.to_string().to_snake_case());
    let (docs, invocation) = (&item.attrs, &item.mac);
    Some(vec![
        parse_quote! {
            #[allow(missing_docs, reason = "the macro writes none")]
            mod #module {
                use ::wasmport::wasmtime;

                #invocation;
            }
        },
        parse_quote! {
            #(#docs)*
            pub use #module::#ty;
        },
    ])
}

/// Whether it is what the generator writes for itself, and no longer needs.
fn is_use_of_box(item: &syn::ItemUse) -> bool {
    let path = item.tree.to_token_stream().to_string().replace(' ', "");
    path == "wasmport::wasmtime::component::__internal::Box"
}

#[cfg(test)]
mod tests {
    use super::super::tests::{has, plain};

    #[test]
    fn named_streams_and_futures_have_the_types_that_wasmtime_has() {
        let text = plain(
            "package demo:pipe;
             interface source {
                 type bytes = stream<u8>;
                 type later-on = future;
                 type %box = future<bytes>;
                 type a1-b2 = stream<later-on>;
                 resource %stream { open: func() -> bytes; }
                 answer: func(b: %box) -> later-on;
                 all: func() -> a1-b2;
             }
             world app { import source; export source; }",
        );
        let component = "::wasmport::wasmtime::component";
        assert!(has(&text, &format!("pub type Bytes = {component}::StreamReader<u8>;")), "{text}");
        assert!(
            has(&text, &format!("pub type LaterOn = {component}::FutureReader<()>;")),
            "{text}"
        );
        assert!(
            has(&text, &format!("pub type Box_ = {component}::FutureReader<Bytes>;")),
            "{text}"
        );
        assert!(has(&text, "fn answer(&mut self, b: Box_) -> LaterOn;"), "{text}");
        assert!(
            has(&text, "pub type A1b2 =") && has(&text, "fn all(&mut self) -> A1b2;"),
            "{text}"
        );
        // The host's part of the resource is called as the stream would be.
        assert!(
            has(&text, "pub trait HostStream:") || has(&text, "pub trait HostStream {"),
            "{text}"
        );
        assert!(!has(&text, "component::HostStream"), "{text}");
    }
}
