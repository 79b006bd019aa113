//! The pass over the traits that programs implement: rustc names the interface if one is missing.

use super::Context;
use super::docs::interface;
use super::tree::Hits;
use syn::{Attribute, Item, ItemTrait, parse_quote};

/// Adds the message for a missing implementation to each trait of imports.
#[expect(clippy::ptr_arg, reason = "all passes have one signature")]
pub(super) fn missing_hosts(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    let ty = context.ty.to_string();
    let mut hits = 0;
    for item in items.iter_mut() {
        if let Item::Trait(own) = item
            && own.ident.to_string().starts_with(&format!("{ty}Imports"))
        {
            explain(own, &ty, "its world", "");
            hits += 1;
        }
    }
    hits += below(items, &ty, "");
    Ok(hits)
}

/// Visits the traits in the modules among `items`, whose path is `path`.
fn below(items: &mut [Item], ty: &str, path: &str) -> usize {
    let mut hits = 0;
    for item in items {
        let Item::Mod(module) = item else { continue };
        // The modules of exported interfaces have no traits.
        if module.ident == "exports" || module.ident.to_string().starts_with("__") {
            continue;
        }
        let path = format!("{path}{}::", module.ident);
        let name = interface(module).map(|name| format!("{name:?}"));
        let name = name.unwrap_or_else(|| format!("`{}`", path.trim_end_matches(':')));
        let Some((_, items)) = &mut module.content else { continue };
        for item in items.iter_mut() {
            if let Item::Trait(own) = item
                && own.ident.to_string().starts_with("Host")
            {
                explain(own, ty, &name, &path);
                hits += 1;
            }
        }
        hits += below(items, ty, &path);
    }
    hits
}

/// Adds the message to a trait for the imports from `from`.
fn explain(own: &mut ItemTrait, ty: &str, from: &str, path: &str) {
    let name = own.ident.to_string();
    // Braces are places of a message.
    let from = from.replace(['{', '}'], "_");
    let message =
        format!("`{{Self}}` does not implement what the component `{ty}` imports from {from}");
    let note = if name.ends_with("WithStore") {
        format!(
            "implement the trait `{path}{name}` of its wrapper for `HasSelf<…>` of the session's data, or for \
             a type of yours that implements `HasData`"
        )
    } else {
        format!("implement the trait `{path}{name}` of its wrapper for the session's data")
    };
    let attribute: Attribute =
        parse_quote!(#[diagnostic::on_unimplemented(message = #message, note = #note)]);
    own.attrs.push(attribute);
}
