//! The pass that shortens paths.

use super::Context;
use super::duplicates::type_name;
use super::tree::Hits;
use std::collections::BTreeSet;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, ItemMod, Path, PathSegment, TypePath, parse_quote};

/// Items of the crate `wasmtime` that the support module has beside those of `wasmtime::component`.
const ITEMS: &[&str] =
    &["AsContext", "AsContextMut", "Engine", "Result", "StoreContextMut", "format_err"];

/// Types that every module has without a path, unless the component has one of that name.
const PRELUDE: &[&str] = &["Box", "String", "Vec"];

/// Has paths of Wasmtime begin with the import `__rt`.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn short_paths(items: &mut Vec<Item>, _: &Context<'_>) -> Hits {
    let mut names = BTreeSet::new();
    collect_names(items, &mut names);
    let prelude = PRELUDE.iter().copied().filter(|name| !names.contains(*name)).collect();
    let mut short = Short { prelude, hits: 0 };
    items.iter_mut().for_each(|item| short.visit_item_mut(item));
    Ok(short.hits)
}

fn collect_names(items: &[Item], names: &mut BTreeSet<String>) {
    for item in items {
        names.extend(type_name(item).map(ToString::to_string));
        if let Item::Mod(ItemMod { content: Some((_, items)), .. }) = item {
            collect_names(items, names);
        }
    }
}

struct Short {
    prelude: BTreeSet<&'static str>,
    hits: usize,
}

impl Short {
    fn shorten(&self, path: &Path) -> Option<Path> {
        let segments: Vec<&PathSegment> = path.segments.iter().collect();
        let name = |at: usize| segments.get(at).map(|s| s.ident.to_string()).unwrap_or_default();
        if path.leading_colon.is_none() || name(0) != "wasmport" || name(1) != "wasmtime" {
            return None;
        }
        let rest = match name(2).as_str() {
            "component" if name(3) == "__internal" && self.prelude.contains(name(4).as_str()) => {
                let rest = &segments[4..];
                return Some(parse_quote!(#(#rest)::*));
            }
            "component" => &segments[3..],
            item if ITEMS.contains(&item) => &segments[2..],
            _ => return None,
        };
        Some(parse_quote!(__rt::#(#rest)::*))
    }
}

impl VisitMut for Short {
    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        if !module.ident.to_string().starts_with("__") {
            visit_mut::visit_item_mod_mut(self, module);
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(short) = self.shorten(path) {
            *path = short;
            self.hits += 1;
        }
        visit_mut::visit_path_mut(self, path);
    }

    /// The trait in `<S as AsContext>::Data` is so many segments of the path.
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        let before = ty.path.segments.len();
        visit_mut::visit_type_path_mut(self, ty);
        if let Some(qself) = &mut ty.qself {
            qself.position -= before - ty.path.segments.len();
        }
    }
}
