//! Errors: where it happened, what it is, and what to do about it.

use crate::report::{Report, Status};
use crate::settings::SettingsError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// A stage of the import of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// Finding the file.
    Discover,
    /// Reading it and telling what it is.
    Read,
    /// Translating legacy exceptions.
    Translate,
    /// Validating the module.
    Validate,
    /// Running its initialization.
    Preinit,
    /// Satisfying imports of a component with other components.
    Compose,
    /// The project's own passes.
    Transform,
    /// Comparing a component with the world that it must implement.
    World,
    /// Optimizing it.
    Optimize,
    /// Removing custom sections.
    Strip,
    /// Making NaNs the same on every machine.
    Canonicalize,
    /// Compiling it for a target.
    Compile,
    /// Compressing an artifact.
    Compress,
    /// Generating the wrapper.
    Codegen,
    /// Comparing with the lock file.
    Lock,
    /// Writing the outputs.
    Write,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "discover",
            Self::Read => "read",
            Self::Translate => "translate",
            Self::Validate => "validate",
            Self::Preinit => "preinit",
            Self::Compose => "compose",
            Self::Transform => "transform",
            Self::World => "world",
            Self::Optimize => "optimize",
            Self::Strip => "strip",
            Self::Canonicalize => "canonicalize",
            Self::Compile => "compile",
            Self::Compress => "compress",
            Self::Codegen => "codegen",
            Self::Lock => "lock",
            Self::Write => "write",
        })
    }
}

/// Why one asset could not be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssetError {
    /// The file.
    pub path: PathBuf,
    /// Where in the pipeline.
    pub stage: Stage,
    /// What is wrong; for text with line, column and a caret below the place.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl AssetError {
    pub(crate) fn new(path: impl Into<PathBuf>, stage: Stage, message: impl Into<String>) -> Self {
        Self { path: path.into(), stage, message: printable(&message.into()), help: None }
    }

    /// Of a component that waits: `message` says for what.
    pub(crate) fn without_concurrency(path: &Path, stage: Stage, message: &str) -> Self {
        Self::new(path, stage, format!("{message}, which the engine is configured without")).help(
            "say `concurrency-support = true` below `[engine]` in wasmport.toml, for all assets of \
             the project",
        )
    }

    /// Stage, message and help, for where the file is named anyway.
    pub(crate) fn without_path(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("\n  help: {help}"));
        format!("{}: {}{}", self.stage, self.message, help.unwrap_or_default())
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `text` without control characters but line ends: names and sources of wasm are in messages.
fn printable(text: &str) -> String {
    let escape = |c: char| c.is_control() && c != '\n';
    text.chars()
        .map(|c| if escape(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

impl fmt::Display for AssetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = printable(&self.path.display().to_string()).replace('\n', "\\n");
        write!(f, "`{path}`: {}: {}", self.stage, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

impl std::error::Error for AssetError {}

/// Why a run did not do what it was asked.
///
/// `Debug` prints the whole message over several lines, so that the `main` of a `build.rs` may
/// return it.
#[non_exhaustive]
pub enum Error {
    /// The settings contradict each other, or name something that does not exist.
    Settings(SettingsError),
    /// The arguments of the call cannot be followed.
    Arguments {
        /// The cause.
        message: String,
        /// The mend.
        help: Option<String>,
    },
    /// A file of the run as a whole cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What was tried, such as `read`.
        action: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Some assets failed; the report has each with its error.
    Failed(Box<Report>),
    /// Imported output does not belong to the sources any more; the report says which and why.
    Stale(Box<Report>),
}

impl Error {
    pub(crate) fn settings(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Arguments { message: message.into(), help: Some(help.into()) }
    }
}

/// The error for an asset that is larger than it may be.
pub(crate) fn over_limit(
    path: &Path,
    stage: Stage,
    actual: u64,
    limit: u64,
    what: &str,
    key: &str,
) -> AssetError {
    AssetError::new(path, stage, format!("the module has {actual} {what}, and {limit} are allowed"))
        .help(format!("if the file is to be trusted, raise `limits.{key}` for it in the settings"))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Arguments { message, help } => {
                f.write_str(message)?;
                help.as_ref().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
            }
            Self::File { path, action, source } => {
                write!(f, "cannot {action} `{}`: {source}", path.display())
            }
            Self::Failed(report) => {
                let failed = report.failures().count();
                write!(f, "{failed} of {} assets failed", report.assets.len())?;
                report.failures().try_for_each(|(_, error)| write!(f, "\n{error}"))
            }
            Self::Stale(report) => {
                let stale = report.assets.iter().filter(|a| a.status == Status::Stale);
                write!(f, "{} imported assets are stale", stale.clone().count())?;
                for asset in stale {
                    let why = asset.stale.as_deref().unwrap_or("differs");
                    write!(f, "\n`{}`: {}", asset.source, why.replace('\n', "\n  "))?;
                }
                write!(f, "\n  help: run `cargo wasmport import`")
            }
        }
    }
}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Self {
        Self::Settings(error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings(error) => Some(error),
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
