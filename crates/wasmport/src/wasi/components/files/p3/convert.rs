//! Values of WASI 0.3 for those of virtual files.

use crate::vfs::FileError;
use crate::wasi::components::files::convert::conversions;
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant;
use wasmtime_wasi::p3::bindings::filesystem::types;

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
            FileError::TooManyOpen => Self::Other(Some("too many open files".into())),
            FileError::CrossDevice => Self::CrossDevice,
            FileError::Io => Self::Io,
            FileError::NoDevice => Self::NoSuchDevice,
            FileError::WouldBlock => Self::Other(Some("the device is not ready".into())),
        }
    }
}

fn timestamp(nanos: u64) -> Instant {
    let (seconds, nanoseconds) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Instant { seconds: seconds as i64, nanoseconds: nanoseconds as u32 }
}
