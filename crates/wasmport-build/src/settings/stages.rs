//! Choices for the optional stages of an import, and for its limits.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Defines a struct of choices, each of which may be left open, and how such structs are laid over
/// one another.
macro_rules! choices {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$field_doc:meta])* pub $field:ident: Option<$ty:ty>,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>,)*
        }

        impl $name {
            /// No choices yet.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$field_doc])*
                #[must_use]
                pub fn $field(mut self, value: impl Into<$ty>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// These choices, and those of `other` where there are any.
            #[must_use]
            pub fn overridden_by(self, other: &Self) -> Self {
                Self { $($field: other.$field.clone().or(self.$field)),* }
            }

            pub(crate) fn is_empty(&self) -> bool {
                *self == Self::default()
            }
        }
    };
}

/// What happens where a stage cannot handle an asset, or a target cannot run it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Policy {
    /// The asset fails.
    #[default]
    Fail,
    /// The asset is imported without the stage or the target, with a warning.
    Warn,
    /// The asset is imported without the stage or the target.
    Skip,
}

choices! {
    /// What an asset may be and what its import may take: bounds on files that nobody vouches for.
    ///
    /// Time and memory are bounded where the importer has a process of its own: by the command line,
    /// and in a build script, which then ends.
    pub struct ImportLimits {
        /// Largest module, in bytes, as a file and in between the stages. Default: 256 MiB.
        pub max_bytes: Option<u64>,
        /// Most functions. Default: 500,000.
        pub max_functions: Option<u32>,
        /// Deepest nesting of blocks in a function. Default: 20,000.
        pub max_nesting: Option<u32>,
        /// Most bytes in data segments. Default: 128 MiB.
        pub max_data_bytes: Option<u64>,
        /// Longest time, in seconds. Default: 600.
        pub max_seconds: Option<u32>,
        /// Most memory, in MiB. Default: 8,192.
        pub max_memory_mib: Option<u32>,
    }
}

choices! {
    /// Running a module or component while it is imported, so that programs begin with what it has
    /// computed: [Wizer](https://docs.rs/wasmtime-wizer). What it sees is the same each time: its clocks begin at
    /// zero and go on by a millisecond at each look, and its random numbers are no random numbers.
    pub struct Preinit {
        /// Whether to do it. Default: where `init` is set.
        pub enabled: Option<bool>,
        /// The export to call, a function without parameters and results. A reactor's `_initialize`
        /// is called before it. Of a component it may be one of an exported interface:
        /// `demo:app/setup@0.1.0.run`.
        pub init: Option<String>,
        /// Keep the export. Default: no, but for that of an interface.
        pub keep_init: Option<bool>,
        /// Exports that others take the place of, by name: `{ _start = "resumed" }`. Not of components.
        pub rename: Option<BTreeMap<String, String>>,
        /// Whether the module may call WASI preview 1, the component 0.2. Default: where it imports it.
        pub wasi: Option<bool>,
        /// Folders that the module may read, by the path it knows them under.
        pub dirs: Option<BTreeMap<String, PathBuf>>,
        /// Environment variables.
        pub env: Option<BTreeMap<String, String>>,
        /// Arguments, the program's name first.
        pub args: Option<Vec<String>>,
        /// A file to read as standard input.
        pub stdin: Option<PathBuf>,
        /// Longest time that it may run, in seconds. Default: 60.
        pub max_seconds: Option<u32>,
        /// Most memory that its linear memories may have, in MiB. Default: 1,024.
        pub max_memory_mib: Option<u32>,
        /// What happens where the module cannot be run or its state cannot be kept. Default: fail.
        pub on_failure: Option<Policy>,
    }
}

choices! {
    /// The project's own passes, which the builder was given.
    pub struct Transform {
        /// Whether to run them. Default: yes.
        pub enabled: Option<bool>,
        /// Patterns over the names of those that run. Default: all.
        pub passes: Option<Vec<String>>,
        /// What happens where one fails. Default: fail.
        pub on_failure: Option<Policy>,
    }
}

/// How [`wasm-opt`](https://github.com/WebAssembly/binaryen) optimizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "wasm-opt's own names say it all")]
pub enum OptimizeLevel {
    O1,
    O2,
    O3,
    O4,
    /// For size.
    Os,
    /// For size above all.
    Oz,
}

