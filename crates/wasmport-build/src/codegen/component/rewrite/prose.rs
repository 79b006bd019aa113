//! Passes that replace documentation: marks by the text of WIT, and the generator's prose by nothing.

use super::Context;
use super::tree::{Hits, doc};
use crate::codegen::component::prepare::WitDocs;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ImplItem, Item, ItemImpl, LitStr, parse_quote};

/// Begins each line that comes from WIT, until the generator's lines are removed.
const OWN: &str = "@wit:";

/// Replaces marks, in doc comments and in literals.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn wit_docs(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let mut marks = Marks { docs: context.docs, hits: 0 };
    items.iter_mut().for_each(|item| marks.visit_item_mut(item));
    Ok(marks.hits)
}

struct Marks<'a> {
    docs: &'a WitDocs,
    hits: usize,
}

impl VisitMut for Marks<'_> {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let entry = |attribute: &Attribute| doc(attribute).and_then(|mark| self.docs.entry(&mark));
        let marked = attributes.iter().position(|attribute| entry(attribute).is_some());
        let Some((at, entry)) = marked.and_then(|at| Some((at, entry(&attributes[at])?))) else {
            return;
        };
        let lines = entry.lines.iter().map(|line| -> Attribute {
            let line = format!("{OWN}{line}");
            parse_quote!(#[doc = #line])
        });
        let _ = attributes.splice(at..=at, lines).count();
        self.hits += 1;
    }

    fn visit_lit_str_mut(&mut self, literal: &mut LitStr) {
        if let Some(entry) = self.docs.entry(&literal.value()) {
            *literal = LitStr::new(&entry.text, literal.span());
            self.hits += 1;
        }
    }
}

/// Removes the doc comments that the generator wrote, and those of methods that implement a trait, where
/// rustdoc shows the trait's.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn own_prose(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    let mut prose = Prose { hits: 0 };
    items.iter_mut().for_each(|item| prose.visit_item_mut(item));
    Ok(prose.hits)
}

struct Prose {
    hits: usize,
}

impl VisitMut for Prose {
    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        if item.trait_.is_some() {
            for item in &mut item.items {
                if let ImplItem::Fn(function) = item {
                    let before = function.attrs.len();
                    function.attrs.retain(|attribute| doc(attribute).is_none());
                    self.hits += usize::from(before > function.attrs.len());
                }
            }
        }
        visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let before = attributes.len();
        attributes.retain_mut(|attribute| {
            let Some(text) = doc(attribute) else { return true };
            let Some(own) = text.strip_prefix(OWN) else { return false };
            let line = if own.is_empty() { String::new() } else { format!(" {own}") };
            *attribute = parse_quote!(#[doc = #line]);
            true
        });
        self.hits += usize::from(before > attributes.len());
    }
}
