//! Inputs of guests from the program: a function, or any reader.

use super::pipe::{PipeReader, PipeWriter, pipe};
use super::pipe_streams::ReadStream;
use bytes::Bytes;
use std::fmt;
use std::io::{self, Read, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// Bytes that are read from a reader at once, and that wait for the guest.
const PART: usize = 64 << 10;

/// A standard input that calls a function for the next bytes when a guest reads. Clones are the same input.
///
/// The function returns `None` at the end; afterwards it is not called again. If it returns no bytes, it is called
/// again at once. It runs in the guest's call, so that it should not wait: use an [`InputReader`] or a
/// [`pipe`](super::pipe) for that. It must not read from the same input.
///
/// ```
/// use wasmport::wasi::{InputFn, Wasi};
///
/// let mut lines = ["one\n", "two\n"].into_iter();
/// let wasi = Wasi::new().stdin(InputFn::new(move || lines.next().map(Vec::from)));
/// # let _ = wasi;
/// ```
#[derive(Clone)]
pub struct InputFn(Arc<Mutex<Source>>);

struct Source {
    /// None after its end.
    next: Option<Box<dyn FnMut() -> Option<Vec<u8>> + Send>>,
    /// Bytes that it returned and that are not read yet.
    left: Bytes,
}

impl InputFn {
    /// Creates an input from a function that returns the next bytes.
    #[must_use]
    pub fn new(next: impl FnMut() -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Source { next: Some(Box::new(next)), left: Bytes::new() })))
    }

    /// Reads up to `most` bytes; none at the end.
    fn read_bytes(&self, most: usize) -> Option<Bytes> {
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while source.left.is_empty() {
            match source.next.as_mut()?() {
                Some(bytes) => source.left = bytes.into(),
                None => source.next = None,
            }
        }
        let count = most.min(source.left.len());
        Some(source.left.split_to(count))
    }
}

impl fmt::Debug for InputFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputFn").finish_non_exhaustive()
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for InputFn {
    async fn ready(&mut self) {}
}

impl InputStream for InputFn {
    fn read(&mut self, most: usize) -> StreamResult<Bytes> {
        self.read_bytes(most).ok_or(StreamError::Closed)
    }
}

impl AsyncRead for InputFn {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        to.put_slice(&self.read_bytes(to.remaining()).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for InputFn {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for InputFn {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

/// A standard input that a thread reads from any [`Read`], such as the output of another program. Clones are the
/// same input.
///
/// The thread starts when a guest first reads or waits for input, reads ahead by up to 64 KiB, and ends at the
/// end of the reader, at its first error, or at the first bytes after the input is dropped.
#[derive(Clone)]
pub struct InputReader(Arc<Started>);

struct Started {
    /// The reader and where its bytes go; none when the thread has started.
    reader: Mutex<Option<(Box<dyn Read + Send>, PipeWriter)>>,
    pipe: PipeReader,
}

impl InputReader {
    /// Creates an input from a reader.
    #[must_use]
    pub fn new(reader: impl Read + Send + 'static) -> Self {
        let (writer, pipe) = pipe(PART);
        let reader: Box<dyn Read + Send> = Box::new(reader);
        Self(Arc::new(Started { reader: Mutex::new(Some((reader, writer))), pipe }))
    }

    fn stream(&self) -> ReaderStream {
        ReaderStream { input: self.clone(), stream: ReadStream::new(&self.0.pipe) }
    }
}

impl Started {
    /// Starts the thread. Without one the input is at its end.
    fn start(&self) {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((mut reader, mut writer)) = reader else { return };
        let thread = thread::Builder::new().name("wasmport-input".into());
        // An error of either ends the input.
        let _ = thread.spawn(move || copy(&mut *reader, &mut writer));
    }
}

fn copy(reader: &mut dyn Read, writer: &mut PipeWriter) -> io::Result<()> {
    let mut part = vec![0; PART];
    loop {
        match reader.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(count) => writer.write_all(part.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl fmt::Debug for InputReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputReader").finish_non_exhaustive()
    }
}

/// A stream that a guest reads.
struct ReaderStream {
    input: InputReader,
    stream: ReadStream,
}

#[wasmtime_wasi::async_trait]
impl Pollable for ReaderStream {
    async fn ready(&mut self) {
        self.input.0.start();
        self.stream.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for ReaderStream {
    fn read(&mut self, most: usize) -> StreamResult<Bytes> {
        self.input.0.start();
        self.stream.read(most)
    }

    async fn blocking_read(&mut self, most: usize) -> StreamResult<Bytes> {
        self.input.0.start();
        self.stream.blocking_read(most).await
    }
}

impl AsyncRead for ReaderStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.input.0.start();
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl IsTerminal for InputReader {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for InputReader {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.stream())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.stream())
    }
}
