//! `StoreKey`: the secret that authenticates what a cache folder contains.

use crate::error::{Location, did_you_mean};
use crate::fs;
use crate::settings::{Part, Settings, nearest_path, prefix};
use etcetera::base_strategy::{BaseStrategy as _, choose_native_strategy};
use std::path::Path;
use wasmport::Digest;

/// The variable with the key itself.
pub(super) const KEY_VARIABLE: &str = "WASMPORT_CACHE_KEY";

/// The variable with the path of a file with the key.
pub(super) const FILE_VARIABLE: &str = "WASMPORT_CACHE_KEY_FILE";

/// The secret that authenticates what a cache folder contains.
#[derive(Clone)]
pub(crate) struct StoreKey {
    key: [u8; 32],
    id: String,
}

/// The reason why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The key of a variable or file is malformed.
    #[error("the cache key in {origin} is not 64 hexadecimal digits")]
    Malformed { origin: String },
    /// The file with the key cannot be read or created.
    #[error("the cache key cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// The file that the settings name cannot be used.
    #[error("{}{source}", prefix(place.clone()))]
    Setting { source: Box<Self>, place: Option<Location>, nearest: Option<String> },
    /// The system has no folder for the settings of users.
    #[error("the system has no folder for the cache key")]
    NoFolder,
}

impl KeyError {
    /// Returns what to do about it.
    pub fn help(&self) -> String {
        if let Self::Setting { nearest: Some(nearest), .. } = self {
            return did_you_mean(nearest);
        }
        format!(
            "put the output of `openssl rand -hex 32` into a file that only you can read, and its path \
             into `{FILE_VARIABLE}`"
        )
    }
}

impl StoreKey {
    /// Creates a key from 32 secret bytes.
    pub fn new(key: [u8; 32]) -> Self {
        let id = blake3::derive_key("wasmport store key id v1", &key);
        let id = Digest::from_bytes(id).to_string()[..16].to_owned();
        Self { key, id }
    }

    /// Returns the name of the key, which is public.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Derives the key for one entry, so that no entry can replace another.
    pub fn for_entry(&self, kind: &str, name: Digest) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes());
        *hasher.update(name.as_bytes()).finalize().as_bytes()
    }

    /// Reads the key of a variable, else of the settings. Returns `None` if neither names one.
    ///
    /// # Errors
    ///
    /// Fails if the key cannot be read or is malformed.
    pub fn shared(settings: &Settings) -> Result<Option<Self>, KeyError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(text) = variable(KEY_VARIABLE) {
            return parse(text.as_encoded_bytes(), || format!("`{KEY_VARIABLE}`")).map(Some);
        }
        if let Some(path) = variable(FILE_VARIABLE) {
            return Self::read(Path::new(&path)).map(Some);
        }
        let Some(path) = &settings.cache.key_file else { return Ok(None) };
        let refused = |source| KeyError::Setting {
            source: Box::new(source),
            place: settings.project_location("cache.key-file", Part::Whole),
            nearest: nearest_path(path, &settings.folder),
        };
        Self::read(path).map(Some).map_err(refused)
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_unnoticed(path)?.ok_or_else(|| missing(path))?;
        parse(&text, || format!("`{}`", path.display()))
    }

    /// Reads the user's key, and creates it if it is missing.
    ///
    /// # Errors
    ///
    /// Fails if the key can be neither read nor created, if other users may read it, or if it is malformed.
    pub fn of_user() -> Result<Self, KeyError> {
        let folder = choose_native_strategy().map_err(|_| KeyError::NoFolder)?.config_dir();
        Self::in_file(&folder.join("wasmport").join("cache-key"))
    }

    fn in_file(path: &Path) -> Result<Self, KeyError> {
        let text = match fs::read_secret(path)? {
            Some(text) => text,
            None => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(std::io::Error::other)?;
                fs::create_secret(path, format!("{}\n", Digest::from_bytes(key)).as_bytes())?;
                // Another import may have created it first.
                fs::read_secret(path)?.ok_or_else(|| missing(path))?
            }
        };
        parse(&text, || format!("`{}`", path.display()))
    }
}

fn missing(path: &Path) -> KeyError {
    let message = format!("`{}` is missing", path.display());
    std::io::Error::new(std::io::ErrorKind::NotFound, message).into()
}

fn parse(text: &[u8], origin: impl Fn() -> String) -> Result<StoreKey, KeyError> {
    let digits = std::str::from_utf8(text).ok().map(str::trim);
    let key = digits.and_then(Digest::from_hex);
    let key = key.ok_or_else(|| KeyError::Malformed { origin: origin() })?;
    Ok(StoreKey::new(*key.as_bytes()))
}

impl std::fmt::Debug for StoreKey {
    /// Omits the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_created_once_for_this_user_alone() -> Result<(), KeyError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("config/wasmport/cache-key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let create = || scope.spawn(|| StoreKey::in_file(&path));
            let all: Vec<_> = (0..8).map(|_| create()).collect();
            all.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        assert_eq!(keys.len(), 8);
        let first = StoreKey::in_file(&path)?;
        for key in keys {
            assert_eq!(key?.key, first.key);
        }
        assert!(!format!("{first:?}").contains("key:") && first.key != [0; 32]);
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn fault_77_a_key_that_others_may_read_is_refused() -> Result<(), KeyError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("cache-key");
        let key = StoreKey::in_file(&path)?;
        for mode in [0o640, 0o604, 0o620] {
            fs::set_mode(&path, mode)?;
            let Err(error) = StoreKey::in_file(&path) else { panic!("mode {mode:o}") };
            assert!(error.to_string().contains("too wide"), "{error}");
        }
        fs::set_mode(&path, 0o600)?;
        assert_eq!(StoreKey::in_file(&path)?.key, key.key);
        Ok(())
    }
}
