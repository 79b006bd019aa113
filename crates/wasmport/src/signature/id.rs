//! `KeyId`: the name of a key.

use std::fmt;
use std::str::FromStr;

/// The name of a key: 16 hexadecimal digits, as minisign prints it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u64);

impl KeyId {
    /// Reads the eight bytes of a key or a signature.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// Reads it from the line of a key or a signature: behind the two bytes of the algorithm, in Base64.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let mut bits = 0_u128;
        for digit in line.bytes().take(DIGITS) {
            let value = ALPHABET.iter().position(|letter| *letter == digit)?;
            bits = bits << 6 | value as u128;
        }
        // 16 digits are 12 bytes.
        let bytes = (bits << 32).to_be_bytes();
        let id = bytes.get(2..10)?.try_into().ok()?;
        (line.len() >= DIGITS).then(|| Self::from_bytes(id))
    }
}

/// The digits of Base64 that have the algorithm and the name of a key.
const DIGITS: usize = 16;

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
