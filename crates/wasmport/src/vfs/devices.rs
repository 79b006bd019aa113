//! The usual devices: `null`, `zero`, `random`, the standard streams and the terminal.

use super::device::{Device, DeviceSession, OpenDevice, StandardStream};
use super::error::FileError;
use super::files::{Files, FilesError};
use std::sync::Arc;

/// A usual device.
#[derive(Clone, Copy)]
enum Usual {
    Null,
    Zero,
    Random,
    Stream(StandardStream),
}

/// The usual devices by their names.
const USUAL: [(&str, Usual); 8] = [
    ("null", Usual::Null),
    ("zero", Usual::Zero),
    ("random", Usual::Random),
    ("urandom", Usual::Random),
    ("stdin", Usual::Stream(StandardStream::Input)),
    ("stdout", Usual::Stream(StandardStream::Output)),
    ("stderr", Usual::Stream(StandardStream::Error)),
    ("tty", Usual::Stream(StandardStream::Terminal)),
];

impl Files {
    /// Adds the usual devices to the directory `path`, which is created if it is missing: `null`, `zero`,
    /// `random` and `urandom`, `stdin`, `stdout` and `stderr`, and `tty`.
    ///
    /// The random devices have the randomness of the session that opens them. `tty` opens only in a
    /// session with a [`Terminal`](crate::wasi::Terminal). [`Wasi::devices`](crate::wasi::Wasi::devices)
    /// mounts a directory with these devices alone.
    ///
    /// ```
    /// # fn main() -> Result<(), wasmport::vfs::FilesError> {
    /// use wasmport::vfs::{FileType, Files};
    ///
    /// let mut files = Files::new();
    /// files.devices("dev")?;
    /// assert_eq!(files.stat("dev/null")?.kind, FileType::CharacterDevice);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write`].
    pub fn devices(&mut self, path: &str) -> Result<&mut Self, FilesError> {
        self.create_dir_all(path)?;
        for (name, device) in USUAL {
            self.device(&format!("{path}/{name}"), device)?;
        }
        Ok(self)
    }
}

impl Device for Usual {
    fn open(&self, session: &dyn DeviceSession) -> Result<Box<dyn OpenDevice>, FileError> {
        Ok(match *self {
            Self::Null => Box::new(Null),
            Self::Zero => Box::new(Zero),
            Self::Random => Box::new(Random(session.shared())),
            Self::Stream(stream) => session.open_stream(stream)?,
        })
    }
}

/// Empty, and discards what is written.
struct Null;

impl OpenDevice for Null {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        Ok(bytes.len())
    }
}

struct Zero;

impl OpenDevice for Zero {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
        to.fill(0);
        Ok(to.len())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        Ok(bytes.len())
    }
}

struct Random(Arc<dyn DeviceSession>);

impl OpenDevice for Random {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
        self.0.random(to);
        Ok(to.len())
    }

    /// Discards the bytes: randomness does not depend on what a guest writes.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        Ok(bytes.len())
    }
}
