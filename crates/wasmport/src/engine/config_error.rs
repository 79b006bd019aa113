//! `ConfigError`: the reasons why no `wasmtime::Config` can be made.

use super::misfit::PoolingMisfit;

/// A failure to turn settings into a [`wasmtime::Config`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A setting needs a cargo feature that this build of the crate lacks.
    #[error("{what} needs the `{feature}` feature of the `wasmport` crate")]
    MissingFeature { what: &'static str, feature: &'static str },
    /// The pooling allocator's settings contradict the engine configuration.
    #[cfg_attr(not(feature = "pool"), expect(dead_code, reason = "nothing pools"))]
    #[error("the pooling allocator's settings contradict the engine configuration")]
    Pooling(Vec<PoolingMisfit>),
    /// Wasmtime rejects a setting.
    #[error(transparent)]
    Wasmtime(#[from] wasmtime::Error),
}
