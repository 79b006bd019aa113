//! The ends of pipes as standard streams of guests.

use super::pipe::{PipeReader, PipeWriter, ReadEnd, WaitId, WriteEnd};
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Most bytes that one call reads.
const MOST_READ: usize = 64 << 10;

/// A stream that a guest reads.
pub(super) struct ReadStream {
    end: Arc<ReadEnd>,
    id: WaitId,
}

impl ReadStream {
    pub fn new(reader: &PipeReader) -> Self {
        Self { end: Arc::clone(&reader.0), id: reader.0.pipe().id() }
    }

    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        self.end.pipe().poll_readable(self.id, context)
    }
}

impl Drop for ReadStream {
    fn drop(&mut self) {
        self.end.pipe().forget(self.id);
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for ReadStream {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll_ready(context)).await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for ReadStream {
    fn read(&mut self, most: usize) -> StreamResult<Bytes> {
        let bytes = self.end.pipe().read(most.min(MOST_READ));
        bytes.map(Bytes::from).ok_or(StreamError::Closed)
    }

    // The default gives up if other readers are faster a few times.
    async fn blocking_read(&mut self, most: usize) -> StreamResult<Bytes> {
        loop {
            self.ready().await;
            let bytes = self.read(most)?;
            if most == 0 || !bytes.is_empty() {
                return Ok(bytes);
            }
        }
    }
}

impl AsyncRead for ReadStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            std::task::ready!(self.poll_ready(context));
            match self.end.pipe().read(to.remaining().min(MOST_READ)) {
                Some(bytes) if bytes.is_empty() && to.remaining() > 0 => {}
                bytes => {
                    to.put_slice(&bytes.unwrap_or_default());
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl IsTerminal for PipeReader {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for PipeReader {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(ReadStream::new(self))
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(ReadStream::new(self))
    }
}

/// A stream that a guest writes.
struct WriteStream {
    end: Arc<WriteEnd>,
    id: WaitId,
    /// Bytes that the guest may write without a further check.
    permit: usize,
}

impl WriteStream {
    fn new(writer: &PipeWriter) -> Self {
        Self { end: Arc::clone(&writer.0), id: writer.0.pipe().add_writer(), permit: 0 }
    }

    fn poll_room(&self, context: &mut Context<'_>) -> Poll<Option<usize>> {
        self.end.pipe().poll_writable(self.id, context)
    }
}

impl Drop for WriteStream {
    fn drop(&mut self) {
        self.end.pipe().forget_writer(self.id);
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for WriteStream {
    async fn ready(&mut self) {
        let _ = std::future::poll_fn(|context| self.poll_room(context)).await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for WriteStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let Some(left) = self.permit.checked_sub(bytes.len()) else {
            return Err(StreamError::trap("write exceeded budget"));
        };
        self.permit = left;
        if self.end.pipe().room().is_none() {
            return Err(StreamError::Closed);
        }
        drop(self.end.pipe().write(&bytes));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.permit = self.end.pipe().permit().ok_or(StreamError::Closed)?;
        Ok(self.permit)
    }

    // The default gives up if other writers are faster a few times.
    async fn write_ready(&mut self) -> StreamResult<usize> {
        loop {
            self.ready().await;
            match self.check_write()? {
                0 => {}
                room => return Ok(room),
            }
        }
    }

    /// Writes all bytes. Unlike the default, it does not wait for room behind the last of them: nothing is
    /// buffered.
    async fn blocking_write_and_flush(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        while !bytes.is_empty() {
            let room = self.write_ready().await?.min(bytes.len());
            self.write(bytes.split_to(room))?;
        }
        Ok(())
    }
}

impl AsyncWrite for WriteStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Poll::Ready(match std::task::ready!(self.poll_room(context)) {
            None => Err(io::ErrorKind::BrokenPipe.into()),
            Some(room) => {
                let count = room.clamp(1, bytes.len());
                drop(self.end.pipe().write(&bytes[..count]));
                Ok(count)
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for PipeWriter {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for PipeWriter {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(WriteStream::new(self))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(WriteStream::new(self))
    }
}
