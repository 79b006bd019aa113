//! `Digest`: a BLAKE3 digest, which ties a wrapper to its artifacts.

mod parallel;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

/// A BLAKE3 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the digest of `bytes`, which several threads compute if there are many.
    pub(crate) fn of_large(bytes: &[u8]) -> Self {
        parallel::hash(bytes).map_or_else(|| Self::of(bytes), |hash| Self(*hash.as_bytes()))
    }

    /// Returns the digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses 64 hexadecimal digits; `None` for any other text.
    #[must_use]
    pub const fn from_hex(hex: &str) -> Option<Self> {
        let hex = hex.as_bytes();
        if hex.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < 32 {
            let (high, low) = (NIBBLES[hex[2 * i] as usize], NIBBLES[hex[2 * i + 1] as usize]);
            if high | low > 0xf {
                return None;
            }
            bytes[i] = high << 4 | low;
            i += 1;
        }
        Some(Self(bytes))
    }
}

/// Value of each digit; 0xff for other characters. A table, because a manifest holds thousands of
/// digests.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        nibbles[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    nibbles
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;

        impl Visitor<'_> for Hex {
            type Value = Digest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a BLAKE3 digest")
            }

            fn visit_str<E: de::Error>(self, hex: &str) -> Result<Digest, E> {
                let error = || E::custom(format_args!("not a BLAKE3 digest: {hex:?}"));
                Digest::from_hex(hex).ok_or_else(error)
            }
        }

        deserializer.deserialize_str(Hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_round_trips_and_junk_is_rejected() {
        let digest = Digest::of(b"wasm");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        for junk in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(Digest::from_hex(junk), None, "{junk:?}");
        }
    }
}
