//! Code generation: from an interface to Rust source, without wasm bytes and without I/O.
//!
//! A file of this folder uses those above it in this list alone:
//!
//! ```text
//! description, docs, types, format
//! core/        wrappers of core modules
//! component/   wrappers of components
//! asset        the description of the asset in its wrapper
//! error, tree  errors; the `mod.rs` files
//! ```

mod asset;
mod component;
mod core;
mod description;
mod docs;
mod error;
mod format;
mod tree;
mod types;

#[cfg(feature = "preinit")]
pub(crate) use component::is_preview_2;
pub(crate) use description::{Description, Wrapper};
pub(crate) use error::CodegenError;
pub(crate) use tree::tree;

use crate::asset::{AssetError, Kind, Stage};
use crate::component::World;
use crate::interface::Interface;
use crate::project::files::HEADER;
use crate::settings::{AssetSettings, Visibility};
use component::{Bindings, Choices};
use format::Section;
use quote::quote;
use std::collections::HashMap;

/// Generates the wrapper of one asset, as a Rust source file.
///
/// # Errors
///
/// Fails if a choice for the asset cannot be followed, or if the generated tokens are not Rust.
pub(crate) fn wrapper(asset: &Description<'_>) -> Result<Wrapper, AssetError> {
    let error =
        |error: CodegenError| AssetError::new(asset.path, Stage::Codegen, error.to_string());
    let Interface { world, beyond_wit, .. } = asset.interface;
    match (world, beyond_wit) {
        (None, None) => of_module(asset).map_err(error),
        (None, Some(reason)) => of_untyped_component(asset, reason).map_err(error),
        (Some(world), _) => {
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
    }
}

/// The wrapper of a core module.
fn of_module(asset: &Description<'_>) -> Result<Wrapper, CodegenError> {
    let core::Module { docs, api, rest, is_async, needs_wasi, methods, mut warnings } =
        core::module(asset)?;
    warnings.extend(asset.settings.without_effect(Kind::Module));
    let mut sections = vec![Section::Items(asset::import())];
    sections.extend(api);
    sections.extend(rest);
    sections.push(asset::contract(asset, is_async, needs_wasi));
    sections.push(Section::Items(asset::description(asset)));
    Ok(Wrapper { source: source(asset, &docs, &sections)?, methods, warnings })
}

fn component_bindings(asset: &Description<'_>, world: &World) -> Result<Bindings, CodegenError> {
    let settings = asset.settings;
    let mut world = world.clone();
    world.rename(settings.type_name.as_deref().unwrap_or(asset.own_module()));
    let mut bindings = component::bindings(&world.resolve, world.id, &Choices::of(settings))
        .map_err(CodegenError::Component)?;
    bindings.warnings.extend(settings.without_effect(Kind::Component));
    Ok(bindings)
}

/// The cargo features that the wrapper of a component of `world` needs beyond those of its wasm.
///
/// # Errors
///
/// Fails if no wrapper can be generated for the world.
pub(crate) fn component_needs(world: &World) -> Result<Vec<&'static str>, CodegenError> {
    let settings = AssetSettings::default();
    let bindings = component::bindings(&world.resolve, world.id, &Choices::of(&settings))
        .map_err(CodegenError::Component)?;
    let Bindings { is_async, needs_wasi, needs_wasi_p3, .. } = bindings;
    // `wasi-p3` enables the others.
    let needs = [
        (is_async && !needs_wasi_p3, "async"),
        (needs_wasi && !needs_wasi_p3, "wasi"),
        (needs_wasi_p3, "wasi-p3"),
    ];
    Ok(needs.into_iter().filter_map(|(needs, feature)| needs.then_some(feature)).collect())
}

/// The wrapper of a component.
fn of_component(asset: &Description<'_>, mut bindings: Bindings) -> Result<Wrapper, CodegenError> {
    let Bindings { is_async, needs_wasi, needs_wasi_p3, .. } = bindings;
    if asset.settings.visibility == Some(Visibility::Crate) {
        component::keep_in_crate(&mut bindings.items);
    }
    let docs = docs::component(asset, needs_wasi, needs_wasi_p3);
    let items = &bindings.items;
    let items = format::print_items(quote!(#(#items)*))?;
    let (gate, name) = (asset::component_gate(asset, &bindings), asset.name());
    let sections = [
        Section::Items(asset::import()),
        // As text: the items inside of the macro call are formatted already.
        Section::Text(format!("::wasmport::{gate}! {{\n{name:?}\n{items}}}\n")),
        // The feature `wasi-p3`, which the gate checks then, enables the others.
        asset::contract(asset, is_async && !needs_wasi_p3, needs_wasi && !needs_wasi_p3),
        Section::Items(asset::description(asset)),
    ];
    let source = source(asset, &docs, &sections)?;
    Ok(Wrapper { source, methods: HashMap::new(), warnings: bindings.warnings })
}

/// The wrapper of a component that WIT cannot describe: the description of its asset alone.
fn of_untyped_component(asset: &Description<'_>, reason: &str) -> Result<Wrapper, CodegenError> {
    let sections = [
        Section::Items(asset::import()),
        asset::contract(asset, false, false),
        Section::Items(asset::description(asset)),
    ];
    let docs = docs::untyped_component(asset, reason);
    let source = source(asset, &docs, &sections)?;
    let warning = format!(
        "the wrapper has no methods, because WIT cannot describe the component: {reason}; run it with \
         `Session::of_component`"
    );
    Ok(Wrapper { source, methods: HashMap::new(), warnings: vec![warning] })
}

/// Lints that generated code triggers: names are those of the wasm, and programs may deny any lint in
/// their own code.
const ALLOWED_LINTS: &str = "\
#![allow(
    async_fn_in_trait, dead_code, elided_lifetimes_in_paths, long_running_const_eval,
    missing_copy_implementations, missing_debug_implementations, non_snake_case, single_use_lifetimes,
    unexpected_cfgs, unreachable_pub, unused_qualifications, unused_results,
    clippy::all, clippy::nursery, clippy::pedantic,
    reason = \"generated code\"
)]
";

/// The whole file.
fn source(
    asset: &Description<'_>,
    docs: &str,
    sections: &[Section],
) -> Result<String, CodegenError> {
    let docs = docs::inner(docs);
    let docs = format::print_items(quote!(#docs))?;
    Ok(format!("{}{docs}\n{ALLOWED_LINTS}\n{}", header(asset), format::print(sections)?))
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
