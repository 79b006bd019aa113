//! Passes that mend the generator's code for streams, futures, and functions that reach the store.

use super::Context;
use super::tree::{self, Hits};
use proc_macro2::Ident;
use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Path};

/// Parameters that the generator adds to functions that reach the store.
const ADDED: &[&str] = &["accessor", "host"];

/// Replaces the types `HostStream` and `HostFuture`, which Wasmtime does not have.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn stream_readers(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    let mut readers = Readers(0);
    items.iter_mut().for_each(|item| readers.visit_item_mut(item));
    Ok(readers.0)
}

struct Readers(usize);

impl VisitMut for Readers {
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
                self.0 += 1;
            }
        }
        visit_mut::visit_path_mut(self, path);
    }
}

/// Renames the second parameter of a name that the generator adds.
pub(super) fn distinct_parameters(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    tree::signatures(items, &mut |signature| {
        let mut hits = 0;
        for name in ADDED {
            let second = tree::parameters(signature).filter(|pat| pat.ident == name).nth(1);
            if let Some(second) = second {
                second.ident = format_ident!("{name}_");
                hits += 1;
            }
        }
        Ok(hits)
    })
}
