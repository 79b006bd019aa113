//! Registries of the OCI: sources and bundles, pushed, pulled and pinned. Only what the command calls by name uses the network.

mod add;
mod fetch;
mod place;
mod pull;
mod push;
mod source;
mod update;

pub use add::{AddOptions, Addition, add};
pub use fetch::{FetchedFile, FetchedFrom, fetch};
pub use pull::{PullOptions, Pulled, pull_bundle, pull_source};
pub use push::{PushOptions, Pushed, push};
pub use update::{Update, UpdateState, updates};
pub use wasmport::registry::{
    Credentials, Reference, ReferenceError, RegistryError, RegistryOptions, Sha256,
};

use crate::error::Error;
use std::future::Future;

/// Runs an operation with a registry to its end.
fn run<T>(operation: impl Future<Output = Result<T, RegistryError>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Internal { message: error.to_string() })?;
    let result = runtime.block_on(operation);
    // A program of docker's that hangs keeps nobody waiting.
    runtime.shutdown_background();
    Ok(result?)
}
