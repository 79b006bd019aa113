//! The pass that names the parameters of exported functions.

use super::Context;
use super::error::Unexpected;
use super::tree::{self, Hits, doc};
use crate::names::{self, Request};
use proc_macro2::Ident;
use std::collections::BTreeMap;
use syn::visit_mut::VisitMut;
use syn::{ImplItemFn, Item};

/// Variables of the methods that call exports.
const LOCALS: &[&str] =
    &["accessor", "callee", "func", "guest", "plugin", "ret0", "store", "wrapper"];

/// Replaces `arg0` and so on by the names of WIT.
pub(super) fn parameter_names(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    tree::methods(items, &mut |_, function| {
        if !tree::is_call(function) {
            return Ok(0);
        }
        let mut marks = function.attrs.iter().filter_map(doc);
        let Some(entry) = marks.find_map(|mark| context.docs.entry(&mark)) else {
            return Err(Unexpected::new("the mark of a function", &function.sig.ident));
        };
        // The first is the store.
        if tree::parameters(&mut function.sig).count() != entry.params.len() + 1 {
            return Err(Unexpected::new("a store and WIT's parameters", &function.sig.ident));
        }
        rename(function, &entry.params);
        Ok(usize::from(!entry.params.is_empty()))
    })
}

fn rename(function: &mut ImplItemFn, params: &[String]) {
    let requests: Vec<Request> = params.iter().map(|name| Request::new(name)).collect();
    let idents = names::snake_case(&requests, LOCALS).into_iter().enumerate();
    let names = idents.map(|(i, ident)| (format!("arg{i}"), ident)).collect();
    Renamed(names).visit_impl_item_fn_mut(function);
}

struct Renamed(BTreeMap<String, String>);

impl VisitMut for Renamed {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(name) = self.0.get(&ident.to_string()) {
            *ident = Ident::new(name, ident.span());
        }
    }
}
