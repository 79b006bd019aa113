//! `RegistryOptions`: how a registry is reached, and the bounds of an operation.

use super::credentials::Credentials;
use std::time::Duration;

/// How a registry is reached, and the bounds of an operation.
#[derive(Clone, Debug)]
#[must_use]
pub struct RegistryOptions {
    pub(super) credentials: Option<Credentials>,
    pub(super) insecure: bool,
    pub(super) timeout: Duration,
    pub(super) max_bytes: u64,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        let (timeout, max_bytes) = (Duration::from_secs(60), 512 << 20);
        Self { credentials: None, insecure: false, timeout, max_bytes }
    }
}

impl RegistryOptions {
    /// Creates options: TLS except for registries on this machine, the credentials of this user, 60 seconds for an operation,
    /// and 512 MiB for a content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the credentials. Default: [`Credentials::of_environment`].
    pub fn credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    /// Allows plain HTTP with registries on other machines. Everybody between sees the credentials then, and can hide what
    /// the registry has. Contents are still verified.
    pub fn insecure(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// Sets the longest time of an operation in all, such as looking for a bundle and downloading it.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the largest length of a content in bytes. Nothing is read beyond it.
    pub fn max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }
}
