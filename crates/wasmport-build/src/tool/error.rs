//! `ToolError`: a program that is missing, fails, or exceeds its bounds.

use crate::asset::{AssetError, Stage};
use std::borrow::Cow;
use std::path::Path;

/// The help for a missing or unsuitable `wasm-opt`.
pub(super) const HOW_TO_GET_IT: &str = "install Binaryen 121 or newer (`npm install --global binaryen`, or a release from \
    https://github.com/WebAssembly/binaryen), and name it with the variable `WASM_OPT`, or with \
    `path` under `[tools.wasm-opt]` in wasmport.toml";

/// A failure of a program, with the mend.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ToolError {
    message: String,
    help: Option<Cow<'static, str>>,
}

impl ToolError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the mend.
    #[cfg(feature = "doctor")]
    pub fn mend(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Converts it to the error of an asset.
    pub fn at(self, path: &Path, stage: Stage) -> AssetError {
        let error = AssetError::new(path, stage, self.message);
        match self.help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

impl From<crate::Error> for ToolError {
    fn from(error: crate::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ToolError> for crate::Error {
    fn from(error: ToolError) -> Self {
        let help = error.help.map_or_else(|| "check the arguments".into(), Cow::into_owned);
        Self::arguments(error.message, help)
    }
}
