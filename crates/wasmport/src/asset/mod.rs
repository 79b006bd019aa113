//! Assets as programs see them: descriptions, artifacts, and the places that artifacts come from.

mod any;
mod artifact;
mod kind;
mod source;
#[cfg(feature = "bundle")]
mod stored;
mod typed;

pub use any::AnyAsset;
pub use artifact::Artifact;
pub(crate) use artifact::Data;
pub use kind::{Component, Kind};
pub(crate) use source::NoSource;
pub use source::{AssetSource, Folder};
#[cfg(feature = "bundle")]
pub(crate) use stored::{Container, Stored};
pub use typed::Asset;
