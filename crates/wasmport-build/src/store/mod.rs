//! Store: results of earlier work, found by a digest of all inputs that decide them.
//!
//! ```text
//! computation → key → record (small, by bucket and key) → blob (by its own digest)
//! ```

mod backend;
mod cache;
mod computation;
mod functions;
mod key;
mod layout;
mod lease;
mod local;
mod location;
mod maintenance;
mod prune;
mod record;
mod saved;

pub(crate) use cache::{Cache, CacheEntry};
pub(crate) use computation::{Bytes, Computation};
pub(crate) use functions::{Functions, ModuleFunctions};
pub(crate) use key::Bucket;
pub(crate) use layout::saved_digests_path;
pub(crate) use location::{location, of_build_script};
pub use maintenance::{CacheFolder, CacheStats, Verified};
pub use prune::Removed;
