//! Permission: which programs a settings file may name.
//!
//! Whoever writes the settings file decides what an import runs. A file of the project is as trusted as the
//! project itself. A program elsewhere on the machine, with a meaning that its author did not intend, is not.

use super::error::ToolError;
use crate::fs;
use crate::settings::Settings;
use std::path::{Path, PathBuf};

/// The key of the program in the settings file.
const KEY: &str = "tools.wasm-opt.path";

const HOW_TO_ALLOW_IT: &str = "if you trust the program, name it with the variable `WASM_OPT`, or allow \
    programs outside of the project with `--allow-tools` or the variable `WASMPORT_ALLOW_TOOLS=1`";

/// The programs that may run.
pub(super) struct Permission {
    /// The folder of the settings file, if that names the program and may not name any.
    only_below: Option<PathBuf>,
}

impl Permission {
    pub fn of(settings: &Settings) -> Self {
        let named = settings.tools.wasm_opt.path.as_ref().map(|path| serde_json::json!(path));
        let in_file = settings.origin.as_ref().and_then(|file| file.value(KEY));
        let is_allowed = settings.allow_tools
            || super::variable("WASMPORT_ALLOW_TOOLS").is_some_and(|value| value == "1");
        let is_from_file = named.is_some() && named.as_ref() == in_file;
        let only_below = (is_from_file && !is_allowed).then(|| settings.folder.clone());
        Self { only_below }
    }

    /// Checks that `program` may run, which settings call `name`. The user's own `variable` may name it too.
    ///
    /// # Errors
    ///
    /// Fails if a settings file names a program outside of its folder, and the user did not allow that.
    pub fn check(
        &self,
        name: &Path,
        program: &Path,
        variable: Option<&Path>,
    ) -> Result<(), ToolError> {
        let Some(folder) = &self.only_below else { return Ok(()) };
        // A bare name is searched on the user's own `PATH`.
        if name.components().count() == 1 {
            return Ok(());
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = fs::canonicalize(folder)?;
        let by_user = variable.and_then(|path| fs::canonicalize(path).ok());
        if program.starts_with(folder) || by_user.as_deref() == Some(program) {
            return Ok(());
        }
        let message = format!(
            "the settings file names `{}`, a program outside of the project",
            program.display()
        );
        Err(ToolError::new(message).help(HOW_TO_ALLOW_IT))
    }
}
