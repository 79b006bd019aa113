//! The source file of a component's wrapper, and the cargo features that it needs.

use super::prepare::Choices;
use super::visibility::keep_in_crate;
use super::{Bindings, ComponentError, bindings};
use crate::asset::Kind;
use crate::codegen::{Description, Wrapper, asset, docs, plan, source};
use crate::component::World;
use crate::settings::{AssetSettings, Visibility};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use wasmport::engine::RequiredFeatures;

const COMPONENT_MODEL: &str = "component-model";

/// Generates the wrapper of a component of `world`.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the component's settings do not fit it, its world cannot be Rust, or it
/// needs an engine with concurrency that the project does not have.
pub(crate) fn wrapper(asset: &Description<'_>, world: &World) -> Result<Wrapper, ComponentError> {
    let settings = asset.settings;
    let mut world = world.clone();
    let own = asset.module.last().map_or("", String::as_str);
    world.rename(settings.type_name.as_deref().unwrap_or(own));
    let mut bindings = bindings(&world.resolve, world.id, &Choices::of(settings))?;
    if bindings.needs_wasi_p3 && !asset.engine.concurrency_support {
        return Err(ComponentError::NeedsConcurrency);
    }
    if settings.visibility == Some(Visibility::Crate) {
        keep_in_crate(&mut bindings.items);
    }
    let items = &bindings.items;
    let (requirements, description) = (requirements(asset, &bindings), description(asset));
    let docs = docs::component(asset, bindings.needs_wasi, bindings.needs_wasi_p3);
    let source = source(asset, &docs, &quote!(#(#items)* #description #requirements))?;
    bindings.warnings.extend(settings.without_effect(Kind::Component));
    Ok(Wrapper { source, methods: HashMap::new(), warnings: bindings.warnings })
}

/// Generates the wrapper of a component that WIT cannot describe: the asset alone, without types to make
/// methods of. `what` is the part that WIT cannot express.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the generated code is invalid.
pub(crate) fn untyped_wrapper(
    asset: &Description<'_>,
    what: &str,
) -> Result<Wrapper, ComponentError> {
    let (contract, description) = (asset::contract(asset, false, false), description(asset));
    let docs = docs::untyped_component(asset, what);
    let source = source(asset, &docs, &quote!(#description #contract))?;
    let warning = format!(
        "the wrapper has no methods, because the component cannot be described in WIT: {what}; run it \
         with `Session::of`"
    );
    Ok(Wrapper { source, methods: HashMap::new(), warnings: vec![warning] })
}

fn description(asset: &Description<'_>) -> TokenStream {
    asset::description(asset, &plan::visibility(asset.settings))
}

/// The checks of the contract and of cargo features, apart from [the one around the file](cargo_feature).
fn requirements(asset: &Description<'_>, bindings: &Bindings) -> TokenStream {
    let Bindings { is_async, needs_wasi, needs_wasi_p3, needs_store, .. } = *bindings;
    // The feature `wasi-p3` enables both.
    let contract = asset::contract(asset, is_async && !needs_wasi_p3, needs_wasi && !needs_wasi_p3);
    let name = asset.module.join("/");
    let others = [(needs_wasi_p3, "wasi-p3"), (needs_store, "component-model-async")];
    let others = others
        .iter()
        .filter(|(is_needed, feature)| *is_needed && *feature != cargo_feature(asset.features));
    let macros = others.map(|(_, feature)| asset::require(feature));
    quote!(#contract #(::wasmport::#macros!(#name);)*)
}

/// Returns the cargo feature without which nothing in a component's wrapper compiles: the file is included
/// through a macro that checks it, so that there is one error instead of hundreds.
pub(crate) fn cargo_feature(features: RequiredFeatures) -> &'static str {
    let features = features.iter().filter_map(|feature| feature.cargo_feature());
    let features = features.filter(|feature| feature.starts_with(COMPONENT_MODEL));
    // The longer one enables the other.
    features.max_by_key(|feature| feature.len()).unwrap_or(COMPONENT_MODEL)
}

/// Lists the cargo features that the wrapper of a component of `world` needs beside those of its wasm.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the world cannot be Rust.
pub(crate) fn needs(world: &World) -> Result<Vec<&'static str>, ComponentError> {
    let settings = AssetSettings::default();
    let bindings = bindings(&world.resolve, world.id, &Choices::of(&settings))?;
    let Bindings { is_async, needs_wasi, needs_wasi_p3, .. } = bindings;
    // The last one enables the others.
    let needs = [
        (is_async && !needs_wasi_p3, "async"),
        (needs_wasi && !needs_wasi_p3, "wasi"),
        (needs_wasi_p3, "wasi-p3"),
    ];
    Ok(needs.into_iter().filter_map(|(needs, feature)| needs.then_some(feature)).collect())
}
