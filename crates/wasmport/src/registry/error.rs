//! `RegistryError`: the reason why a registry did not do what it was asked.

use super::reference::ReferenceError;
use crate::sha256::Sha256;
use std::time::Duration;

/// The reason why a registry did not do what it was asked. No message has a secret: credentials, or the query of an address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The reference is malformed.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The credentials cannot be read.
    #[error("the credentials for `{host}` cannot be read: {what}")]
    Credentials {
        /// The host.
        host: String,
        /// The cause.
        what: String,
    },
    /// It does not answer, or breaks off.
    #[error("`{host}`: {what}: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The cause.
        reason: String,
    },
    /// It took too long.
    #[error("`{host}`: {what}: it did not answer within {} s", .limit.as_secs_f32())]
    TimedOut {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The time that it had for all.
        limit: Duration,
    },
    /// It refuses the credentials, or wants some.
    #[error("`{host}`: {what}: it refuses the access ({status})")]
    Denied {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The status of HTTP.
        status: u16,
    },
    /// It does not have the content.
    #[error("`{host}` has no {what}")]
    NotFound {
        /// The host.
        host: String,
        /// The content.
        what: String,
    },
    /// It answers with a status that means an error.
    #[error("`{host}`: {what}: it answers with the status {status}{message}")]
    Status {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The status of HTTP.
        status: u16,
        /// The beginning of its own message.
        message: String,
    },
    /// The content is larger than is allowed.
    #[error("`{host}`: {what}: it is larger than {most} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The largest length.
        most: u64,
    },
    /// The content is not what its digest names.
    #[error("`{host}`: {what}: its digest is wrong\n  expected {expected}\n  found    {found}")]
    Digest {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The digest that was asked for.
        expected: Sha256,
        /// The digest of what came.
        found: Sha256,
    },
    /// The content has another type.
    #[error("`{host}`: {what}: it is of the type `{found}`, not {expected}")]
    MediaType {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The types that would do.
        expected: &'static str,
        /// The type.
        found: String,
    },
    /// The content is malformed.
    #[error("`{host}`: {what}: {reason}")]
    Malformed {
        /// The host.
        host: String,
        /// The content.
        what: String,
        /// The cause.
        reason: String,
    },
    /// The bundle is one of another module or component.
    #[error("no asset of the bundle was compiled from what `{reference}` names")]
    OtherSource {
        /// The content.
        reference: String,
    },
    /// No bundle that refers to the content counts.
    #[error("`{reference}`: no bundle of it counts for Wasmtime {major}{}", listed(.reasons))]
    NoBundle {
        /// The content.
        reference: String,
        /// The major version of Wasmtime.
        major: String,
        /// Each bundle that does not count, and why.
        reasons: Vec<String>,
    },
}

/// Returns the reasons, each on a line.
fn listed(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}

impl RegistryError {
    /// Returns the advice on what to change.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Reference(_) => "write `host/owner/name:tag` or `host/owner/name@sha256:…`",
            Self::Credentials { .. } => {
                "log in again with `docker login`, or set `WASMPORT_REGISTRY` to the host and \
                 `WASMPORT_REGISTRY_USERNAME` and `WASMPORT_REGISTRY_PASSWORD`"
            }
            Self::Denied { .. } => {
                "log in with `docker login`, or set `WASMPORT_REGISTRY` to the host and \
                 `WASMPORT_REGISTRY_USERNAME` and `WASMPORT_REGISTRY_PASSWORD`"
            }
            Self::Unreachable { .. } | Self::TimedOut { .. } => {
                "check the host and the network; registries on other machines need TLS, or the option for \
                 plain HTTP"
            }
            Self::NotFound { .. } => "check name, tag and digest",
            Self::Status { .. } => "try again later, or ask those who run the registry",
            Self::TooLarge { .. } => "check the reference, or allow larger contents",
            Self::Digest { .. } => {
                "do not use it: the registry, or what is between, returns another content than it names"
            }
            Self::MediaType { .. } | Self::Malformed { .. } => {
                "check that the reference names a module, a component or a bundle, and that the host is a registry"
            }
            Self::OtherSource { .. } => {
                "push it to the reference of its own source, or push the source first: the very file that was imported"
            }
            Self::NoBundle { reasons, .. } if reasons.is_empty() => {
                "push one with `cargo wasmport bundle` and `cargo wasmport push`"
            }
            Self::NoBundle { .. } => {
                "trust the key of its producer, or push a bundle of this version of Wasmtime that has not expired"
            }
        }
    }
}
