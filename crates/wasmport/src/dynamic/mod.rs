//! `DynamicAsset`: code that a program learns about at run time, and compiles itself.

mod asset;
#[cfg(feature = "compile")]
mod cache;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod compiled;
#[cfg(feature = "compile")]
mod job;
#[cfg(feature = "compile")]
mod kept;
#[cfg(feature = "compile")]
mod key;
#[cfg(feature = "compile")]
mod parse;
#[cfg(feature = "compile")]
mod proposals;
#[cfg(feature = "compile")]
mod source;
#[cfg(feature = "compile")]
mod stages;
#[cfg(feature = "compile")]
mod tier;
#[cfg(feature = "compile")]
mod worker;

pub use asset::DynamicAsset;
#[cfg(feature = "compile")]
pub use cache::ModuleCache;
#[cfg(feature = "compile")]
pub(crate) use compiled::Compiled;
#[cfg(feature = "compile")]
pub(crate) use job::{Candidate, CompileJob};
#[cfg(feature = "compile")]
pub use stages::Stages;
#[cfg(feature = "compile")]
pub use tier::Tier;
#[cfg(feature = "compile")]
#[doc(hidden)]
pub use worker::{Prepare, serve_worker_with};
#[cfg(feature = "compile")]
pub use worker::{Worker, serve_worker};
