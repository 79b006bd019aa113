//! Assets as programs see them: descriptions, artifacts, and the places that artifacts come from.

mod any;
mod artifact;
mod kind;
mod source;
mod typed;

pub use any::AnyAsset;
pub use artifact::Artifact;
pub(crate) use artifact::Data;
pub use kind::{Component, Kind};
pub(crate) use source::NoSource;
pub use source::{AssetSource, Folder};
pub use typed::Asset;
