//! The `ASSET` of a wrapper: its description, with the digests that artifacts must have.

use super::Description;
use crate::project::manifest::ArtifactEntry;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};
use wasmport::EngineConfig;
use wasmport::engine::{Knob, WasmFeature};
use wasmport::support::CONTRACT;

/// Compile-time checks: generator and runtime of one contract, and the cargo features there but for that
/// of a component's [gate](super::component::cargo_feature).
pub(super) fn contract(asset: &Description<'_>, is_async: bool, needs_wasi: bool) -> TokenStream {
    let name = asset.module.join("/");
    let mut cargo_features: Vec<&str> = asset
        .features
        .iter()
        .filter_map(|f| f.cargo_feature())
        .filter(|feature| !feature.starts_with(COMPONENT_MODEL))
        .collect();
    if is_async {
        cargo_features.push("async");
    }
    if asset.artifacts.iter().any(|artifact| artifact.uncompressed.is_some()) {
        cargo_features.push("zstd");
    }
    if needs_wasi {
        cargo_features.push("wasi");
    }
    cargo_features.sort_unstable();
    cargo_features.dedup();
    let macros = cargo_features.iter().map(|feature| require(feature));
    quote! {
        const _: () = assert!(
            ::wasmport::support::CONTRACT == #CONTRACT,
            "this wrapper was generated for another version of the `wasmport` crate: import again"
        );
        #(::wasmport::#macros!(#name);)*
    }
}

const COMPONENT_MODEL: &str = "component-model";

/// The macro that ends compilation without a cargo feature.
pub(super) fn require(feature: &str) -> Ident {
    format_ident!("__require_{}", feature.replace('-', "_"))
}

pub(super) fn description(asset: &Description<'_>, vis: &TokenStream) -> TokenStream {
    let name = asset.module.join("/");
    let source = asset.source;
    let digest = digest(asset.source_digest);
    let wasmtime = asset.wasmtime;
    let engine = engine(asset.engine);
    let features = asset.features.iter().map(|feature| format_ident!("{feature:?}"));
    let artifacts = asset.artifacts.iter().map(|a| artifact(asset, a));
    let is_component = asset.features.contains(WasmFeature::ComponentModel);
    let kind = if is_component { quote!(Component) } else { quote!(Module) };
    quote! {
        /// The asset: what it was made from, and its artifacts.
        #vis static ASSET: ::wasmport::Asset<::wasmport::support::#kind> = ::wasmport::support::asset(
            #name,
            #source,
            #digest,
            #wasmtime,
            #engine,
            ::wasmport::engine::RequiredFeatures::of(&[#(::wasmport::engine::WasmFeature::#features),*]),
            &[#(#artifacts),*],
        );
    }
}

fn digest(digest: wasmport::Digest) -> TokenStream {
    let hex = digest.to_string();
    quote!(::wasmport::support::digest(#hex))
}

/// Every knob is written out, so that the wrapper means the same whatever the defaults become.
pub(super) fn engine(engine: &EngineConfig) -> TokenStream {
    let setters = engine.knobs().into_iter().map(|Knob { name, value }| {
        let setter = format_ident!("{name}");
        let value = knob_value(name, &value);
        quote!(.#setter(#value))
    });
    quote!(::wasmport::EngineConfig::new() #(#setters)*)
}

fn knob_value(name: &str, value: &str) -> TokenStream {
    let path: Option<Ident> = match name {
        "opt_level" => Some(format_ident!("OptLevel")),
        "inlining" => Some(format_ident!("Inlining")),
        "collector" => Some(format_ident!("Collector")),
        _ => None,
    };
    match path {
        Some(ty) => {
            let variant = format_ident!("{value}");
            quote!(::wasmport::engine::#ty::#variant)
        }
        // Numbers, `true`, `None` and `Some(…)` are Rust as they stand; if ever one is not, the
        // parser of the whole file says so.
        None => value.parse().unwrap_or_default(),
    }
}

fn artifact(asset: &Description<'_>, artifact: &ArtifactEntry) -> TokenStream {
    let stored = stored(asset, artifact);
    match artifact.uncompressed {
        Some(bytes) => quote!(::wasmport::support::compressed(#stored, #bytes)),
        None => stored,
    }
}

fn stored(asset: &Description<'_>, artifact: &ArtifactEntry) -> TokenStream {
    let target = artifact.target.to_string();
    let bytes = artifact.bytes;
    let digest = digest(artifact.blake3);
    let path = &artifact.path;
    if !asset.embed {
        return quote!(::wasmport::support::file(#target, #bytes, #digest, #path));
    }
    // From the wrapper's file to the output folder.
    let include = format!("{}{path}", "../".repeat(asset.module.len() - 1));
    let Some(triple) = artifact.target.triple() else {
        let data = quote!(::core::option::Option::Some(include_bytes!(#include)));
        return quote!(::wasmport::support::embedded(#target, #bytes, #digest, #data));
    };
    let here = cfg(triple);
    quote! {
        ::wasmport::support::embedded(#target, #bytes, #digest, {
            #[cfg(#here)]
            {
                ::core::option::Option::Some(include_bytes!(#include))
            }
            #[cfg(not(#here))]
            {
                ::core::option::Option::None
            }
        })
    }
}

/// rustc's condition for programs that can use artifacts of `triple`, whatever their C library.
fn cfg(triple: &Triple) -> TokenStream {
    let arch = match triple.architecture {
        Architecture::Aarch64(_) => "aarch64".into(),
        Architecture::Riscv64(_) => "riscv64".into(),
        other => other.to_string(),
    };
    let os = match triple.operating_system {
        OperatingSystem::Linux if triple.environment == Environment::Android => "android".into(),
        OperatingSystem::Darwin(_) => "macos".into(),
        other => other.to_string(),
    };
    quote!(all(target_arch = #arch, target_os = #os, target_pointer_width = "64"))
}
