//! Registries of the OCI: where container images are, and WebAssembly too.
//!
//! [`Bundle::from_oci`](crate::Bundle::from_oci) opens a bundle that refers to a module or component in a registry.

mod access;
mod client;
mod credentials;
mod error;
#[doc(hidden)]
pub mod manifest;
mod options;
mod push;
mod reference;
mod referrers;
mod transfer;

pub use crate::sha256::{Sha256, Sha256Error};
#[doc(hidden)]
pub use client::{Fetched, Registry};
pub use credentials::Credentials;
pub use error::RegistryError;
pub use options::RegistryOptions;
pub use reference::{Reference, ReferenceError};
#[doc(hidden)]
pub use referrers::Listed;
