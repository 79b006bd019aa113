//! Store: results of earlier work, found by a digest of all inputs that decide them.
//!
//! ```text
//! computation → key → record (small, by bucket and key) → blob (by its own digest)
//! ```
//!
//! A record is authenticated with a secret key, and has the digest of its blob: nobody without the key can
//! add, change or exchange results.

mod backend;
mod cache;
mod computation;
mod downloads;
mod folder;
mod functions;
mod key;
mod layout;
mod lease;
mod local;
mod location;
mod maintenance;
mod prune;
mod record;
#[cfg(feature = "remote")]
mod remote;
mod saved;
mod secret;
#[cfg(feature = "simulation")]
mod simulation;
mod takeover;

pub(crate) use cache::{Cache, CacheEntry};
pub(crate) use computation::{Bytes, Computation};
#[cfg(feature = "oci")]
pub(crate) use downloads::Downloads;
pub(crate) use folder::{StoreError, StoreFolder};
pub(crate) use functions::{Functions, ModuleFunctions};
pub(crate) use key::Bucket;
pub(crate) use location::of_build_script;
pub use maintenance::{CacheFolder, CacheStats, Verified};
pub use prune::Removed;
#[cfg(all(feature = "doctor", feature = "remote"))]
pub(crate) use remote::RemoteOptions;
#[cfg(feature = "simulation")]
pub use simulation::SimulatedImport;
pub(crate) use takeover::TakenOver;