/// Whether floats may be optimized as if there were no NaNs, infinities and signed zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FastMath {
    /// No.
    #[default]
    No,
    /// Yes; refused in a project whose engine is deterministic.
    Yes,
    /// Yes, also there.
    Force,
}

choices! {
    /// Optimizing with Binaryen's `wasm-opt`, a program that must be there: named in `[tools]`, by
    /// the variable `WASM_OPT`, or on the `PATH`.
    pub struct Optimize {
        /// Whether to do it. Default: where `level` is set.
        pub enabled: Option<bool>,
        /// How.
        pub level: Option<OptimizeLevel>,
        /// Whether floats may be optimized as if there were no NaNs, infinities and signed zeros.
        /// Default: no.
        pub fast_math: Option<FastMath>,
        /// Further arguments, such as `--converge`.
        pub flags: Option<Vec<String>>,
        /// What happens where it fails. Default: fail.
        pub on_failure: Option<Policy>,
    }
}

/// What to do with a module that uses the exceptions of before the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LegacyExceptions {
    /// Refuse it, as Wasmtime does.
    #[default]
    Refuse,
    /// Translate it to the standard's, with `wasm-opt`.
    Translate,
}

impl ImportLimits {
    const MAX_BYTES: u64 = 256 << 20;
    const MAX_FUNCTIONS: u32 = 500_000;
    const MAX_NESTING: u32 = 20_000;
    const MAX_DATA_BYTES: u64 = 128 << 20;
    const MAX_SECONDS: u32 = 600;
    const MAX_MEMORY_MIB: u32 = 8_192;

    /// What holds where nothing is chosen.
    pub(super) fn defaults() -> Self {
        Self::new()
            .max_bytes(Self::MAX_BYTES)
            .max_functions(Self::MAX_FUNCTIONS)
            .max_nesting(Self::MAX_NESTING)
            .max_data_bytes(Self::MAX_DATA_BYTES)
            .max_seconds(Self::MAX_SECONDS)
            .max_memory_mib(Self::MAX_MEMORY_MIB)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.max_bytes.unwrap_or(Self::MAX_BYTES)
    }

    pub(crate) fn functions(&self) -> u32 {
        self.max_functions.unwrap_or(Self::MAX_FUNCTIONS)
    }

    pub(crate) fn nesting(&self) -> u32 {
        self.max_nesting.unwrap_or(Self::MAX_NESTING)
    }

    pub(crate) fn data_bytes(&self) -> u64 {
        self.max_data_bytes.unwrap_or(Self::MAX_DATA_BYTES)
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.max_seconds.unwrap_or(Self::MAX_SECONDS).into())
    }

    /// In bytes.
    pub(crate) fn memory(&self) -> u64 {
        u64::from(self.max_memory_mib.unwrap_or(Self::MAX_MEMORY_MIB)) << 20
    }
}

impl Preinit {
    const MAX_SECONDS: u32 = 60;
    const MAX_MEMORY_MIB: u32 = 1_024;

    /// What holds where nothing is chosen.
    pub(super) fn defaults() -> Self {
        Self::new()
            .keep_init(false)
            .max_seconds(Self::MAX_SECONDS)
            .max_memory_mib(Self::MAX_MEMORY_MIB)
            .on_failure(Policy::Fail)
    }

    #[cfg(feature = "preinit")]
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.max_seconds.unwrap_or(Self::MAX_SECONDS).into())
    }

    /// Of linear memories, in bytes.
    #[cfg(feature = "preinit")]
    pub(crate) fn memory(&self) -> usize {
        (self.max_memory_mib.unwrap_or(Self::MAX_MEMORY_MIB) as usize) << 20
    }

    pub(crate) fn is_on(&self) -> bool {
        self.enabled.unwrap_or(self.init.is_some())
    }

    /// The folders and files that it reads. Paths in the settings are relative to `folder`.
    pub(crate) fn inputs(&self, folder: &Path) -> Vec<PathBuf> {
        if !self.is_on() {
            return Vec::new();
        }
        let dirs = self.dirs.iter().flat_map(|dirs| dirs.values());
        dirs.chain(&self.stdin).map(|path| folder.join(path)).collect()
    }
}

impl Optimize {
    pub(crate) fn is_on(&self) -> bool {
        self.enabled.unwrap_or(self.level.is_some())
    }
}
