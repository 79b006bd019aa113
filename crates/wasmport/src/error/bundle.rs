//! `BundleError`: the reason why a bundle does not count.

use crate::signature::Untrusted;
use std::io;

/// The reason why a [`Bundle`](crate::Bundle) does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file cannot be read, or is no archive of a bundle.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// Its manifest is damaged, or names what it does not have.
    #[error("its manifest is damaged: {0}")]
    Malformed(String),
    /// It has another format than this program reads.
    #[error("it has the format {0}, which this program does not read")]
    Format(u32),
    /// Nobody trusts its key, or it is of an older generation than counts.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// Its time is over, which was at so many seconds since 1970.
    #[error("it has expired {0} seconds after 1970")]
    Expired(u64),
}

impl BundleError {
    /// Returns the advice on what to change.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::Malformed(_) => {
                "get the bundle again; it is the output of `cargo wasmport bundle`"
            }
            Self::Format(_) => "write the bundle with the `cargo wasmport` of this `wasmport`",
            Self::Untrusted(Untrusted::Old { .. }) => {
                "get a newer bundle: an old one may have faults that are known"
            }
            Self::Untrusted(Untrusted::Unknown(_)) => {
                "add the producer's public key to the `TrustedKeys`, if you trust it"
            }
            Self::Untrusted(_) => "do not use the bundle: get it from its producer again",
            Self::Expired(_) => "get a newer bundle, or set the clock of this machine",
        }
    }
}
