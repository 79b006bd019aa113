//! Permission: which programs a settings file may name.
//!
//! Whoever writes the settings file decides what an import runs. A file of the project is as trusted as the
//! project itself. A program elsewhere on the machine, with a meaning that its author did not intend, is not.

use super::error::{HOW_TO_GET_IT, ToolError};
use crate::error::{Location, did_you_mean};
use crate::fs;
use crate::settings::{Part, Settings, nearest_path, prefix};
use std::path::{Path, PathBuf};

/// The key of the program in the settings file.
const KEY: &str = "tools.wasm-opt.path";

const HOW_TO_ALLOW_IT: &str = "if you trust the program, name it with the variable `WASM_OPT`, or allow \
    programs outside of the project with `--allow-tools` or the variable `WASMPORT_ALLOW_TOOLS=1`";

/// The programs that may run.
pub(super) struct Permission {
    /// The place in the settings file that names the program, if it does.
    place: Option<Location>,
    /// The folder of the settings file.
    folder: PathBuf,
    /// The user allows a settings file to name any program.
    is_any_allowed: bool,
}

impl Permission {
    pub fn of(settings: &Settings) -> Self {
        let is_any_allowed = settings.allow_tools
            || super::variable("WASMPORT_ALLOW_TOOLS").is_some_and(|value| value == "1");
        let place = settings.project_location(KEY, Part::Whole);
        Self { place, folder: settings.folder.clone(), is_any_allowed }
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
        // A bare name is searched on the user's own `PATH`.
        if self.place.is_none() || self.is_any_allowed || name.components().count() == 1 {
            return Ok(());
        }
        let folder = &*self.folder;
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = fs::canonicalize(folder)?;
        let by_user = variable.and_then(|path| fs::canonicalize(path).ok());
        if program.starts_with(folder) || by_user.as_deref() == Some(program) {
            return Ok(());
        }
        let (place, program) = (prefix(self.place.clone()), program.display());
        let message = format!("{place}`{program}` is a program outside of the project");
        Err(ToolError::new(message).help(HOW_TO_ALLOW_IT))
    }

    /// Explains that the program, which settings call `name`, cannot be found.
    pub fn missing(&self, name: &Path, error: &which::Error) -> ToolError {
        let place = prefix(self.place.clone());
        let error = ToolError::new(format!("{place}`{}` is required: {error}", name.display()));
        match self.place.as_ref().and_then(|_| nearest_path(name, &self.folder)) {
            Some(near) => error.help(did_you_mean(&near)),
            None => error.help(HOW_TO_GET_IT),
        }
    }
}
