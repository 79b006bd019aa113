//! Stages: each takes a module and the context, and returns the module for the next stage.
//!
//! `import_asset` runs them in the order of [`Stage`]. `run_stage` measures an optional stage, validates
//! its result, and applies its policy.

mod canonicalize;
mod codegen;
mod compose;
mod compress;
mod core_modules;
mod debug_info;
mod decode;
mod optimize;
mod preinit;
mod run_stage;
mod snapshot;
mod strip;
mod transform;
mod translate;
mod validate;
mod world;

pub(crate) use canonicalize::canonicalize;
pub(crate) use codegen::{codegen, codegen_versions};
pub(crate) use compose::compose;
pub(crate) use compress::{Stored, compress};
pub(crate) use debug_info::{Bare, without_debug_info};
pub(crate) use decode::decode;
pub(crate) use optimize::optimize;
pub(crate) use preinit::preinit;
pub(crate) use snapshot::snapshot;
pub(crate) use strip::strip;
pub(crate) use transform::transform;
pub(crate) use translate::translate;
pub(crate) use validate::validate;
pub(crate) use world::world;
