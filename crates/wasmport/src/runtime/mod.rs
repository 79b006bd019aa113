//! `Runtime`: an engine, and the assets loaded into it.

mod background;
mod builder;
mod detect;
mod engine;
mod handle;
mod inspect;
mod load;
mod loaded;
mod shared;
#[cfg(feature = "compile")]
mod tiered;
mod version;
mod versions;

pub use background::{LoadProgress, Loading};
pub use builder::RuntimeBuilder;
pub use detect::Detect;
pub use handle::Runtime;
#[cfg(feature = "component-model")]
pub use loaded::LoadedComponent;
pub use loaded::{Loaded, LoadedAsset, LoadedModule};
#[cfg(feature = "compile")]
pub use tiered::{TierReport, Tiered};
pub(crate) use version::ALL as ALL_VERSIONS;
pub(crate) use version::set_of as version_set;
pub use version::{InterfaceVersion, VersionSet, index as version_index};
pub use versions::Versions;
