//! `Runtime`: an engine, and the assets loaded into it.

mod background;
mod builder;
mod engine;
mod handle;
mod inspect;
mod load;
mod loaded;
mod shared;

pub use background::{LoadProgress, Loading};
pub use builder::RuntimeBuilder;
pub use handle::Runtime;
#[cfg(feature = "component-model")]
pub use loaded::LoadedComponent;
pub use loaded::{Loaded, LoadedAsset, LoadedModule};
