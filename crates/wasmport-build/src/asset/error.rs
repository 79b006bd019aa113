//! `AssetError`: the file, the stage, the kind, the message and the mend.

use super::Stage;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use wasmport::support::printable;

/// The reason why one asset was not imported.
///
/// It travels between processes and into reports, so it holds the text of its sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssetError {
    /// The file.
    pub path: PathBuf,
    /// The stage that failed.
    pub stage: Stage,
    /// The kind of failure, for programs that decide by it.
    pub kind: AssetErrorKind,
    /// The cause. Text formats show line, column and a caret.
    pub message: String,
    /// The mend, in the imperative.
    pub help: Option<String>,
}

/// The kind of an [`AssetError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AssetErrorKind {
    /// The file cannot be found or read, or is not WebAssembly.
    Input,
    /// The module is not valid, or the result of a stage is not.
    Invalid,
    /// The module is valid but uses a proposal that the settings do not enable.
    Disabled,
    /// The file is too large, or its import takes too much time or memory.
    Limit,
    /// The settings of the asset do not fit the file.
    Settings,
    /// A program or pass that a stage runs is missing or fails.
    Tool,
    /// The module fails while it initializes.
    Guest,
    /// A target cannot run the module.
    Unsupported,
    /// Wasmtime refuses the module, or the process that compiles it dies.
    Compiler,
    /// The result differs from the lock file or from the required world.
    Mismatch,
    /// The outputs cannot be written.
    Output,
    /// The artifacts are not in the cache, and the run does not compile.
    Missing,
    /// The importer has a fault.
    Internal,
}

impl AssetErrorKind {
    /// Returns the kind that most failures of a stage have.
    const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Discover | Stage::Read => Self::Input,
            Stage::Validate => Self::Invalid,
            Stage::Preinit => Self::Guest,
            Stage::Translate | Stage::Optimize | Stage::Transform => Self::Tool,
            Stage::Compose | Stage::Snapshot | Stage::Compress | Stage::Codegen => Self::Settings,
            Stage::World | Stage::Lock => Self::Mismatch,
            Stage::Compile => Self::Compiler,
            Stage::Strip | Stage::Canonicalize => Self::Internal,
            Stage::Write => Self::Output,
        }
    }
}

impl AssetError {
    /// Creates an error of the kind that is usual for its stage.
    pub(crate) fn new(path: impl Into<PathBuf>, stage: Stage, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), printable(&message.into()).into_owned());
        Self { path, stage, kind: AssetErrorKind::of(stage), message, help: None }
    }

    /// Creates the error for an asset with more `unit` than the setting `limits.KEY` allows.
    pub(crate) fn over_limit(
        path: &Path,
        stage: Stage,
        actual: u64,
        limit: u64,
        unit: &str,
        key: &str,
    ) -> Self {
        Self::new(path, stage, format!("the module has {actual} {unit}, the limit is {limit}"))
            .kind(AssetErrorKind::Limit)
            .help(format!("raise `limits.{key}` for the asset if you trust the file"))
    }

    /// Creates the error for a component that needs an engine with `concurrency-support`.
    pub(crate) fn without_concurrency(path: &Path, stage: Stage, reason: &str) -> Self {
        Self::new(path, stage, format!("{reason}, but the engine has no concurrency support"))
            .kind(AssetErrorKind::Disabled)
            .help(
                "set `concurrency-support = true` under `[engine]` in wasmport.toml, for all assets \
                 of the project; by default it is on if a source needs it",
            )
    }

    /// Formats stage, message and help, for a context that names the file.
    pub(crate) fn without_path(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("\n  help: {help}"));
        format!("{}: {}{}", self.stage, self.message, help.unwrap_or_default())
    }

    /// Sets the kind.
    #[must_use]
    pub(crate) fn kind(mut self, kind: AssetErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the mend.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(printable(&help.into()).into_owned());
        self
    }
}

impl fmt::Display for AssetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(&self.path.display().to_string()).replace('\n', "\\n");
        write!(f, "`{path}`: {}: {}", self.stage, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

impl std::error::Error for AssetError {}
