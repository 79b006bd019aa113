//! Signatures that the keys of trusted producers made, in the format of
//! [minisign](https://jedisct1.github.io/minisign/).

mod id;
mod trusted;

pub use id::KeyId;
pub use trusted::{TrustedKeyError, TrustedKeys, Untrusted};
