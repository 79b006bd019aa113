//! `DynamicAsset`: code that a program learns about at run time, and compiles itself.

mod asset;
#[cfg(feature = "compile")]
mod cache;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod sections;

pub use asset::DynamicAsset;
#[cfg(feature = "compile")]
pub use cache::ModuleCache;
#[cfg(feature = "compile")]
pub(crate) use sections::Section;
