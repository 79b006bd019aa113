//! `Error`: the reason why a run as a whole did not do what it was asked.

mod settings;

pub use settings::SettingsError;
pub(crate) use settings::{Location, PatternError, SettingsErrorKind};

use crate::asset::AssetError;
use crate::report::{Report, Status};
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Asks whether the nearest name was meant.
pub(crate) fn did_you_mean(nearest: &str) -> String {
    format!("did you mean `{}`?", nearest.escape_debug())
}

/// Ends a message with the question whether the nearest name was meant, if there is one.
pub(crate) fn or_did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; {}", did_you_mean(nearest)))
}

/// The reason why a run did not do what it was asked.
///
/// `Debug` prints the whole message over several lines, so that the `main` of a `build.rs` can
/// return it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings contradict each other, or name something that does not exist.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The arguments of the call do not fit the project.
    #[error("{message}\n  help: {help}")]
    Arguments {
        /// The cause.
        message: String,
        /// The mend.
        help: String,
    },
    /// An asset or interface cannot be read, or does not allow what was asked.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// A file of the run as a whole cannot be read or written.
    #[error("cannot {action} `{}`: {}{}", path.display(), cause(action, source), way_out(action, source))]
    File {
        /// The file.
        path: PathBuf,
        /// The attempted action, such as `read`.
        action: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file that no import wrote is at the path of an output.
    #[error(
        "`{}` is in the way: no import wrote it\n  help: move it, rename the asset, or choose \
         another output folder",
        path.display()
    )]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A symbolic link is at the path of an output, or on the way to it below the output folder.
    #[error(
        "`{}` is a symbolic link: outputs are not written through links\n  help: remove the link, rename \
         the asset, or choose another output folder",
        path.display()
    )]
    OutputLink {
        /// The link.
        path: PathBuf,
    },
    /// The lock file is missing, damaged or of another format.
    #[error("`{}`: {message}\n  help: {help}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        message: String,
        /// The mend.
        help: &'static str,
    },
    /// The manifest in the output folder is damaged, and may be something else.
    #[error(
        "`{}` is in the way: no import wrote it, or {message}\n  help: restore it from version control, or \
         move it and import again",
        path.display()
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The damage.
        message: String,
    },
    /// The call is not possible in this program: the importer's functions for a build script were
    /// called elsewhere, or twice.
    #[error("{message}\n  help: {help}")]
    BuildScript {
        /// The cause.
        message: String,
        /// The mend.
        help: &'static str,
    },
    /// The process that imports cannot be started, or ended before it began.
    #[error("the helper process {message}\n  help: import without it: `--no-helper`")]
    Helper {
        /// The cause.
        message: String,
    },
    /// A registry did not do what it was asked.
    #[cfg(feature = "oci")]
    #[error("{0}\n  help: {help}", help = .0.help())]
    Registry(#[from] wasmport::registry::RegistryError),
    /// The importer has a fault.
    #[error("{message}\n  help: report this to wasmport")]
    Internal {
        /// The cause.
        message: String,
    },
    /// Some assets failed. The report has each with its error.
    #[error("{}", failed(.0))]
    Failed(Box<Report>),
    /// Imported output does not belong to its sources. The report says which and why.
    #[error("{}", stale(.0))]
    Stale(Box<Report>),
}

impl Error {
    pub(crate) fn settings(message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        SettingsError::new(SettingsErrorKind::Refused { message, help }).into()
    }

    pub(crate) fn arguments(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Arguments { message: message.into(), help: help.into() }
    }
}

/// The actions that write.
const WRITES: [&str; 2] = ["create", "write"];

/// Returns the system's reason alone: the library for temporary files adds the name of its file.
fn cause(action: &str, error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.source());
    inner
        .filter(|_| WRITES.contains(&action))
        .map_or_else(|| error.to_string(), ToString::to_string)
}

/// Returns the help line for a file that cannot be written.
fn way_out(action: &str, error: &std::io::Error) -> String {
    if !WRITES.contains(&action) {
        return String::new();
    }
    let help = match error.kind() {
        ErrorKind::PermissionDenied => "let this user write there, or choose another output folder",
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: choose another output folder"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is where a folder should be: move it, or choose another output folder"
        }
        ErrorKind::IsADirectory => {
            "a folder is where a file should be: move it, or choose another output folder"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free space, or choose another folder",
        _ => return String::new(),
    };
    format!("\n  help: {help}")
}

fn failed(report: &Report) -> String {
    let head = format!("{} of {} assets failed", report.failures().count(), report.assets.len());
    report.failures().fold(head, |text, (_, error)| format!("{text}\n{error}"))
}

fn stale(report: &Report) -> String {
    let stale = report.assets.iter().filter(|asset| asset.status == Status::Stale);
    let lines = stale.map(|asset| {
        let why = asset.stale.as_deref().unwrap_or("differs");
        format!("\n`{}`: {}", asset.source, why.replace('\n', "\n  "))
    });
    let head = match report.count(Status::Stale) {
        1 => "1 imported output is stale".to_owned(),
        count => format!("{count} imported outputs are stale"),
    };
    format!("{head}{}\n  help: run `cargo wasmport import`", lines.collect::<String>())
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_has_a_way_out() {
        let message = |kind: ErrorKind| {
            let source = std::io::Error::from(kind);
            let reason = source.to_string();
            let text = Error::File { path: "out".into(), action: "write", source }.to_string();
            let rest = text.strip_prefix(&format!("cannot write `out`: {reason}"));
            rest.map_or_else(|| text.clone(), ToOwned::to_owned)
        };
        assert_eq!(
            message(ErrorKind::PermissionDenied),
            "\n  help: let this user write there, or choose another output folder"
        );
        assert_eq!(
            message(ErrorKind::ReadOnlyFilesystem),
            "\n  help: the file system is read-only: choose another output folder"
        );
        assert_eq!(message(ErrorKind::NotFound), "");
    }
}
