//! Pipes: the two directions of a connection, each with an end that writes and one that reads.

use super::Permit;
use super::watched::Watched;
use bytes::Bytes;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// One direction of a connection. Clones are the same.
#[derive(Clone)]
pub(super) struct Pipe(Watched<State>);

struct State {
    bytes: VecDeque<u8>,
    most: usize,
    /// Whether no more bytes come.
    is_ended: bool,
    /// Whether no one reads.
    is_unread: bool,
}

impl Pipe {
    /// Creates a pipe that stores `most` bytes.
    pub fn new(most: usize) -> Self {
        let bytes = VecDeque::new();
        Self(Watched::new(State { bytes, most, is_ended: false, is_unread: false }))
    }

    /// Ends the writing.
    pub fn end(&self) {
        self.0.change(|state| state.is_ended = true);
    }

    /// Ends the reading.
    pub fn give_up(&self) {
        self.0.change(|state| {
            state.is_unread = true;
            state.bytes = VecDeque::new();
        });
    }

    /// Waits for a state.
    async fn wait(&self, is_so: impl Fn(&State) -> bool) {
        poll_fn(|context| self.0.poll(context, |state| is_so(state).then_some(()))).await;
    }

    /// Returns the number of bytes that can be written.
    fn room(&self) -> StreamResult<usize> {
        self.0.read(State::room)
    }
}

impl State {
    /// Returns the number of bytes that can be written.
    fn room(&self) -> StreamResult<usize> {
        match self.is_unread || self.is_ended {
            true => Err(StreamError::Closed),
            false => Ok(self.most - self.bytes.len()),
        }
    }
}

/// The end of a pipe that reads.
pub(super) struct Reader {
    pub pipe: Pipe,
    pub _permit: Arc<Permit>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pipe.give_up();
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        self.pipe.wait(|state| !state.bytes.is_empty() || state.is_ended || state.is_unread).await;
    }
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.pipe.0.change(|state| {
            if state.bytes.is_empty() && (state.is_ended || state.is_unread) {
                return Err(StreamError::Closed);
            }
            let count = size.min(state.bytes.len());
            Ok(state.bytes.drain(..count).collect())
        })
    }
}

/// The end of a pipe that writes.
pub(super) struct Writer {
    pub pipe: Pipe,
    pub _permit: Arc<Permit>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pipe.end();
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        self.pipe.wait(|state| !matches!(state.room(), Ok(0))).await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pipe.0.change(|state| {
            if bytes.len() > state.room()? {
                return Err(StreamError::trap("the write is larger than `check-write` permitted"));
            }
            state.bytes.extend(bytes);
            Ok(())
        })
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.pipe.room().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.pipe.room()
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
