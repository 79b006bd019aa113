//! Values of WASI 0.2 for those of virtual files.

use crate::vfs::FileError;
use crate::wasi::components::files::convert::conversions;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types;

conversions!(types);

impl From<FileError> for ErrorCode {
    fn from(error: FileError) -> Self {
        match error {
            FileError::BadDescriptor => Self::BadDescriptor,
            FileError::Exist => Self::Exist,
            FileError::Invalid => Self::Invalid,
            FileError::IsDirectory => Self::IsDirectory,
            FileError::Loop => Self::Loop,
            FileError::NameTooLong => Self::NameTooLong,
            FileError::NoEntry => Self::NoEntry,
            FileError::InsufficientSpace => Self::InsufficientSpace,
            FileError::NotDirectory => Self::NotDirectory,
            FileError::NotEmpty => Self::NotEmpty,
            FileError::NotPermitted => Self::NotPermitted,
            FileError::ReadOnly => Self::ReadOnly,
            FileError::FileTooLarge => Self::FileTooLarge,
            // WASI 0.2 has no code for it.
            FileError::TooManyOpen => Self::InsufficientMemory,
            FileError::CrossDevice => Self::CrossDevice,
            FileError::Io => Self::Io,
            FileError::NoDevice => Self::NoSuchDevice,
            FileError::WouldBlock => Self::WouldBlock,
        }
    }
}

fn timestamp(nanos: u64) -> Datetime {
    let (seconds, nanoseconds) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Datetime { seconds, nanoseconds: nanoseconds as u32 }
}
