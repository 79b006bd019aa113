//! Signatures of producers, with the keys of [minisign](https://jedisct1.github.io/minisign/).

mod signing;
#[cfg(test)]
mod tests;

pub use signing::{NewKey, SigningKey, SigningKeyError};
pub use wasmport::signature::{KeyId, TrustedKeyError, TrustedKeys, Untrusted};
