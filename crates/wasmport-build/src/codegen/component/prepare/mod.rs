//! The first step: a world and the choices for its wrapper, made ready for the generator of `bindgen!`.

mod aliases;
mod choices;
mod error;
mod markdown;
mod meetings;
mod options;
mod portable;
mod reserved;
mod restore;
mod rules;
mod signature;
mod sizes;
mod wasi;
mod wit_docs;
mod world;
mod world_keys;

pub(crate) use choices::Choices;
pub(crate) use error::ChoiceError;

pub(super) use aliases::Aliases;
pub(super) use wasi::{Wasi, WasiResource};
pub(super) use wit_docs::WitDocs;

use crate::codegen::handle::Handles;
use crate::codegen::lacking::Lacking;
use options::{Options, Worlds};
use proc_macro2::Ident;
use std::collections::BTreeSet;
use wasmtime_internal_wit_bindgen::Opts;
use wit_parser::{Resolve, WorldId};

/// The input of the generator, and what the later steps need to know about it.
pub(super) struct Prepared {
    /// The type of the wrapper.
    pub ty: Ident,
    /// The world without WASI, in names that the generator can write.
    pub resolve: Resolve,
    pub world: WorldId,
    pub opts: Opts,
    pub aliases: Aliases,
    pub docs: WitDocs,
    pub wasi: Wasi,
    /// Names under which generated code imports the modules of WASI.
    pub wasi_roots: BTreeSet<String>,
    /// Whether sessions are async.
    pub is_async: bool,
    /// Whether imports reach the store, by choice or because they run beside other calls.
    pub has_store: bool,
    /// Whether the wrapper is for components that arrive later.
    pub is_interface: bool,
    /// Whether imports reach the store by choice.
    pub needs_store: bool,
    /// The choices for handles, if the wrapper has methods for them.
    pub handles: Option<Handles>,
    /// The exported functions that have no values of the store, by their names; those of interfaces after `#`.
    pub portable: BTreeSet<String>,
    /// The exported functions and interfaces that a component may lack.
    pub lacking: Lacking,
    /// Fields and cases that do not implement `Debug`, with the names of their types.
    pub without_debug: BTreeSet<(String, String)>,
    pub warnings: Vec<String>,
}

/// Prepares the wrapper of a component of `world`, whose name becomes that of the wrapper's type.
///
/// # Errors
///
/// Fails if a choice names nothing in the world, or a name cannot be Rust.
pub(super) fn prepare(
    resolve: &Resolve,
    world: WorldId,
    choices: &Choices,
) -> Result<Prepared, ChoiceError> {
    let mut own = resolve.clone();
    let ty = world::name(&mut own, world)?;
    let is_concurrent = world::is_concurrent(&own, world);
    let mut is_async = choices.asynchronous || !choices.async_functions.is_empty() || is_concurrent;
    let wasi = Wasi::take(&mut own, world, is_async, choices);
    is_async |= wasi.is_async();
    let mut warnings = sizes::remove_untypable(&mut own, world);
    warnings.extend(choices.warning());

    let mut aliased = own.clone();
    let mut docs = WitDocs::mark(&mut aliased, &own, world);
    world::remove_gates(&mut aliased, world);
    let aliases = Aliases::apply(&mut aliased, world);
    docs.add_names(&aliased, &aliases.meetings.types);

    let worlds = Worlds { own: &own, aliased: &aliased, id: world };
    let options = Options::of(&worlds, &wasi, choices, is_async)?;
    Ok(Prepared {
        ty,
        is_async: is_async || options.imports_wait,
        has_store: is_concurrent || options.imports_store,
        is_interface: choices.is_interface,
        needs_store: options.imports_store,
        wasi_roots: options.wasi_roots(),
        without_debug: sizes::without_debug(&aliased, &aliases),
        portable: portable::functions(&own, world),
        handles: choices.handles.clone(),
        lacking: lacking(resolve, world, choices)?,
        opts: options.opts,
        resolve: aliased,
        world,
        aliases,
        docs,
        wasi,
        warnings,
    })
}

/// Returns the exported functions and interfaces that a component may lack.
fn lacking(resolve: &Resolve, world: WorldId, choices: &Choices) -> Result<Lacking, ChoiceError> {
    let names = resolve.worlds[world].exports.keys().map(|key| resolve.name_world_key(key));
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(Lacking::of(&choices.lacking, &names)?)
}
