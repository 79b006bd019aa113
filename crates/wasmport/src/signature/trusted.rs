//! `TrustedKeys`: the producers whose results count.

use super::id::KeyId;
use minisign_verify::{PublicKey, Signature};
use std::collections::{BTreeMap, BTreeSet};

/// The public keys of producers whose results count, without those that are revoked, and the lowest generation.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys {
    keys: BTreeMap<KeyId, PublicKey>,
    revoked: BTreeSet<KeyId>,
    minimum_generation: u64,
}

/// A key in the settings that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a public key of minisign's: one line that begins with `RW`")]
pub struct TrustedKeyError(pub String);

/// The reason why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// There is no signature, or it is damaged.
    #[error("it has no signature that can be read")]
    Unsigned,
    /// Nobody trusts the key.
    #[error("it is signed by the key {0}, which is not trusted")]
    Unknown(KeyId),
    /// The key is revoked.
    #[error("it is signed by the key {0}, which is revoked")]
    Revoked(KeyId),
    /// The signature is not that of the key over these bytes.
    #[error("the signature by the key {0} is wrong")]
    Forged(KeyId),
    /// An older generation than the lowest that counts.
    #[error("it is of generation {found}, and {minimum} is the lowest that counts")]
    Old {
        /// The generation.
        found: u64,
        /// The lowest that counts.
        minimum: u64,
    },
}

impl TrustedKeys {
    /// Trusts these public keys, each one line or the text of a file of minisign's.
    ///
    /// # Errors
    ///
    /// Fails if one is malformed.
    pub fn new<T: AsRef<str>>(keys: impl IntoIterator<Item = T>) -> Result<Self, TrustedKeyError> {
        let keys = keys.into_iter().map(|text| public(text.as_ref()));
        Ok(Self { keys: keys.collect::<Result<_, _>>()?, ..Self::default() })
    }

    /// Revokes keys, each the name of one or a public key: what they signed does not count, whenever it was.
    ///
    /// # Errors
    ///
    /// Fails if one is malformed.
    pub fn revoke<T: AsRef<str>>(
        mut self,
        keys: impl IntoIterator<Item = T>,
    ) -> Result<Self, TrustedKeyError> {
        for text in keys {
            let text = text.as_ref();
            let named = if text.len() == 16 { text.parse().ok() } else { None };
            let id = match named {
                Some(id) => id,
                None => public(text)?.0,
            };
            self.revoked.insert(id);
        }
        Ok(self)
    }

    /// Sets the lowest generation that counts.
    #[must_use]
    pub fn minimum_generation(self, minimum_generation: u64) -> Self {
        Self { minimum_generation, ..self }
    }

    /// Returns whether no key is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Verifies the signature of bytes of a generation, and returns the key.
    ///
    /// # Errors
    ///
    /// Fails with the reason why the signature does not count.
    pub fn verify(&self, bytes: &[u8], signature: &str, found: u64) -> Result<KeyId, Untrusted> {
        let id = self.verify_signature(bytes, signature)?;
        self.check_generation(found)?;
        Ok(id)
    }

    /// Verifies the signature of bytes whose generation is not known yet, and returns the key.
    pub(crate) fn verify_signature(
        &self,
        bytes: &[u8],
        signature: &str,
    ) -> Result<KeyId, Untrusted> {
        let line = signature.lines().nth(1).unwrap_or_default();
        let id = KeyId::of_line(line).ok_or(Untrusted::Unsigned)?;
        let signature = Signature::decode(signature).map_err(|_| Untrusted::Unsigned)?;
        if self.revoked.contains(&id) {
            return Err(Untrusted::Revoked(id));
        }
        let key = self.keys.get(&id).ok_or(Untrusted::Unknown(id))?;
        // The signatures of old versions of minisign do not count.
        key.verify(bytes, &signature, false).map_err(|_| Untrusted::Forged(id))?;
        Ok(id)
    }

    /// Refuses a generation below the lowest that counts.
    pub(crate) fn check_generation(&self, found: u64) -> Result<(), Untrusted> {
        match self.minimum_generation {
            minimum if found < minimum => Err(Untrusted::Old { found, minimum }),
            _ => Ok(()),
        }
    }
}

/// Reads a public key: its line, or the text of its file.
fn public(text: &str) -> Result<(KeyId, PublicKey), TrustedKeyError> {
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let key = PublicKey::from_base64(line).ok().zip(KeyId::of_line(line));
    key.map(|(key, id)| (id, key)).ok_or_else(|| TrustedKeyError(line.to_owned()))
}
