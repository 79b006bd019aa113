//! `ArchiveError`: why an archive cannot be read or written.

use crate::vfs::FileError;
use std::io;
use std::path::PathBuf;

/// Longest part of a name in messages, in bytes.
const SHOWN: usize = 200;

/// An archive cannot be read or written. [`Self::help`] tells what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file cannot be opened.
    #[error("archive `{}`: it cannot be opened: {source}", .path.display())]
    Open {
        /// The path of the archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive is damaged, is of another format or cannot be read.
    #[error("the archive cannot be read: {source}")]
    Read {
        /// Why.
        source: io::Error,
    },
    /// An entry contradicts itself or the archive.
    #[error("archive entry `{entry}`: it is damaged: {cause}")]
    Damaged {
        /// The name of the entry.
        entry: String,
        /// The fault.
        cause: String,
    },
    /// The name of an entry is refused, because it would lead out of the files or is no text.
    #[error("archive entry `{entry}`: its name {cause}")]
    Name {
        /// The name of the entry.
        entry: String,
        /// The fault of the name.
        cause: &'static str,
    },
    /// Two entries have the same name.
    #[error("archive entry `{entry}`: another entry has this name")]
    Duplicate {
        /// The name of the entry.
        entry: String,
    },
    /// The name of an entry leads through another entry that is a symbolic link.
    #[error("archive entry `{entry}`: its name leads through the link `{link}`")]
    ThroughLink {
        /// The name of the entry.
        entry: String,
        /// The name of the link.
        link: String,
    },
    /// An entry is of a kind, or stored in a way, that is not supported.
    #[error("archive entry `{entry}`: {what} is not supported")]
    Unsupported {
        /// The name of the entry.
        entry: String,
        /// The kind or the way.
        what: String,
    },
    /// A limit of the files is reached.
    #[error("archive entry `{entry}`: {source}")]
    Limit {
        /// The name of the entry.
        entry: String,
        /// Which limit.
        source: FileError,
    },
    /// The bytes of a file that is saved cannot be read.
    #[error("virtual file `{path}`: its bytes cannot be read: {cause}")]
    Content {
        /// The path of the file.
        path: String,
        /// Why.
        cause: String,
    },
    /// The archive cannot be written.
    #[error("the archive cannot be written: {source}")]
    Write {
        /// Why.
        source: io::Error,
    },
}

impl ArchiveError {
    /// Returns what to do about the error.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Open { .. } => "check the path and its permissions",
            Self::Read { .. } | Self::Damaged { .. } => "make the archive again, or copy it again",
            Self::Name { .. } => "make the archive with relative UTF-8 names of plain parts",
            Self::Duplicate { .. } => {
                "make the archive from a folder, so that each name is there once"
            }
            Self::ThroughLink { .. } => {
                "replace the link by a directory, or name the entry by its real path"
            }
            Self::Unsupported { .. } => {
                "use tar without sparse files, or zip with deflate, zstd or stored entries and no password"
            }
            Self::Limit { .. } => {
                "raise the limit in `FileLimits`, or leave files out of the archive"
            }
            Self::Content { .. } => "mount the file again",
            Self::Write { .. } => "check the place that it is written to",
        }
    }

    pub(super) fn damaged(entry: &str, cause: impl ToString) -> Self {
        Self::Damaged { entry: shown(entry), cause: cause.to_string() }
    }

    pub(super) fn name(entry: &str, cause: &'static str) -> Self {
        Self::Name { entry: shown(entry), cause }
    }

    pub(super) fn unsupported(entry: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { entry: shown(entry), what: what.into() }
    }

    /// Returns the error of an operation of the tree.
    pub(super) fn tree(entry: &str, source: FileError) -> Self {
        match source {
            FileError::InsufficientSpace | FileError::NameTooLong | FileError::FileTooLarge => {
                Self::Limit { entry: shown(entry), source }
            }
            source => Self::damaged(entry, source),
        }
    }
}

/// Returns a name for a message, which may be a part of it.
pub(super) fn shown(name: &str) -> String {
    if name.len() <= SHOWN {
        return name.to_owned();
    }
    let end = name.floor_char_boundary(SHOWN);
    format!("{}…", &name[..end])
}
