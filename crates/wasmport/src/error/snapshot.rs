//! `SnapshotError`: the reason why a session cannot be saved, or cannot start from a snapshot.

use std::fmt;

/// The reason why a session cannot be saved, or cannot start from a [`Snapshot`](crate::Snapshot).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The module does not export its state.
    #[error("the module was not imported with `snapshot = true`")]
    NotImported,
    /// The module exports its state for another version of wasmport.
    #[error("the module exports its state in the form {found}, which this program does not read")]
    Exports {
        /// The form that the module has.
        found: i32,
    },
    /// The state has a reference to something outside of the module's memories and functions.
    #[error("{item} holds {reference}, which cannot be saved")]
    Reference {
        /// The global or the element of a table.
        item: SnapshotItem,
        /// The kind of reference.
        reference: &'static str,
    },
    /// An instance of the module, to compare with, cannot be created.
    #[error("a fresh instance of the module, to compare with, cannot be created: {0}")]
    Fresh(String),
    /// The session is one of another module: another asset, or one that was imported again since.
    #[error("the snapshot is of another module than the session")]
    OtherModule,
    /// The session's asset has another engine configuration than the one that was saved.
    #[error("the snapshot is of an engine with another configuration")]
    OtherEngine,
    /// A memory or table of the new session is larger than the saved one.
    #[error("{item} is larger than in the snapshot: {found} {unit} instead of {saved}", unit = item.unit())]
    TooLarge {
        /// The memory or table.
        item: SnapshotItem,
        /// The saved size in bytes or elements.
        saved: u64,
        /// The size in the new session.
        found: u64,
    },
    /// A memory or table cannot grow to the saved size.
    #[error("{item} cannot grow to the {saved} {unit} of the snapshot: {reason}", unit = item.unit())]
    Growth {
        /// The memory or table.
        item: SnapshotItem,
        /// The saved size in bytes or elements.
        saved: u64,
        /// Wasmtime's reason.
        reason: String,
    },
    /// The new session has no virtual files of its own where the saved one had some.
    #[error("the session has no virtual files of its own at `{path}`")]
    NoFiles {
        /// The path of the mount.
        path: String,
    },
    /// The snapshot has virtual files, and this program lacks the feature `vfs`.
    #[error("the snapshot has virtual files, which need the `vfs` feature of the `wasmport` crate")]
    HasFiles,
    /// The bytes of a virtual file cannot be read from where they come from.
    #[cfg(feature = "vfs")]
    #[error("a virtual file below `{path}` cannot be read: {source}")]
    Content {
        /// The path of the mount.
        path: String,
        /// Why.
        source: crate::vfs::FileError,
    },
    /// The virtual files exceed the limits of the new session.
    #[error("the virtual files at `{path}` exceed the limits of the session")]
    FileLimits {
        /// The path of the mount.
        path: String,
    },
    /// The bytes do not begin like a snapshot.
    #[error("the bytes are no snapshot")]
    NotSnapshot,
    /// The bytes have another format than this program reads.
    #[error("the snapshot has the format {0}, which this program does not read")]
    Format(u32),
    /// The bytes are compressed, and this program lacks the feature `zstd`.
    #[error("the snapshot is compressed, which needs the `zstd` feature of the `wasmport` crate")]
    Compressed,
    /// The snapshot, or what its virtual files take in memory, is larger than it may be.
    #[error("the snapshot takes more than {limit} bytes")]
    Length {
        /// The limit in bytes.
        limit: u64,
    },
    /// The bytes are truncated or changed, or do not fit the module.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

impl SnapshotError {
    /// Returns the advice on what to change.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::NotImported => {
                "set `snapshot = true` for the asset in wasmport.toml, and import again"
            }
            Self::Exports { .. } => {
                "import the asset again with this program's version of wasmport"
            }
            Self::Reference { .. } => {
                "save the session when the guest has released its references, such as at the end of a request"
            }
            Self::Fresh(_) => {
                "raise the number of instances if the pooling allocator has none left; a module of which imports \
                 cannot be zero or null cannot be saved"
            }
            Self::OtherModule | Self::OtherEngine | Self::Format(_) => {
                "take a new snapshot with this program"
            }
            Self::TooLarge { .. } | Self::Growth { .. } => {
                "pass imports of the saved session's size, and raise `limits` of `RuntimeOptions` if they refuse it"
            }
            Self::HasFiles => "add `features = [\"vfs\"]` to the `wasmport` dependency",
            Self::NoFiles { .. } => "mount virtual files there with `Wasi::files`",
            #[cfg(feature = "vfs")]
            Self::Content { .. } => "read the source of the file; `Files::read` says what is wrong",
            Self::FileLimits { .. } => "raise the `FileLimits` of the session's files",
            Self::NotSnapshot | Self::Damaged(_) => {
                "get the bytes again; they are the result of `Snapshot::to_bytes`"
            }
            Self::Compressed => "add `features = [\"zstd\"]` to the `wasmport` dependency",
            Self::Length { .. } => {
                "raise the limit of `Snapshot::from_bytes_within`, if you trust the bytes"
            }
        }
    }
}

/// A part of a guest's state, by its index in the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotItem {
    /// A memory.
    Memory(u32),
    /// A mutable global.
    Global(u32),
    /// A table.
    Table(u32),
    /// An element of a table.
    Element {
        /// The table.
        table: u32,
        /// The index of the element.
        index: u64,
    },
}

impl SnapshotItem {
    fn unit(self) -> &'static str {
        match self {
            Self::Memory(_) => "bytes",
            _ => "elements",
        }
    }
}

impl fmt::Display for SnapshotItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(index) => write!(f, "memory {index}"),
            Self::Global(index) => write!(f, "global {index}"),
            Self::Table(index) => write!(f, "table {index}"),
            Self::Element { table, index } => write!(f, "element {index} of table {table}"),
        }
    }
}
