//! Codegen: from an interface to Rust source. It sees no wasm bytes and writes no files.

mod asset;
mod docs;
mod exports;
mod imports;
mod plan;
mod session;
mod tree;
mod types;

use crate::error::{AssetError, Stage};
use crate::files::HEADER;
use crate::interface::Interface;
use crate::manifest::ArtifactEntry;
use plan::Plan;
use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;
use wasmport::engine::RequiredFeatures;
use wasmport::{Digest, EngineConfig};

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
}

/// The wrapper of one asset, as a Rust source file.
///
/// # Errors
///
/// Where the generated tokens are no Rust: a fault of this generator, shown as the asset's error.
pub(crate) fn wrapper(asset: &Description<'_>) -> Result<String, AssetError> {
    let plan = Plan::of(asset);
    let items: TokenStream = [
        asset::contract(asset),
        asset::description(asset),
        imports::modules(&plan),
        exports::pre(&plan),
        exports::wrapper(&plan),
        session::session(&plan),
    ]
    .into_iter()
    .collect();
    let module_docs = docs::inner(&docs::module(asset, &plan));
    let tokens = quote! {
        #module_docs
        // Names are the wasm's, and users may deny what they like in code of their own.
        #![allow(
            dead_code, elided_lifetimes_in_paths, missing_copy_implementations,
            missing_debug_implementations, non_snake_case, single_use_lifetimes, unexpected_cfgs, unreachable_pub,
            unused_qualifications, unused_results, clippy::all, clippy::nursery, clippy::pedantic
        )]
        #items
    };
    let source = print(tokens).map_err(|e| AssetError::new(asset.path, Stage::Codegen, e))?;
    Ok(format!("{}{source}", header(asset)))
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
