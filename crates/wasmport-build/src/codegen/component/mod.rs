//! Components: from a decoded world to a wrapper, in four steps.
//!
//! ```text
//! world + choices → prepare → generate → rewrite → session → items of the wrapper
//! ```
//!
//! The generator of `bindgen!` makes the wrapper, so that users of `bindgen!` are at home. `prepare` keeps
//! from it what it would get wrong, and `rewrite` changes its code as a tree.

mod error;
mod generate;
mod order;
mod prepare;
mod rewrite;
mod session;
#[cfg(test)]
mod tests;
mod versions;
mod visibility;
mod wrapper;

pub(crate) use error::ComponentError;
pub(crate) use versions::versions;
pub(crate) use wrapper::{Untyped, cargo_feature, needs, untyped_wrapper, wrapper};

use super::lacking::Lacking;
use prepare::{Choices, Prepared, prepare};
use proc_macro2::Ident;
use syn::Item;
use wasmport::interface::Preview;
use wit_parser::{Resolve, WorldId};

/// The items of a component's wrapper, beside which there must be an `ASSET`.
pub(super) struct Bindings {
    pub items: Vec<Item>,
    /// The type of the wrapper.
    pub ty: Ident,
    /// Whether sessions are async.
    pub is_async: bool,
    pub needs_wasi: bool,
    /// The exports that a component may lack.
    pub lacking: Lacking,
    /// Whether it needs WASI of preview 3: then sessions are async.
    pub needs_wasi_p3: bool,
    /// Whether it needs `wasi:http`: then sessions are async.
    pub needs_wasi_http: bool,
    /// Whether imports reach the store by choice, for which Wasmtime has types only with concurrency.
    pub needs_store: bool,
    /// The hits of each pass of `rewrite`.
    #[cfg(test)]
    pub hits: Vec<(&'static str, usize)>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// The wrapper before it has a session.
struct Bare {
    items: Vec<Item>,
    prepared: Prepared,
    /// The hits of each pass of `rewrite`.
    hits: Vec<(&'static str, usize)>,
}

/// Generates the first three steps of a wrapper.
///
/// # Errors
///
/// Fails like [`bindings`].
fn bare(resolve: &Resolve, world: WorldId, choices: &Choices) -> Result<Bare, ComponentError> {
    // Else the generator checks it in some builds and not in others.
    resolve.assert_valid();
    let mut prepared = prepare(resolve, world, choices)?;
    let mut items = generate::generate(&mut prepared)?;
    let hits = rewrite::rewrite(&mut items, &prepared)?;
    Ok(Bare { items, prepared, hits })
}

/// Generates the wrapper for components of `world`, whose name becomes that of the wrapper's type.
///
/// # Errors
///
/// Fails with [`ComponentError`] if a choice does not fit the component, a name cannot be Rust, or the
/// generator's code has a shape that `rewrite` does not know.
///
/// # Panics
///
/// Panics if `resolve` is inconsistent: components can have types that WIT cannot express.
fn bindings(
    resolve: &Resolve,
    world: WorldId,
    choices: &Choices,
) -> Result<Bindings, ComponentError> {
    let Bare { mut items, prepared, hits: _hits } = bare(resolve, world, choices)?;
    session::add_session(&mut items, &prepared)?;
    order::api_first(&mut items, &prepared.ty);
    Ok(Bindings {
        items,
        is_async: prepared.is_async,
        ty: prepared.ty,
        needs_wasi: !prepared.wasi.needs.is_empty(),
        needs_wasi_p3: prepared.wasi.needs.contains(&Preview::Three),
        needs_wasi_http: prepared.wasi.needs.contains(&Preview::Http),
        needs_store: prepared.needs_store,
        lacking: prepared.lacking,
        #[cfg(test)]
        hits: _hits,
        warnings: prepared.warnings,
    })
}
