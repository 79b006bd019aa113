//! `Stage`: the stages of an import in their order, each with its name and its purpose.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares the stages once: variant, name, and the sentence that documentation and reports show.
macro_rules! stages {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// A stage of the import of one asset, in the order in which the importer runs them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Stage {
            $(#[doc = $doc] $variant,)*
        }

        impl Stage {
            /// All stages, in the order in which the importer runs them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name that messages, reports and emitted files use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns one sentence about what the stage does.
            #[must_use]
            pub const fn purpose(self) -> &'static str {
                match self {
                    $(Self::$variant => $doc,)*
                }
            }
        }
    };
}

stages! {
    Discover "discover" "Finds the file below an import root.",
    Read "read" "Reads the file and translates text to the binary format.",
    Translate "translate" "Translates legacy exceptions to standard exceptions.",
    Validate "validate" "Validates the module and determines the features that it uses.",
    Preinit "preinit" "Runs the module's initialization and keeps the state that it leaves.",
    Compose "compose" "Links a component with the components that satisfy its imports.",
    Transform "transform" "Runs the project's own passes.",
    Optimize "optimize" "Optimizes the module with `wasm-opt`.",
    World "world" "Compares a component with the world that it must implement.",
    Snapshot "snapshot" "Exports a module's state, so that its sessions can be saved.",
    Strip "strip" "Removes custom sections.",
    Canonicalize "canonicalize" "Makes the NaNs of fused operations the same on every machine.",
    Compile "compile" "Compiles the module for each target.",
    Compress "compress" "Compresses the artifacts.",
    Codegen "codegen" "Generates the wrapper.",
    Lock "lock" "Compares the result with the lock file.",
    Write "write" "Writes the outputs.",
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
