//! `[asset.preinit]`: running a module while it is imported.

use super::Policy;
#[cfg(feature = "preinit")]
use super::table::Field as _;
use super::table::choices;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
#[cfg(feature = "preinit")]
use std::time::Duration;

choices! {
    /// Initialization of a module or component while it is imported, with
    /// [Wizer](https://docs.rs/wasmtime-wizer): programs start with the state that it leaves.
    ///
    /// The environment is the same in each run: clocks start at zero and advance by a millisecond at
    /// each reading, and random numbers come from a fixed sequence.
    pub struct Preinit {
        /// Run the initialization. Default: true if `init` is set.
        pub enabled: Option<bool>;
        /// Export to call: a function without parameters and results. A reactor's `_initialize` is
        /// called first. For a component also a function of an exported interface, such as
        /// `demo:app/setup@0.1.0.run`.
        pub init: Option<String>;
        /// Keep the export afterwards. An exported interface of a component always stays.
        pub keep_init: Option<bool> = false;
        /// Exports to replace, each with the export that takes its name, such as
        /// `{ _start = "resumed" }`.
        pub rename: Option<BTreeMap<String, String>>, Module;
        /// Provide WASI: preview 1 for a module, 0.2 for a component. Default: true if WASI is
        /// imported.
        pub wasi: Option<bool>;
        /// Folders that the guest may read, by their path inside the guest.
        pub dirs: Option<BTreeMap<String, PathBuf>>;
        /// Environment variables.
        pub env: Option<BTreeMap<String, String>>;
        /// Arguments, beginning with the program's name.
        pub args: Option<Vec<String>>;
        /// File to read as standard input.
        pub stdin: Option<PathBuf>;
        /// Longest time that the initialization may take, in seconds.
        pub max_seconds: Option<u32> = 60;
        /// Largest total size of linear memories, in MiB.
        pub max_memory_mib: Option<u32> = 1_024;
        /// Reaction if the guest cannot be run or its state cannot be saved.
        pub on_failure: Option<Policy> = Policy::Fail;
    }
}

impl Preinit {
    #[cfg(feature = "preinit")]
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.chosen(|preinit| preinit.max_seconds).into())
    }

    /// Returns the bound on linear memories in bytes.
    #[cfg(feature = "preinit")]
    pub(crate) fn memory(&self) -> usize {
        (self.chosen(|preinit| preinit.max_memory_mib) as usize) << 20
    }

    pub(crate) fn is_on(&self) -> bool {
        self.enabled.unwrap_or(self.init.is_some())
    }

    /// Returns the folders and files that the initialization reads, relative paths below `folder`.
    pub(crate) fn inputs(&self, folder: &Path) -> Vec<PathBuf> {
        if !self.is_on() {
            return Vec::new();
        }
        let dirs = self.dirs.iter().flat_map(|dirs| dirs.values());
        dirs.chain(&self.stdin).map(|path| folder.join(path)).collect()
    }
}
