//! The names that WASI preview 1 fixes.

/// Module that core modules import WASI preview 1 from.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// Export that runs a command.
pub(crate) const START: &str = "_start";

/// Export that initializes a reactor.
pub(crate) const INITIALIZE: &str = "_initialize";
