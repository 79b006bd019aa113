//! Components: what is inside them, what their worlds are, and what is made of several.

mod compose;
mod conformance;
mod directions;
mod docs;
#[cfg(test)]
mod examples;
#[cfg(feature = "preinit")]
mod exports;
mod listing;
mod modules;
mod plan;
mod reproducible;
mod types;
mod wit;
mod words;

pub(crate) use compose::compose;
pub(crate) use conformance::differences;
pub(crate) use directions::contradiction;
#[cfg(feature = "preinit")]
pub(crate) use exports::without_export;
pub(crate) use modules::{map_modules, modules};
pub(crate) use reproducible::warning as irreproducible;
pub(crate) use wit::{NoWorld, World};
