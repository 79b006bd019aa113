//! Codegen: from an interface to Rust source. It sees no wasm bytes and writes no files.

mod api;
mod asset;
mod component;
mod docs;
mod exports;
mod imports;
mod link;
mod plan;
mod session;
mod tree;
mod types;
mod values;

use crate::asset::{AssetError, Kind, Stage};
use crate::component::World;
use crate::interface::Interface;
use crate::project::files::HEADER;
use crate::project::manifest::ArtifactEntry;
use crate::settings::{AssetSettings, Visibility};
use component::{Bindings, Choices};
use plan::Plan;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use std::path::Path;
use wasmport::engine::RequiredFeatures;
use wasmport::{Digest, EngineConfig};

#[cfg(feature = "preinit")]
pub(crate) use component::is_preview_2;
pub(crate) use tree::tree;

/// What a wrapper is generated from.
pub(crate) struct Description<'a> {
    pub path: &'a Path,
    /// The source file relative to its root.
    pub source: &'a str,
    pub source_digest: Digest,
    /// The modules that lead to the wrapper, its own last.
    pub module: &'a [String],
    pub wasmtime: &'a str,
    pub engine: &'a EngineConfig,
    pub features: RequiredFeatures,
    pub artifacts: &'a [ArtifactEntry],
    pub embed: bool,
    pub interface: &'a Interface,
    pub settings: &'a AssetSettings,
}

/// What is generated for one asset.
pub(crate) struct Wrapper {
    /// Rust.
    pub source: String,
    /// By export, the method's name.
    pub methods: HashMap<String, String>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// The wrapper of one asset, as a Rust source file.
///
/// # Errors
///
/// Where what is chosen for the asset cannot be followed, or the generated tokens are no Rust: a
/// fault of this generator, shown as the asset's error.
pub(crate) fn wrapper(asset: &Description<'_>) -> Result<Wrapper, AssetError> {
    let error = |message| AssetError::new(asset.path, Stage::Codegen, message);
    let Interface { world, beyond_wit, .. } = asset.interface;
    let Some(world) = world else {
        let made = match beyond_wit {
            Some(what) => of_untyped_component(asset, what),
            None => of_module(asset),
        };
        return made.map_err(error);
    };
    let bindings = component_bindings(asset, world).map_err(error)?;
    if bindings.needs_wasi_p3 && !asset.engine.concurrency_support {
        return Err(AssetError::without_concurrency(
            asset.path,
            Stage::Codegen,
            "the component imports WASI of version 0.3, some functions of which wait",
        ));
    }
    of_component(asset, bindings).map_err(error)
}

fn of_module(asset: &Description<'_>) -> Result<Wrapper, String> {
    let plan = Plan::of(asset)?;
    let items: TokenStream = [
        asset::contract(asset, plan.is_async, plan.needs_wasi()),
        asset::description(asset, &plan.vis),
        plan.items.clone(),
        imports::modules(&plan),
        values::imports(&plan),
        exports::pre(&plan),
        exports::wrapper(&plan),
        session::session(&plan),
    ]
    .into_iter()
    .collect();
    let source = source(asset, &docs::module(asset, &plan), &items)?;
    let methods = plan.methods().into_iter().map(|(name, method)| (name.into(), method)).collect();
    let without_effect = asset.settings.without_effect(Kind::Module);
    let warnings = plan.warnings.into_iter().chain(without_effect).collect();
    Ok(Wrapper { source, methods, warnings })
}

fn component_bindings(asset: &Description<'_>, world: &World) -> Result<Bindings, String> {
    let settings = asset.settings;
    let mut world = world.clone();
    let own = asset.module.last().map_or("", String::as_str);
    world.rename(settings.type_name.as_deref().unwrap_or(own));
    let mut bindings = component::bindings(&world.resolve, world.id, &Choices::of(settings))?;
    bindings.warnings.extend(settings.without_effect(Kind::Component));
    Ok(bindings)
}

/// The cargo features that the wrapper of a component of `world` needs beyond those of its wasm.
pub(crate) fn component_needs(world: &World) -> Result<Vec<&'static str>, String> {
    let settings = AssetSettings::default();
    let bindings = component::bindings(&world.resolve, world.id, &Choices::of(&settings))?;
    let Bindings { is_async, needs_wasi, needs_wasi_p3, .. } = bindings;
    // Of the three the last one brings the others.
    let needs = [
        (is_async && !needs_wasi_p3, "async"),
        (needs_wasi && !needs_wasi_p3, "wasi"),
        (needs_wasi_p3, "wasi-p3"),
    ];
    Ok(needs.into_iter().filter_map(|(needs, feature)| needs.then_some(feature)).collect())
}

