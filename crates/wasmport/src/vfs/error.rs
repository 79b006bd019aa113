//! `FileError`: why an operation on virtual files failed.

/// Why an operation on virtual files failed; guests see the error of WASI with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file is open for other operations only.
    #[error("the file is not open for this")]
    BadDescriptor,
    /// The name exists.
    #[error("it exists")]
    Exist,
    /// An argument has no meaning, such as a name with a NUL byte.
    #[error("an argument is invalid")]
    Invalid,
    /// It is a directory.
    #[error("it is a directory")]
    IsDirectory,
    /// A path leads through more than 40 symbolic links.
    #[error("too many symbolic links")]
    Loop,
    /// A name or a path is too long.
    #[error("the name is too long")]
    NameTooLong,
    /// The name does not exist.
    #[error("no such file or directory")]
    NoEntry,
    /// The limit of bytes, or of files and their names, is reached.
    #[error("the limit of bytes or files is reached")]
    InsufficientSpace,
    /// A part of the path is not a directory.
    #[error("not a directory")]
    NotDirectory,
    /// The directory has entries.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The path leads out of the directory, or is absolute.
    #[error("not permitted")]
    NotPermitted,
    /// It is read-only.
    #[error("read-only")]
    ReadOnly,
    /// A size or position is larger than can be.
    #[error("the size is too large")]
    FileTooLarge,
    /// The limit of open files is reached.
    #[error("too many open files")]
    TooManyOpen,
    /// The two paths are in different systems of files.
    #[error("across systems of files")]
    CrossDevice,
    /// The session has no such device.
    #[error("no such device")]
    NoDevice,
    /// A device is not ready.
    #[error("the device is not ready")]
    WouldBlock,
    /// The bytes of a file on the disk cannot be read.
    #[error("the file on the disk cannot be read")]
    Io,
}
