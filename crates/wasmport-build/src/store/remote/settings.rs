//! `RemoteOptions`: the settings of a remote store, and what the environment adds.

use super::address::{Address, AddressError};
use super::statement::Producer;
use crate::settings::{RemoteMode, RemoteSettings, Settings};
use crate::signature::{SigningKey, SigningKeyError, TrustedKeyError, TrustedKeys};
use std::time::Duration;

/// The variables that override address and mode of the settings: those who build and those who develop have the same
/// settings file.
pub(crate) const URL_VARIABLE: &str = "WASMPORT_REMOTE_URL";
pub(crate) const MODE_VARIABLE: &str = "WASMPORT_REMOTE_MODE";

/// The options of a remote store.
pub(crate) struct RemoteOptions {
    pub(super) address: Address,
    /// The environment names the address, not the settings file.
    pub(super) is_of_environment: bool,
    pub(super) trusted: TrustedKeys,
    /// The producer of the results that this machine uploads, if it does.
    pub(super) producer: Option<Producer>,
    /// The longest time of an operation.
    pub(super) timeout: Duration,
    /// The longest time that an import waits in all.
    pub(super) budget: Duration,
    /// The longest time that an import waits for uploads at its end.
    pub(super) upload: Duration,
    /// The largest result in bytes.
    pub(super) most: u64,
}

/// The reason why a remote store is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("{0}\n  help: {help}", help = .0.help())]
    Address(#[from] AddressError),
    #[error("{0}\n  help: {help}", help = .0.help())]
    Key(#[from] SigningKeyError),
    #[error("{0}\n  help: `cargo wasmport key show` prints the public key of a secret one")]
    Trusted(#[from] TrustedKeyError),
    #[error(
        "no key is trusted\n  help: list the public keys of those whose results count in `cache.remote.trusted-keys`"
    )]
    NoTrust,
    #[error(
        "this import should upload, and has no signing key\n  help: {}", SigningKeyError::None.help()
    )]
    NoKey,
    #[error(
        "the variable `{MODE_VARIABLE}` is `{0}`\n  help: set it to `read`, `read-write` or `off`"
    )]
    Mode(String),
}

impl RemoteOptions {
    /// Returns the options of the settings and the environment; none if there is no remote store.
    ///
    /// # Errors
    ///
    /// Fails if they cannot be used.
    pub fn new(settings: &Settings) -> Result<Option<Self>, RemoteError> {
        let remote = &settings.cache.remote;
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let own = variable(URL_VARIABLE);
        let is_of_environment = own.is_some();
        let Some(url) = own.or_else(|| remote.url.clone()) else { return Ok(None) };
        let mode = match variable(MODE_VARIABLE).as_deref() {
            None => remote.mode(),
            Some("read") => RemoteMode::Read,
            Some("read-write") => RemoteMode::ReadWrite,
            Some("off") => return Ok(None),
            Some(other) => return Err(RemoteError::Mode(other.to_owned())),
        };
        let address = Address::parse(&url)?;
        let producer = match mode {
            RemoteMode::Read => None,
            RemoteMode::ReadWrite if !address.is_writable() => {
                return Err(AddressError::ReadOnly.into());
            }
            RemoteMode::ReadWrite => {
                let key = SigningKey::of_environment()?.ok_or(RemoteError::NoKey)?;
                let engine = settings.engine.fingerprint();
                Some(Producer { key, engine, generation: remote.generation() })
            }
        };
        let trusted = Self::trusted(remote, producer.as_ref())?;
        let [timeout, budget, upload] = remote.times();
        let most = remote.max_bytes();
        Ok(Some(Self {
            address,
            is_of_environment,
            trusted,
            producer,
            timeout,
            budget,
            upload,
            most,
        }))
    }

    /// Returns the keys that are trusted: one's own too.
    fn trusted(
        remote: &RemoteSettings,
        producer: Option<&Producer>,
    ) -> Result<TrustedKeys, RemoteError> {
        let named = remote.trusted_keys.iter().flatten().cloned();
        let own = producer.map(|producer| producer.key.public());
        let trusted = TrustedKeys::new(named.chain(own))?;
        if trusted.is_empty() {
            return Err(RemoteError::NoTrust);
        }
        let revoked = trusted.revoke(remote.revoked_keys.iter().flatten())?;
        Ok(revoked.minimum_generation(remote.minimum_generation()))
    }
}
