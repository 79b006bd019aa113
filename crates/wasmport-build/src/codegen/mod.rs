//! Codegen: from an interface to Rust source. It sees no wasm bytes and writes no files.

mod api;
mod asset;
mod component;
mod docs;
mod exports;
mod format;
mod imports;
mod link;
mod plan;
mod session;
mod tree;
mod types;
mod values;

use crate::asset::{AssetError, Kind, Stage};
use crate::interface::Interface;
use crate::project::files::HEADER;
use crate::project::manifest::ArtifactEntry;
use crate::settings::AssetSettings;
use component::ComponentError;
use plan::Plan;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use std::path::Path;
use wasmport::engine::RequiredFeatures;
use wasmport::{Digest, EngineConfig};

#[cfg(feature = "preinit")]
pub(crate) use component::is_preview_2;
pub(crate) use component::{cargo_feature as component_feature, needs as component_needs};
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
    let made = match (world, beyond_wit) {
        (Some(world), _) => component::wrapper(asset, world),
        (None, Some(what)) => component::untyped_wrapper(asset, what),
        (None, None) => return of_module(asset).map_err(error),
    };
    made.map_err(|component| match component {
        ComponentError::NeedsConcurrency => {
            AssetError::without_concurrency(asset.path, Stage::Codegen, &component.to_string())
        }
        other => error(other.to_string()),
    })
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
    let source = source(asset, &docs::module(asset, &plan), &items).map_err(not_rust)?;
    let methods = plan.methods().into_iter().map(|(name, method)| (name.into(), method)).collect();
    let without_effect = asset.settings.without_effect(Kind::Module);
    let warnings = plan.warnings.into_iter().chain(without_effect).collect();
    Ok(Wrapper { source, methods, warnings })
}

/// The whole file.
fn source(asset: &Description<'_>, docs: &str, items: &TokenStream) -> syn::Result<String> {
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
    Ok(format!("{}{}", header(asset), format::print_items(tokens)?))
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

fn not_rust(error: syn::Error) -> String {
    format!("the generated code is not Rust: {error}")
}
