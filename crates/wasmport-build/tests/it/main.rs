//! The importer as a library: bad input, hostile names, files, incremental runs, determinism.
//!
//! Tests of a row of the fault list carry its number: `fault_12_…`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where anything is not as it should be"
)]

#[cfg(feature = "all-targets")]
mod all_targets;
#[cfg(feature = "audit")]
mod audit;
mod back_ends;
mod bad_input;
mod bounds;
mod build_script;
mod choices;
mod components;
mod concurrency;
mod dynamic;
mod errors;
mod features;
mod files;
mod found_files;
mod fuzz;
mod guests;
mod incremental;
mod limits;
mod line_ends;
mod load;
mod lock;
mod names;
mod optimize;
mod partition;
#[cfg(feature = "preinit")]
mod preinit;
#[cfg(feature = "preinit")]
mod preinit_components;
#[cfg(feature = "preinit")]
mod preinit_files;
mod profile;
mod project;
mod proposals;
mod settings;
mod snapshot;
mod sources;
mod stages;
mod state;
mod store;
mod targets;
mod untyped;
mod versions;
mod wasi;
