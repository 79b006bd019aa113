//! Code generation: from an interface to Rust source, without wasm bytes and without I/O.
//!
//! A file of this folder uses those above it in this list alone:
//!
//! ```text
//! description, docs, types, crate_path, indent, format, lacking
//! asset, file  the description of the asset in its wrapper; the source file
//! handle       functions of sessions as methods of handles
//! versioned    what wrappers of interfaces with versions share
//! guest/       the guest's side of an interface
//! core/        wrappers of core modules
//! component/   wrappers of components
//! versions     wrappers of interfaces with versions
//! error, tree  errors; the `mod.rs` files
//! ```

mod asset;
mod component;
mod core;
mod crate_path;
mod description;
mod docs;
mod error;
mod file;
mod format;
mod guest;
mod handle;
mod indent;
mod lacking;
mod tree;
mod types;
mod versioned;
mod versioned_session;
mod versions;

pub(crate) use component::{cargo_feature as component_feature, needs as component_needs};
pub(crate) use core::skeleton;
pub(crate) use crate_path::CratePath;
pub(crate) use description::{Description, Wrapper};
pub(crate) use error::CodegenError;
pub use guest::GuestLanguage;
pub(crate) use guest::{GuestError, GuestVersion, guest};
pub(crate) use lacking::of_versions;
pub(crate) use tree::{Module, tree};
pub(crate) use versions::versions;

use crate::asset::{AssetError, Kind, Stage};
use crate::component::World;
use crate::interface::Interface;
use crate::settings::Part;
use component::{ComponentError, Untyped};
use format::Section;
use wasmport::engine::WasmFeature;

/// The warning for components with 64-bit memories behind their functions.
const MEMORY64: &str = "the component uses `component-model-memory64`: Wasmtime 48 passes texts and lists between \
    the host and functions with a 64-bit memory wrongly, and panics in builds with debug assertions; numbers, \
    and calls between components, are right";

/// Generates the wrapper of one asset, as a Rust source file.
///
/// # Errors
///
/// Fails if a choice for the asset cannot be followed, or if the generated tokens are not Rust.
pub(crate) fn wrapper(asset: &Description<'_>) -> Result<Wrapper, AssetError> {
    let Interface { world, beyond_wit, too_large, .. } = asset.interface;
    let generated = match (world, beyond_wit, too_large) {
        (Some(world), ..) => of_component(asset, world),
        (None, Some(what), _) => untyped(asset, &Untyped::BeyondWit(what)),
        (None, None, Some(_)) => untyped(asset, &Untyped::TooLarge),
        (None, None, None) => of_module(asset),
    };
    let generated = generated.map(|mut wrapper| {
        if asset.features.contains(WasmFeature::ComponentModelMemory64) {
            wrapper.warnings.push(MEMORY64.into());
        }
        wrapper
    });
    let wrapper = generated.map_err(|error| refused(asset, &error));
    // The texts that spans refer to are kept for the thread otherwise; all tokens are text by now.
    proc_macro2::extra::invalidate_current_thread_spans();
    wrapper
}

/// Returns the error of an asset whose wrapper cannot be generated.
fn refused(asset: &Description<'_>, error: &CodegenError) -> AssetError {
    match error {
        CodegenError::Component(ComponentError::NeedsConcurrency) => {
            AssetError::without_concurrency(asset.path, Stage::Codegen, &error.to_string())
        }
        CodegenError::TooLarge(len) => {
            let (limit, key) = (asset.settings.limits.wrapper_bytes(), "max-wrapper-bytes");
            let unit = "bytes in a wrapper without methods";
            AssetError::over_limit(asset.path, Stage::Codegen, *len, limit, unit, key)
        }
        error => {
            let refused = AssetError::new(asset.path, Stage::Codegen, placed(asset, error));
            match error.help() {
                Some(help) => refused.help(help),
                None => refused,
            }
        }
    }
}

/// The message of an error, with the place of the setting that it is about.
fn placed(asset: &Description<'_>, error: &CodegenError) -> String {
    let text = error.to_string();
    let Some((key, part)) = error.setting() else { return text };
    match (asset.project.choice_location(asset.source, key, part), part) {
        (Some(place), _) => format!("{place}: {text}"),
        // The setting comes from code.
        (None, Part::Line(line)) => {
            let rest = text.strip_prefix(&format!("`{key}`: ")).unwrap_or(&text);
            format!("`{key}`, line {line}: {rest}")
        }
        (None, _) => text,
    }
}

/// The wrapper of a component, without methods if it is too large with them or cannot be written.
fn of_component(asset: &Description<'_>, world: &World) -> Result<Wrapper, CodegenError> {
    let wrapper = match component::wrapper(asset, world) {
        Err(error) if error.is_of_world() && !asset.is_interface => {
            return untyped(asset, &Untyped::BeyondRust(&error.to_string()));
        }
        wrapper => wrapper?,
    };
    if wrapper.source.len() as u64 > asset.settings.limits.wrapper_bytes() {
        return untyped(asset, &Untyped::TooLarge);
    }
    Ok(wrapper)
}

fn untyped(asset: &Description<'_>, reason: &Untyped<'_>) -> Result<Wrapper, CodegenError> {
    if asset.is_interface {
        return Err(CodegenError::Untyped(reason.text(asset.settings.limits.wrapper_bytes())));
    }
    Ok(component::untyped_wrapper(asset, reason)?)
}

/// The wrapper of a core module, with as many imports and exports as fit.
fn of_module(asset: &Description<'_>) -> Result<Wrapper, CodegenError> {
    let max = asset.settings.limits.wrapper_bytes();
    let mut room = max;
    loop {
        let wrapper = module_within(asset, room)?;
        let len = wrapper.source.len() as u64;
        if len <= max {
            return Ok(wrapper);
        }
        if room == 0 {
            return Err(CodegenError::TooLarge(len));
        }
        // Rust for these types is longer than estimated.
        let measured = u128::from(room) * u128::from(max) / u128::from(len);
        room = if room < SMALLEST { 0 } else { u64::try_from(measured).unwrap_or(0) / 8 * 7 };
    }
}

/// The room, in bytes, in which no import or export fits.
const SMALLEST: u64 = 512;

fn module_within(asset: &Description<'_>, room: u64) -> Result<Wrapper, CodegenError> {
    let core::Module { docs, api, rest, is_async, needs_wasi, methods, mut warnings, .. } =
        core::module(asset, room)?;
    warnings.extend(asset.settings.without_effect(Kind::Module));
    let mut sections = vec![Section::Items(asset::import())];
    sections.extend(api);
    sections.extend(rest);
    sections.push(asset::contract(asset, is_async, needs_wasi));
    if !asset.is_interface {
        sections.push(asset::description(asset));
    }
    Ok(Wrapper { source: file::source(asset, &docs, &sections)?, methods, warnings })
}
