//! Tools: the programs that stages run, found once per run and bounded.

mod binaryen;
mod error;
mod git;
mod permission;
mod process;
mod wasm_opt;

pub(crate) use binaryen::{feature_flags, with_binaryen_features};
pub(crate) use error::ToolError;
pub(crate) use git::{Git, GitKind, LfsPointer, TreeEntry, is_revision};
pub(crate) use process::kill_all;
pub(crate) use wasm_opt::{WASM_OPT, WasmOpt};

use crate::settings::{Settings, Tools};
use permission::Permission;
use std::ffi::OsString;
use std::sync::OnceLock;

/// The programs of a run, each found when it is first needed.
pub(crate) struct ToolBox {
    settings: Tools,
    permission: Permission,
    wasm_opt: OnceLock<Result<WasmOpt, ToolError>>,
}

impl ToolBox {
    /// Creates a toolbox; nothing is looked for yet.
    pub fn new(settings: &Settings) -> Self {
        let permission = Permission::of(settings);
        Self { settings: settings.tools.clone(), permission, wasm_opt: OnceLock::new() }
    }

    /// Returns Binaryen's optimizer.
    ///
    /// # Errors
    ///
    /// Fails if it is missing, may not run, does not run, or has another version than the settings name.
    pub fn wasm_opt(&self) -> Result<&WasmOpt, ToolError> {
        let find = || WasmOpt::find(&self.settings.wasm_opt, &self.permission);
        let found = self.wasm_opt.get_or_init(find);
        found.as_ref().map_err(Clone::clone)
    }
}

/// Returns the value of an environment variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