fn of_component(asset: &Description<'_>, mut bindings: Bindings) -> Result<Wrapper, String> {
    let Bindings { is_async, needs_wasi, needs_wasi_p3, .. } = bindings;
    if asset.settings.visibility == Some(Visibility::Crate) {
        component::keep_in_crate(&mut bindings.items);
    }
    // The feature `wasi-p3`, which is the gate's then, brings the others.
    let contract = asset::contract(asset, is_async && !needs_wasi_p3, needs_wasi && !needs_wasi_p3);
    let description = asset::description(asset, &plan::visibility(asset.settings));
    let docs = docs::component(asset, needs_wasi, needs_wasi_p3);
    let head = source(asset, &docs, &quote!(#contract #description))?;
    let items = &bindings.items;
    let items = print(quote!(#(#items)*))?;
    let (gate, name) = (asset::component_gate(asset, &bindings), asset.module.join("/"));
    // As text: the contents of a macro would not be formatted.
    let source = format!("{head}::wasmport::{gate}! {{\n{name:?}\n{items}}}\n");
    Ok(Wrapper { source, methods: HashMap::new(), warnings: bindings.warnings })
}

/// No more than the asset: there are no types to make methods of.
fn of_untyped_component(asset: &Description<'_>, what: &str) -> Result<Wrapper, String> {
    let contract = asset::contract(asset, false, false);
    let description = asset::description(asset, &plan::visibility(asset.settings));
    let docs = docs::untyped_component(asset, what);
    let source = source(asset, &docs, &quote!(#contract #description))?;
    let warning = format!(
        "the wrapper has no methods, because the component cannot be described in WIT: {what}; run it \
         with `Session::of`"
    );
    Ok(Wrapper { source, methods: HashMap::new(), warnings: vec![warning] })
}

/// The whole file.
fn source(asset: &Description<'_>, docs: &str, items: &TokenStream) -> Result<String, String> {
    let docs = docs::inner(docs);
    let tokens = quote! {
        #docs
        // Names are the wasm's, and users may deny what they like in code of their own.
        #![allow(
            async_fn_in_trait, dead_code, elided_lifetimes_in_paths, long_running_const_eval,
            missing_copy_implementations,
            missing_debug_implementations, non_snake_case, single_use_lifetimes, unexpected_cfgs, unreachable_pub,
            unused_qualifications, unused_results, clippy::all, clippy::nursery, clippy::pedantic,
            reason = "generated code"
        )]
        #items
    };
    Ok(format!("{}{}", header(asset), print(tokens)?))
}

fn header(asset: &Description<'_>) -> String {
    let targets: Vec<String> = asset.artifacts.iter().map(|a| a.target.to_string()).collect();
    format!(
        "{HEADER} {} from `{}`. Do not edit: import again.\n\
         // source: BLAKE3 {}\n\
         // engine: {}\n\
         // targets: {}\n\n",
        crate::VERSION,
        docs::printable(asset.source),
        asset.source_digest,
        asset.engine.fingerprint(),
        targets.join(" "),
    )
}

fn print(tokens: TokenStream) -> Result<String, String> {
    let file = syn::parse2(tokens).map_err(|e| format!("the generated code is not Rust: {e}"))?;
    Ok(prettyplease::unparse(&file))
}
