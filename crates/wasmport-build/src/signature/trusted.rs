//! `TrustedKeys`: the producers whose results count.

use super::id::KeyId;
use minisign::{PublicKey, SignatureBox};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

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
        let keys = keys.map(|key| key.map(|key| (KeyId::from_bytes(key.keynum()), key)));
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
                None => KeyId::from_bytes(public(text)?.keynum()),
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
        let signature = SignatureBox::from_string(signature).map_err(|_| Untrusted::Unsigned)?;
        let id = KeyId::from_bytes(signature.keynum());
        if self.revoked.contains(&id) {
            return Err(Untrusted::Revoked(id));
        }
        let key = self.keys.get(&id).ok_or(Untrusted::Unknown(id))?;
        // Neither prints anything, nor accepts the signatures of old versions.
        let verified = minisign::verify(key, &signature, Cursor::new(bytes), true, false, false);
        verified.map_err(|_| Untrusted::Forged(id))?;
        match self.minimum_generation {
            minimum if found < minimum => Err(Untrusted::Old { found, minimum }),
            _ => Ok(id),
        }
    }
}

fn public(text: &str) -> Result<PublicKey, TrustedKeyError> {
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    PublicKey::from_base64(line).map_err(|_| TrustedKeyError(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::{NewKey, SigningKey, SigningKeyError};
    use super::*;

    fn key(name: &str) -> Result<(SigningKey, String), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let NewKey { secret, public } = NewKey::create(None)?;
        let path = folder.path().join(name);
        crate::fs::write_new(&path, secret.as_bytes())?;
        Ok((SigningKey::from_file(&path)?, public))
    }

    #[test]
    fn fault_36_signatures_of_unknown_and_revoked_keys_do_not_count()
    -> Result<(), Box<dyn std::error::Error>> {
        let (ours, public) = key("ours")?;
        let (other, _) = key("other")?;
        let trusted = TrustedKeys::new([&public])?.minimum_generation(3);
        let signature = ours.sign(b"statement")?;
        assert_eq!(trusted.verify(b"statement", &signature, 3), Ok(ours.id()));
        let old = Untrusted::Old { found: 2, minimum: 3 };
        assert_eq!(trusted.verify(b"statement", &signature, 2), Err(old));
        let forged = Err(Untrusted::Forged(ours.id()));
        assert_eq!(trusted.verify(b"statemenT", &signature, 3), forged);
        let by_other = other.sign(b"statement")?;
        assert_eq!(
            trusted.verify(b"statement", &by_other, 3),
            Err(Untrusted::Unknown(other.id()))
        );
        assert_eq!(trusted.verify(b"statement", "", 3), Err(Untrusted::Unsigned));
        // By name and by key.
        for text in [ours.id().to_string(), ours.public()] {
            let revoked = trusted.clone().revoke([text])?;
            let refused = Err(Untrusted::Revoked(ours.id()));
            assert_eq!(revoked.verify(b"statement", &signature, 3), refused);
        }
        assert!(TrustedKeys::new(["RWnonsense"]).is_err());
        Ok(())
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("key");
        let error = SigningKey::from_file(&path);
        assert!(matches!(error, Err(SigningKeyError::File { .. })));
        for text in ["", "nonsense", "untrusted comment: x\nnonsense\n"] {
            crate::fs::write_new(&path, text.as_bytes())?;
            let error = SigningKey::from_file(&path);
            assert!(matches!(error, Err(SigningKeyError::Malformed { .. })), "{error:?}");
            crate::fs::remove(&path)?;
        }
        Ok(())
    }
}
