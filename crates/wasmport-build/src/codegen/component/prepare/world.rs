//! The world of a component, made ready for the generator.

use super::error::ChoiceError;
use super::reserved::TYPES;
use crate::codegen::docs::code;
use heck::ToUpperCamelCase as _;
use proc_macro2::Ident;
use std::collections::BTreeSet;
use std::mem;
use wit_parser::{Function, Resolve, Stability, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

/// Renames the world if types of the wrapper would have the names of its own types; returns the wrapper's
/// type.
pub(super) fn name(resolve: &mut Resolve, id: WorldId) -> Result<Ident, ChoiceError> {
    let world = &resolve.worlds[id];
    let types = world.imports.iter().filter_map(|(key, item)| match (key, item) {
        (WorldKey::Name(name), WorldItem::Type { .. }) => Some(name.to_upper_camel_case()),
        _ => None,
    });
    let taken: BTreeSet<String> = types.flat_map(|name| [format!("Host{name}"), name]).collect();
    let mut name = world.name.clone();
    let suffixes = ["", "Pre", "Indices", "Imports", "ImportsWithStore", "Session"];
    let is_taken = |name: &str| {
        let camel = name.to_upper_camel_case();
        TYPES.contains(&camel.as_str())
            || suffixes.iter().any(|suffix| taken.contains(&format!("{camel}{suffix}")))
    };
    while is_taken(&name) {
        name.push_str("-component");
    }
    let old = mem::replace(&mut resolve.worlds[id].name, name.clone());
    if let Some(package) = resolve.worlds[id].package {
        let worlds = &mut resolve.packages[package].worlds;
        let _ = worlds.shift_remove(&old);
        let _ = worlds.insert(name.clone(), id);
    }
    let ty = name.to_upper_camel_case();
    syn::parse_str(&ty).map_err(|_| ChoiceError::TypeName(code(ty)))
}

/// Returns whether the component needs Wasmtime's concurrency.
pub(super) fn is_concurrent(resolve: &Resolve, world: WorldId) -> bool {
    let world = &resolve.worlds[world];
    let mut functions =
        world.imports.values().chain(world.exports.values()).flat_map(|item| match item {
            WorldItem::Function(function) => vec![function],
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.values().collect(),
            WorldItem::Type { .. } => Vec::new(),
        });
    let is_concurrent = |function: &Function| {
        function.kind.is_async()
            || function.parameter_and_result_types().any(|ty| ty == Type::ErrorContext)
    };
    let mut types = resolve.types.iter();
    functions.any(is_concurrent)
        || types.any(|(_, ty)| matches!(ty.kind, TypeDefKind::Future(_) | TypeDefKind::Stream(_)))
}

/// Removes the feature gates of WIT: what a component has is there whatever gate it was declared with.
pub(super) fn remove_gates(resolve: &mut Resolve, world: WorldId) {
    let none = Stability::Unknown;
    resolve.types.iter_mut().for_each(|(_, ty)| ty.stability = none.clone());
    for (_, interface) in resolve.interfaces.iter_mut() {
        interface.stability = none.clone();
        interface.functions.values_mut().for_each(|function| function.stability = none.clone());
    }
    let world = &mut resolve.worlds[world];
    world.stability = none.clone();
    for item in world.imports.values_mut().chain(world.exports.values_mut()) {
        match item {
            WorldItem::Interface { stability, .. } => *stability = none.clone(),
            WorldItem::Function(function) => function.stability = none.clone(),
            WorldItem::Type { .. } => {}
        }
    }
}
