//! Code of both kinds, core modules and components: loaded, linked and instantiated.

mod cache;
#[cfg(feature = "component-model")]
mod component;
#[cfg(feature = "component-model")]
mod component_stubs;
#[cfg(feature = "compile")]
mod contents;
mod deserialize;
mod kind;
mod linking;
mod load;
mod map;
mod module;
mod module_stubs;
mod names;
mod overloads;
#[cfg(feature = "compile")]
mod own;

pub(crate) use cache::CodeCaches;
#[cfg(feature = "component-model")]
pub use component_stubs::HostResources;
#[cfg(feature = "compile")]
pub(crate) use contents::Contents;
#[cfg(feature = "compile")]
pub(crate) use deserialize::deserialize_own;
pub use kind::Code;
pub(crate) use kind::Operations;
pub use linking::Linking;
pub(crate) use load::load;
pub(crate) use map::map;
pub(crate) use module::exports_procedure;
pub(crate) use names::{PREVIEW_1, START};
pub use overloads::OverloadedPre;
#[cfg(feature = "compile")]
pub(crate) use own::OwnArtifact;
