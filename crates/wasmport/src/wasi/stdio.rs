//! Streams for a guest's output: into memory, or to a function.

use crate::text::printable;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Default limit of a capture in bytes.
const CAPTURE_LIMIT: usize = 1 << 20;

/// Longest line in bytes; a longer one is passed on in pieces.
const LONGEST_LINE: usize = 64 << 10;

/// Bytes that a guest may write at once.
const WRITE_BUDGET: usize = 64 << 10;

/// A stream that stores a guest's output in memory, up to a limit. Clones are the same capture.
#[derive(Clone)]
pub struct Capture(Shared<Captured>);

struct Captured {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
}

impl Capture {
    /// Creates a capture of up to 1 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(CAPTURE_LIMIT)
    }

    /// Creates a capture of up to `bytes`. More output is dropped without an error for the guest.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self(Shared::new(Captured { bytes: Vec::new(), limit: bytes, dropped: 0 }))
    }

    /// Returns the output so far.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().bytes.clone()
    }

    /// Returns the output so far as text, with `�` for bytes that are not UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().bytes).into_owned()
    }

    /// Adds output of the program, as if a guest had written it.
    pub fn push(&self, bytes: &[u8]) {
        self.0.lock().write(bytes);
    }

    /// Returns the number of bytes dropped because of the limit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Capture").field(&self.text()).finish()
    }
}

impl Sink for Captured {
    fn write(&mut self, bytes: &[u8]) {
        let room = self.limit - self.bytes.len();
        let kept = bytes.len().min(room);
        self.bytes.extend_from_slice(&bytes[..kept]);
        self.dropped += (bytes.len() - kept) as u64;
    }
}

/// A stream that passes each line of a guest's output to a function, for logs. Clones are the same
/// stream.
///
/// Lines come without their line end, with `�` for bytes that are not UTF-8, with escapes for control
/// characters, so that no guest controls the terminal that shows the log, and in pieces if they are longer
/// than 64 KiB. An unfinished last line comes when the session ends or closes its stream.
#[derive(Clone)]
pub struct Lines(Shared<Line>);

struct Line {
    /// The unfinished line.
    unfinished: Vec<u8>,
    to: Box<dyn FnMut(&str) + Send>,
}

impl Lines {
    /// Creates a stream that passes lines to `to`, which must not write to the same stream.
    #[must_use]
    pub fn new(to: impl FnMut(&str) + Send + 'static) -> Self {
        Self(Shared::new(Line { unfinished: Vec::new(), to: Box::new(to) }))
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

impl Line {
    fn end(&mut self) {
        let line = self.unfinished.strip_suffix(b"\r").unwrap_or(&self.unfinished);
        (self.to)(&printable(&String::from_utf8_lossy(line)));
        self.unfinished.clear();
    }
}

impl Sink for Line {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            for part in text.chunks(LONGEST_LINE) {
                if self.unfinished.len() + part.len() > LONGEST_LINE {
                    self.end();
                }
                self.unfinished.extend_from_slice(part);
            }
            if ends {
                self.end();
            }
        }
    }

    fn close(&mut self) {
        if !self.unfinished.is_empty() {
            self.end();
        }
    }
}

/// A stream that passes a guest's output to a function, as it is written. Clones are the same stream.
///
/// ```
/// use wasmport::wasi::{OutputFn, Wasi};
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let wasi = Wasi::new().stdout(OutputFn::new(move |bytes| {
///     // The receiver may be dropped.
///     let _ = sender.send(bytes.to_vec());
/// }));
/// # let _ = (wasi, receiver);
/// ```
#[derive(Clone)]
pub struct OutputFn(Shared<WriteFn>);

type Write = dyn FnMut(&[u8]) + Send;

struct WriteFn(Box<Write>);

impl OutputFn {
    /// Creates a stream that passes bytes to `to`, which must not write to the same stream.
    #[must_use]
    pub fn new(to: impl FnMut(&[u8]) + Send + 'static) -> Self {
        Self(Shared::new(WriteFn(Box::new(to))))
    }
}

impl fmt::Debug for OutputFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputFn").finish_non_exhaustive()
    }
}

impl Sink for WriteFn {
    fn write(&mut self, bytes: &[u8]) {
        (self.0)(bytes);
    }
}

/// A destination that takes output at once and cannot fail.
trait Sink: Send + 'static {
    fn write(&mut self, bytes: &[u8]);

    /// A stream that wrote to it was closed.
    fn close(&mut self) {}
}

/// A destination that all streams of a guest share with the program.
struct Shared<S>(Arc<Mutex<S>>);

impl<S> Shared<S> {
    fn new(sink: S) -> Self {
        Self(Arc::new(Mutex::new(sink)))
    }

    /// Locks the destination, also after a panic in a function for lines: at worst that line is lost.
    fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A stream that a guest writes to.
struct Stream<S: Sink>(Shared<S>);

impl<S: Sink> Drop for Stream<S> {
    fn drop(&mut self) {
        self.0.lock().close();
    }
}

impl<S: Sink> OutputStream for Stream<S> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

#[wasmtime_wasi::async_trait]
impl<S: Sink> Pollable for Stream<S> {
    async fn ready(&mut self) {}
}

impl<S: Sink> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Implements the stream traits of types by their shared destination.
macro_rules! stream {
    ($($name:ident)*) => {$(
        impl IsTerminal for $name {
            fn is_terminal(&self) -> bool {
                false
            }
        }

        impl StdoutStream for $name {
            fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
                Box::new(Stream(self.0.clone()))
            }

            fn p2_stream(&self) -> Box<dyn OutputStream> {
                Box::new(Stream(self.0.clone()))
            }
        }
    )*};
}

stream! { Capture Lines OutputFn }
