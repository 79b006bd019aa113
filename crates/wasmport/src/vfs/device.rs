//! `Device`: a character device of virtual files.

use super::error::FileError;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A character device of virtual files, for [`Files::device`](super::Files::device).
///
/// ```
/// use wasmport::vfs::{Device, DeviceSession, FileError, Files, OpenDevice};
///
/// /// Counts the bytes that are written to it.
/// #[derive(Default)]
/// struct Counter(u64);
///
/// impl OpenDevice for Counter {
///     fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
///         self.0 += bytes.len() as u64;
///         Ok(bytes.len())
///     }
/// }
///
/// # fn main() -> Result<(), wasmport::vfs::FilesError> {
/// let mut files = Files::new();
/// files.device("dev/counter", |_: &dyn DeviceSession| {
///     Ok(Box::new(Counter::default()) as Box<dyn OpenDevice>)
/// })?;
/// # Ok(())
/// # }
/// ```
pub trait Device: Send + Sync + 'static {
    /// Opens the device for a descriptor of a session.
    ///
    /// # Errors
    ///
    /// Fails with [`FileError::NoDevice`] if the session has no such device, or with another error for the
    /// guest.
    fn open(&self, session: &dyn DeviceSession) -> Result<Box<dyn OpenDevice>, FileError>;
}

impl<F> Device for F
where
    F: Fn(&dyn DeviceSession) -> Result<Box<dyn OpenDevice>, FileError> + Send + Sync + 'static,
{
    fn open(&self, session: &dyn DeviceSession) -> Result<Box<dyn OpenDevice>, FileError> {
        self(session)
    }
}

/// A device that a guest has open.
///
/// A call that fails with [`FileError::WouldBlock`] is repeated when the device is ready.
pub trait OpenDevice: Send + 'static {
    /// Reads into `to`, and returns the number of bytes; 0 is the end. The default is empty.
    ///
    /// # Errors
    ///
    /// Fails with the error for the guest.
    fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
        let _ = to;
        Ok(0)
    }

    /// Writes `bytes`, and returns how many were written. The default fails with [`FileError::Invalid`].
    ///
    /// # Errors
    ///
    /// Fails with the error for the guest.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        let _ = bytes;
        Err(FileError::Invalid)
    }

    /// Returns whether a read would end at once; otherwise wakes the waker of `context` when it would. The
    /// default is always ready.
    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }

    /// Returns whether a write would end at once; otherwise wakes the waker of `context` when it would. The
    /// default is always ready.
    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let _ = context;
        Poll::Ready(())
    }

    /// Returns how the device treats positions. The default is [`DeviceKind::Plain`].
    fn kind(&self) -> DeviceKind {
        DeviceKind::Plain
    }
}

/// How a device treats positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// The position is always 0, and seeking changes nothing: `/dev/null` and `/dev/zero`.
    Plain,
    /// A stream without a position, in which no guest can seek.
    Stream,
    /// A terminal: a stream for which `isatty` is true.
    Terminal,
}

/// The session that opens a device.
pub trait DeviceSession: Send + Sync {
    /// Fills `bytes` with the session's randomness. With a seed it is the same in each run.
    fn random(&self, bytes: &mut [u8]);

    /// Returns a copy of the session's handle, which a device may keep.
    fn shared(&self) -> Arc<dyn DeviceSession>;

    /// Opens a standard stream or the terminal of the session.
    ///
    /// # Errors
    ///
    /// Fails with [`FileError::NoDevice`] if the session has none.
    fn open_stream(&self, stream: StandardStream) -> Result<Box<dyn OpenDevice>, FileError>;
}

/// A stream of a session that devices can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StandardStream {
    /// The standard input.
    Input,
    /// The standard output.
    Output,
    /// The standard error.
    Error,
    /// The terminal, for reading and writing.
    Terminal,
}

/// The device of a node.
#[derive(Clone)]
pub(crate) struct DeviceNode(pub Arc<dyn Device>);

impl fmt::Debug for DeviceNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device")
    }
}
