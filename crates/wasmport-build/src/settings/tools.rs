//! `[tools]`: external programs that stages run.

use super::table::settings_table;
use std::path::{Path, PathBuf};

settings_table! {
    /// External programs that stages run.
    pub struct Tools {
        /// Binaryen's optimizer.
        pub wasm_opt: Tool;
    }
}

settings_table! {
    /// An external program.
    pub struct Tool {
        /// Path of the program, which the import runs: a file of the project, or a name on the `PATH`.
        /// Another file must be allowed with `--allow-tools`. Default: the value of its environment
        /// variable (`WASM_OPT`), else the first match on the `PATH`.
        pub path: Option<PathBuf>;
        /// Required version, such as `132`; another version is an error, and artifacts made with
        /// another version are stale. Default: any.
        pub version: Option<String>;
    }
}

impl Tools {
    /// Resolves paths against `folder`. A bare name stays: it is searched on the `PATH`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        let is_path = |path: &&mut PathBuf| path.components().count() > 1;
        if let Some(path) = self.wasm_opt.path.as_mut().filter(is_path) {
            *path = folder.join(&path);
        }
    }
}
