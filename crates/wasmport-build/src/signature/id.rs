//! `KeyId`: the name of a key.

use std::fmt;
use std::str::FromStr;

/// The name of a key: 16 hexadecimal digits, as minisign prints it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u64);

impl KeyId {
    /// Reads the eight bytes in a key or signature.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut id = [0; 8];
        id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(u64::from_le_bytes(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}
