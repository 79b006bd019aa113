//! `DynamicAsset`: code that a program learns about at run time, and compiles itself.

mod asset;
#[cfg(feature = "compile")]
mod cache;
#[cfg(feature = "compile")]
mod compile;

pub use asset::DynamicAsset;
#[cfg(feature = "compile")]
pub use cache::ModuleCache;
