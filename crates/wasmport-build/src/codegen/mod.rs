//! Code generation: from an interface to Rust source, without wasm bytes and without I/O.
//!
//! A file of this folder uses those above it in this list alone:
//!
//! ```text
//! description, docs, types, format
//! asset, file  the description of the asset in its wrapper; the source file
//! core/        wrappers of core modules
//! component/   wrappers of components
//! error, tree  errors; the `mod.rs` files
//! ```

mod asset;
mod component;
mod core;
mod description;
mod docs;
mod error;
mod file;
mod format;
mod tree;
mod types;

#[cfg(feature = "preinit")]
pub(crate) use component::is_preview_2;
pub(crate) use component::{cargo_feature as component_feature, needs as component_needs};
pub(crate) use description::{Description, Wrapper};
pub(crate) use error::CodegenError;
pub(crate) use tree::tree;

use crate::asset::{AssetError, Kind, Stage};
use crate::interface::Interface;
use component::ComponentError;
use format::Section;

/// Generates the wrapper of one asset, as a Rust source file.
///
/// # Errors
///
/// Fails if a choice for the asset cannot be followed, or if the generated tokens are not Rust.
pub(crate) fn wrapper(asset: &Description<'_>) -> Result<Wrapper, AssetError> {
    let Interface { world, beyond_wit, .. } = asset.interface;
    let generated = match (world, beyond_wit) {
        (Some(world), _) => component::wrapper(asset, world).map_err(CodegenError::from),
        (None, Some(what)) => component::untyped_wrapper(asset, what).map_err(CodegenError::from),
        (None, None) => of_module(asset),
    };
    generated.map_err(|error| match error {
        CodegenError::Component(ComponentError::NeedsConcurrency) => {
            AssetError::without_concurrency(asset.path, Stage::Codegen, &error.to_string())
        }
        error => AssetError::new(asset.path, Stage::Codegen, error.to_string()),
    })
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
    Ok(Wrapper { source: file::source(asset, &docs, &sections)?, methods, warnings })
}
