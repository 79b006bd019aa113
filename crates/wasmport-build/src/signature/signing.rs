//! `SigningKey`: the secret key of a producer, in a file of minisign's format.

use super::KeyId;
use crate::fs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::Signer as _;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The variable with the path of the file.
pub(crate) const FILE_VARIABLE: &str = "WASMPORT_SIGNING_KEY_FILE";

/// The variable with the content of the file, for machines that have secrets in variables.
pub(crate) const KEY_VARIABLE: &str = "WASMPORT_SIGNING_KEY";

/// The variable with the password of an encrypted key.
pub(crate) const PASSWORD_VARIABLE: &str = "WASMPORT_SIGNING_KEY_PASSWORD";

/// The secret key of a producer.
#[derive(Clone)]
pub struct SigningKey {
    key: SecretKey,
    public: PublicKey,
}

/// The reason why there is no signing key, or why it does not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The file cannot be read.
    #[error("the signing key `{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// It is no secret key of minisign's, or the password is wrong.
    #[error("the signing key in {origin} cannot be used: {reason}")]
    Malformed {
        /// The file or the variable.
        origin: String,
        /// The reason.
        reason: String,
    },
    /// The environment names none.
    #[error("there is no signing key")]
    None,
    /// A file of a new key exists, or cannot be written.
    #[error("the key `{}` cannot be created: {source}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The system has no random numbers.
    #[error("signing failed: {0}")]
    Failed(String),
}

impl SigningKeyError {
    /// Returns what to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        if let Self::Create { .. } = self {
            return "name a file that does not exist, in a folder of yours".into();
        }
        format!(
            "create a key with `cargo wasmport key new FILE` or `minisign -G`, and put its path into `{FILE_VARIABLE}`, \
             and the password of an encrypted one into `{PASSWORD_VARIABLE}`"
        )
    }
}

/// A key that was created: both parts as the texts of their files.
#[derive(Debug)]
pub struct NewKey {
    pub(super) secret: String,
    pub(super) public: String,
}

impl NewKey {
    /// Creates a key in a file that only this user can read, and its public key beside it, with the extension `.pub`. The
    /// password of the environment encrypts the secret key; without one, its permissions alone protect it.
    ///
    /// # Errors
    ///
    /// Fails if a file exists or cannot be written, or if the system has no random numbers.
    pub fn create_in(path: &Path) -> Result<(), SigningKeyError> {
        let password = std::env::var(PASSWORD_VARIABLE).ok().filter(|text| !text.is_empty());
        let Self { secret, public } = Self::create(password)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        fs::write_new_secret(path, secret.as_bytes())
            .and_then(|()| fs::write_new(Path::new(&beside), public.as_bytes()))
            .map_err(|source| SigningKeyError::Create { path: path.to_owned(), source })
    }

    pub(super) fn create(password: Option<String>) -> Result<Self, SigningKeyError> {
        let failed = |error: minisign::PError| SigningKeyError::Failed(error.to_string());
        let pair = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let KeyPair { pk, sk } = pair.map_err(failed)?;
        let comment = format!("signing key of wasmport {}", id_of(&pk));
        let secret = sk.to_box(Some(&comment)).map_err(failed)?.to_string();
        let public = pk.to_box().map_err(failed)?.to_string();
        Ok(Self { secret, public })
    }
}

impl SigningKey {
    /// Reads the key of a variable, if one is set.
    ///
    /// # Errors
    ///
    /// Fails if the key cannot be read or is malformed.
    pub fn of_environment() -> Result<Option<Self>, SigningKeyError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(text) = variable(KEY_VARIABLE) {
            return Self::parse(&text, || format!("`{KEY_VARIABLE}`")).map(Some);
        }
        variable(FILE_VARIABLE).map(|path| Self::from_file(Path::new(&path))).transpose()
    }

    /// Reads the key in a file. The password of an encrypted one is in a variable.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is malformed.
    pub fn from_file(path: &Path) -> Result<Self, SigningKeyError> {
        let file = |source| SigningKeyError::File { path: path.to_owned(), source };
        let text = fs::read_unnoticed(path).map_err(file)?;
        let missing = || file(std::io::ErrorKind::NotFound.into());
        let text = String::from_utf8_lossy(&text.ok_or_else(missing)?).into_owned();
        Self::parse(&text, || format!("`{}`", path.display()))
    }

    fn parse(text: &str, origin: impl Fn() -> String) -> Result<Self, SigningKeyError> {
        let malformed = |reason: String| SigningKeyError::Malformed { origin: origin(), reason };
        let refused = |error: minisign::PError| malformed(error.to_string());
        let secret = || SecretKeyBox::from_string(text).map_err(refused);
        let key = match secret()?.into_unencrypted_secret_key() {
            Ok(key) => key,
            Err(plain) => {
                let password = std::env::var(PASSWORD_VARIABLE).ok();
                let password = password.ok_or_else(|| {
                    malformed(format!(
                        "{plain}; if it has a password, `{PASSWORD_VARIABLE}` is not set"
                    ))
                })?;
                secret()?.into_secret_key(Some(password)).map_err(refused)?
            }
        };
        let public = PublicKey::from_secret_key(&key).map_err(refused)?;
        Ok(Self { key, public })
    }

    /// Returns its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        id_of(&self.public)
    }

    /// Returns the public key as one line, as settings and programs name it.
    #[must_use]
    pub fn public(&self) -> String {
        self.public.to_base64()
    }

    /// Signs bytes: the text of a signature file of minisign's, the same each time.
    ///
    /// # Errors
    ///
    /// Fails if the key is damaged.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, SigningKeyError> {
        let damaged = || SigningKeyError::Failed("the key is damaged".into());
        let file = self.key.to_bytes();
        let secret = file.get(SECRET).and_then(|secret| secret.try_into().ok());
        let key = ed25519_dalek::SigningKey::from_bytes(secret.ok_or_else(damaged)?);
        let mut signed = Vec::from(*PREHASHED);
        signed.extend(self.public.keynum());
        let signature = key.sign(&Blake2b512::digest(bytes)).to_bytes();
        signed.extend(signature);
        let with_comment = key.sign(&[&signature, COMMENT.as_bytes()].concat()).to_bytes();
        let (signed, with_comment) = (BASE64.encode(signed), BASE64.encode(with_comment));
        let id = self.id();
        Ok(format!(
            "untrusted comment: signature by the key {id}\n{signed}\ntrusted comment: {COMMENT}\n{with_comment}\n"
        ))
    }
}

/// The algorithm of signatures over a BLAKE2b digest.
const PREHASHED: &[u8; 2] = b"ED";

/// The comment that is signed.
const COMMENT: &str = "wasmport";

/// The place of the secret in a key of minisign's: behind the algorithms, the salt, the costs and the name.
const SECRET: Range<usize> = 62..94;

fn id_of(key: &PublicKey) -> KeyId {
    // Names have eight bytes.
    KeyId::from_bytes(key.keynum().try_into().unwrap_or_default())
}

impl fmt::Debug for SigningKey {
    /// Omits the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id()).finish_non_exhaustive()
    }
}
