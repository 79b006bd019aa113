//! Components: from a decoded world to the items of a wrapper, by the generator of `bindgen!`.
//!
//! That generator writes text. Names that it would get wrong are others while it runs (`aliases`), and so
//! is documentation (`wit_docs`); what comes out is changed as a tree (`tidy`, `document`).

mod aliases;
mod choices;
mod document;
mod duplicates;
mod options;
mod prose;
mod rules;
mod session;
mod shorten;
mod start;
mod surface;
#[cfg(test)]
mod tests;
mod tidy;
mod views;
mod visibility;
mod wasi;
mod wit_docs;
mod world;

#[cfg(feature = "preinit")]
pub(crate) use wasi::is_preview_2;

pub(super) use visibility::keep_in_crate;

use aliases::Aliases;
use options::Worlds;
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use session::Target;
use std::collections::BTreeMap;
use surface::Surface;
use syn::Item;
use wasi::{Preview, Wasi};
use wit_docs::WitDocs;
use wit_parser::{Resolve, WorldId};

/// What is chosen for a component's wrapper.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    /// All functions wait, in both directions.
    pub asynchronous: bool,
    /// Functions that wait, or interfaces whose functions do.
    pub async_functions: Vec<String>,
    /// All imports may end the guest's call.
    pub trappable: bool,
    /// Imports that may, or interfaces whose functions may.
    pub trappable_functions: Vec<String>,
    /// All imports reach the store.
    pub store: bool,
    /// Imports that do, or interfaces whose functions do.
    pub store_functions: Vec<String>,
    /// By type in WIT, the Rust type of which hosts give errors instead.
    pub trappable_errors: BTreeMap<String, String>,
    /// By interface or resource, where it is in Rust.
    pub with: BTreeMap<String, String>,
    /// Paths of macros that records, variants and enums derive.
    pub derives: Vec<String>,
    /// Whether wasmport links WASI.
    pub wasi: bool,
}

/// A component's wrapper.
pub(crate) struct Bindings {
    pub items: Vec<Item>,
    /// Whether sessions wait.
    pub is_async: bool,
    pub needs_wasi: bool,
    /// Of preview 3: then sessions wait.
    pub needs_wasi_p3: bool,
    /// Whether imports reach the store, for which Wasmtime has types with its concurrency alone.
    pub needs_store: bool,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// The wrapper for components of `world`, whose name becomes that of the wrapper's type. Beside its items
/// there must be an `ASSET`.
///
/// # Errors
///
/// Where what is chosen cannot be followed, or names cannot be Rust.
///
/// # Panics
///
/// Where `resolve` is inconsistent: components can have types that WIT cannot say.
pub(crate) fn bindings(
    resolve: &Resolve,
    world: WorldId,
    choices: &Choices,
) -> Result<Bindings, String> {
    // Else the generator checks it in some builds and not in others.
    resolve.assert_valid();
    let mut own = resolve.clone();
    let ty = world::name(&mut own, world)?;
    let is_concurrent = world::is_concurrent(&own, world);
    let mut is_async = choices.asynchronous || !choices.async_functions.is_empty() || is_concurrent;
    let wasi = if choices.wasi {
        Wasi::prune(&mut own, world, is_async, |resolve, id| {
            options::is_remapped(resolve, id, choices)
        })
    } else {
        Wasi::default()
    };
    let needs = |preview| wasi.needs.contains(&preview);
    let (needs_wasi, needs_wasi_p3) = (!wasi.needs.is_empty(), needs(Preview::Three));
    is_async |= needs_wasi_p3;
    let mut aliased = own.clone();
    let docs = WitDocs::mark(&mut aliased, world);
    world::without_gates(&mut aliased, world);
    let aliases = Aliases::apply(&mut aliased, world);
    let worlds = Worlds { own: &own, aliased: &aliased, id: world };
    let options = options::options(&worlds, &wasi, choices, is_async)?;
    is_async |= options.imports_wait;
    let text = options.opts.generate(&mut aliased, world);
    let text = text.map_err(|e| format!("Wasmtime's generator of wrappers: {e:#}"))?;
    let mut items = parse(&text, &aliases)?;
    let roots = options.roots();
    tidy::tidy(&mut items, &docs, &roots, is_async);
    document::document(&mut items, &docs);
    if !docs.world.is_empty() {
        describe(&mut items, &ty, &docs.world);
    }
    duplicates::check(&items)?;
    items.extend(session::wrapper(&ty));
    let surface = Surface::of(&mut items, &ty);
    let session = format_ident!("{ty}Session");
    let target = Target {
        ty: &ty,
        session: &session,
        surface: &surface,
        wasi: &wasi,
        is_async,
        has_store: is_concurrent || options.imports_store,
    };
    let own = session::session(&mut items, &target)?;
    items.extend(own);
    let mut warnings = Vec::new();
    if !choices.trappable_errors.is_empty()
        && !choices.trappable
        && choices.trappable_functions.is_empty()
    {
        warnings.push("`trappable-errors` does nothing without `trappable-imports`".into());
    }
    let needs_store = options.imports_store;
    Ok(Bindings { items, is_async, needs_wasi, needs_wasi_p3, needs_store, warnings })
}

fn parse(text: &str, aliases: &Aliases) -> Result<Vec<Item>, String> {
    let error = |e: String| format!("what Wasmtime's generator of wrappers gives is not Rust: {e}");
    let tokens: TokenStream =
        text.parse().map_err(|e: proc_macro2::LexError| error(e.to_string()))?;
    let file: syn::File = syn::parse2(aliases.restore(tokens)).map_err(|e| error(e.to_string()))?;
    Ok(file.items)
}

/// What WIT says about the world comes first in the documentation of the wrapper's type.
fn describe(items: &mut [Item], ty: &Ident, world: &[String]) {
    for item in items {
        if let Item::Struct(item) = item
            && item.ident == *ty
        {
            let own = document::lines(&[world, &[String::new()]].concat());
            let _ = item.attrs.splice(0..0, own).count();
        }
    }
}
