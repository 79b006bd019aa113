//! Components: their worlds and core modules, comparison with a world, and composition.

mod compose;
mod conformance;
mod decode;
mod difference;
mod directions;
mod docs;
mod error;
#[cfg(test)]
pub(crate) mod examples;
#[cfg(feature = "preinit")]
mod exports;
mod items;
mod modules;
mod plan;
mod reproducible;
mod size;
mod text;
mod types;
mod world;

pub(crate) use compose::compose;
pub(crate) use conformance::differences;
pub(crate) use difference::{Aspect, Difference, Direction, ItemKind};
pub(crate) use directions::contradiction;
pub(crate) use error::{ModulesError, WitError, WorldError};
#[cfg(feature = "preinit")]
pub(crate) use exports::without_export;
pub(crate) use items::misfits;
pub(crate) use modules::{map_modules, modules};
pub(crate) use reproducible::reproducibility_warning;
pub(crate) use world::World;
