//! Signatures of producers, with the keys of [minisign](https://jedisct1.github.io/minisign/).

mod id;
mod signing;
mod trusted;

pub use id::KeyId;
pub use signing::{NewKey, SigningKey, SigningKeyError};
pub use trusted::{TrustedKeyError, TrustedKeys, Untrusted};
