//! `[asset.limits]`: bounds on untrusted files.

use super::table::{Field as _, choices};
use std::time::Duration;

choices! {
    /// Bounds on an asset and on its import, for files from untrusted sources.
    ///
    /// Time and memory are bounded if the importer has a process of its own: under the command line,
    /// and in a build script, which ends when a bound is exceeded.
    pub struct ImportLimits {
        /// Largest module in bytes, as a file and between stages.
        pub max_bytes: Option<u64> = 256 << 20;
        /// Largest number of functions.
        pub max_functions: Option<u32> = 500_000;
        /// Deepest nesting of blocks in a function.
        pub max_nesting: Option<u32> = 20_000;
        /// Largest total size of data segments, in bytes.
        pub max_data_bytes: Option<u64> = 128 << 20;
        /// Largest artifact for one target in bytes, before compression.
        pub max_artifact_bytes: Option<u64> = 256 << 20;
        /// Largest wrapper in bytes of Rust. If the types need more, a core module gets methods for as
        /// many imports and exports as fit, and a component gets none, with a warning. An interface
        /// that is 16 times as large as text is an error.
        pub max_wrapper_bytes: Option<u64> = 4 << 20;
        /// Longest time that the import of the asset may take, in seconds.
        pub max_seconds: Option<u32> = 600;
        /// Most memory that the import of the asset may take, in MiB.
        pub max_memory_mib: Option<u32> = 8_192;
    }
}

impl ImportLimits {
    pub(crate) fn bytes(&self) -> u64 {
        self.chosen(|limits| limits.max_bytes)
    }

    pub(crate) fn functions(&self) -> u32 {
        self.chosen(|limits| limits.max_functions)
    }

    pub(crate) fn nesting(&self) -> u32 {
        self.chosen(|limits| limits.max_nesting)
    }

    pub(crate) fn data_bytes(&self) -> u64 {
        self.chosen(|limits| limits.max_data_bytes)
    }

    pub(crate) fn artifact_bytes(&self) -> u64 {
        self.chosen(|limits| limits.max_artifact_bytes)
    }

    pub(crate) fn wrapper_bytes(&self) -> u64 {
        self.chosen(|limits| limits.max_wrapper_bytes)
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.chosen(|limits| limits.max_seconds).into())
    }

    /// Returns the memory bound in bytes.
    pub(crate) fn memory(&self) -> u64 {
        u64::from(self.chosen(|limits| limits.max_memory_mib)) << 20
    }
    /// Returns whether a module, as far as it was read, is larger than allowed.
    #[cfg(feature = "compiler")]
    pub(crate) fn are_exceeded_by(&self, found: &wasmport::inspect::Scanned) -> bool {
        found.functions > self.functions()
            || found.nesting > self.nesting()
            || found.data_bytes > self.data_bytes()
    }
}
