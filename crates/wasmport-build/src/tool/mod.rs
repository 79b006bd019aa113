//! Tools: the programs that stages run, found once per run and bounded.

mod binaryen;
mod error;
mod process;
mod wasm_opt;

pub(crate) use binaryen::{feature_flags, with_binaryen_features};
pub(crate) use error::ToolError;
pub(crate) use process::kill_all;
pub(crate) use wasm_opt::{WASM_OPT, WasmOpt};

use crate::settings::Tools;
use std::sync::OnceLock;

/// The programs of a run, each found when it is first needed.
pub(crate) struct ToolBox {
    settings: Tools,
    wasm_opt: OnceLock<Result<WasmOpt, ToolError>>,
}

impl ToolBox {
    /// Creates a toolbox; nothing is looked for yet.
    pub fn new(settings: &Tools) -> Self {
        Self { settings: settings.clone(), wasm_opt: OnceLock::new() }
    }

    /// Returns Binaryen's optimizer.
    ///
    /// # Errors
    ///
    /// Fails if it is missing, does not run, or has another version than the settings name.
    pub fn wasm_opt(&self) -> Result<&WasmOpt, ToolError> {
        let found = self.wasm_opt.get_or_init(|| WasmOpt::find(&self.settings.wasm_opt));
        found.as_ref().map_err(Clone::clone)
    }
}
