//! `StoreFolder`: a cache folder that can be trusted, with the key of its entries.

use super::layout::{
    BLOBS, DOWNLOADS, LEASES, QUARANTINE, RECORDS, SAVED_DIGESTS, TMP, saved_digests_path,
};
use super::location::location;
use super::secret::{FILE_VARIABLE, KeyError, StoreKey};
use crate::fs;
use crate::settings::Settings;
use std::io;
use std::path::PathBuf;
use wasmport::{Digest, NotPrivate};

/// A cache folder and the key of its entries.
///
/// Either no other user can change the folder, or a key that the settings or the environment name
/// authenticates the entries, whoever owns the folder.
#[derive(Clone, Debug)]
pub(crate) struct StoreFolder {
    pub path: PathBuf,
    pub key: StoreKey,
    /// Entries with other keys count too.
    pub trusts_other_keys: bool,
}

/// The reason why a cache folder is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The folder cannot be opened or created.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// Other users can change the folder.
    #[error(
        "`{}` cannot be trusted: {source}\n  help: {}; or authenticate the entries with a key of yours \
         in the file of `{FILE_VARIABLE}`; or pass `--trust-cache` if you trust everyone who can write there",
        path.display(), own_folder(source)
    )]
    NotPrivate { path: PathBuf, source: NotPrivate },
    /// There is no key.
    #[error("{}\n  help: {}", .0, .0.help())]
    Key(#[from] KeyError),
}

fn own_folder(source: &NotPrivate) -> &'static str {
    match source {
        NotPrivate::Mode { .. } => "run `chmod go-w` on it",
        NotPrivate::Link => "name the folder that the link points to",
        _ => "use a folder that no other user can change",
    }
}

impl StoreFolder {
    /// Opens the cache folder of the settings, and creates it if it is missing. Returns `None` if there is
    /// no cache.
    ///
    /// # Errors
    ///
    /// Fails if other users can change the folder, if it cannot be opened, or if there is no key.
    pub fn open(settings: &Settings) -> Option<Result<Self, StoreError>> {
        location(&settings.cache).map(|path| Self::open_at(path, settings))
    }

    /// Returns the path of a project's file of saved digests, and the key that authenticates it.
    pub fn saved_digests(&self, project: Digest) -> (PathBuf, [u8; 32]) {
        let key = self.key.for_entry(SAVED_DIGESTS, project);
        (saved_digests_path(&self.path, project), key)
    }

    fn open_at(path: PathBuf, settings: &Settings) -> Result<Self, StoreError> {
        let shared = StoreKey::shared(settings)?;
        let trusts_other_keys = settings.cache.is_trusted();
        let opened = match &shared {
            None if !trusts_other_keys => fs::open_private_folder(&path),
            _ => fs::create_folder(&path).map_err(NotPrivate::Io),
        };
        let error = |source| match source {
            NotPrivate::Io(error) => StoreError::Io(error),
            source => StoreError::NotPrivate { path: path.clone(), source },
        };
        opened.map_err(error)?;
        // A link would lead removals out of the folder.
        for name in [RECORDS, BLOBS, DOWNLOADS, QUARANTINE, SAVED_DIGESTS, LEASES, TMP] {
            let path = path.join(name);
            if fs::is_link(&path) {
                return Err(StoreError::NotPrivate { path, source: NotPrivate::Link });
            }
        }
        let key = shared.map_or_else(StoreKey::of_user, Ok)?;
        Ok(Self { path, key, trusts_other_keys })
    }
}
