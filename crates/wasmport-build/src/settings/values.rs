//! Values of settings that are one of a few words.

use serde::{Deserialize, Serialize};

/// Treatment of symbolic links below an import root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Symlinks {
    /// Follow links that stay inside the root; a link that leaves the root is an error of that file.
    #[default]
    Inside,
    /// Follow all links.
    Follow,
}

/// Reaction to an asset that a stage cannot handle or a target cannot run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Policy {
    /// The asset fails.
    #[default]
    Fail,
    /// The asset is imported without the stage or the target, with a warning.
    Warn,
    /// The asset is imported without the stage or the target, silently.
    Skip,
}

/// Visibility of a wrapper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Visibility {
    /// `pub`.
    #[default]
    Public,
    /// `pub(crate)`.
    Crate,
}

/// The modules from which code of an interface may take the imports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImportModules {
    /// The modules that the interface names.
    #[default]
    Named,
    /// Modules of any name: the names of the functions decide.
    #[serde(rename = "*")]
    Any,
}

/// Kind of an import or export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the specification's names say it all")]
pub enum ExternKind {
    Func,
    Global,
    Memory,
    Table,
    Tag,
}

/// Level at which [`wasm-opt`](https://github.com/WebAssembly/binaryen) optimizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// Permission to optimize floats as if there were no NaNs, infinities and signed zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FastMath {
    /// Not permitted.
    #[default]
    No,
    /// Permitted; refused if the project's engine is deterministic.
    Yes,
    /// Permitted, also if the engine is deterministic.
    Force,
}

/// Treatment of modules that use the exceptions from before the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LegacyExceptions {
    /// Refuse the module, as Wasmtime does.
    #[default]
    Refuse,
    /// Translate the exceptions to the standard's, with `wasm-opt`.
    Translate,
}
