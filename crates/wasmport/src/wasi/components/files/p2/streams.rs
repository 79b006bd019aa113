//! Streams of virtual files and devices. Those of files are always ready.

use crate::vfs::{FileError, FileType};
use crate::wasi::components::files::clock::WallClock;
use crate::wasi::files::open_file::{OpenFile, Position, READ_BYTES};
use crate::wasi::files::slots::{Slot, Slots};
use bytes::Bytes;
use std::task::{Context, Poll};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// A stream that reads a file from a position on. It ends for good at the end of the file.
pub(super) struct FileInput {
    file: OpenFile,
    position: u64,
    clock: WallClock,
    is_closed: bool,
}

impl FileInput {
    pub fn new(file: OpenFile, position: u64, clock: WallClock) -> Self {
        Self { file, position, clock, is_closed: false }
    }
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {
        if !self.is_closed {
            std::future::poll_fn(|context| self.file.poll_readable(context)).await;
        }
    }
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.is_closed {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        match self.file.read(self.position, size, self.clock.now()) {
            Ok(bytes) if bytes.is_empty() => {
                self.is_closed = true;
                Err(StreamError::Closed)
            }
            Ok(bytes) => {
                self.position = self.position.saturating_add(bytes.len() as u64);
                Ok(bytes.into())
            }
            Err(FileError::WouldBlock) => Ok(Bytes::new()),
            Err(error) => {
                self.is_closed = true;
                Err(StreamError::LastOperationFailed(error.into()))
            }
        }
    }

    // The default gives up if a device is not ready a few times.
    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        loop {
            let bytes = self.read(size)?;
            if size == 0 || !bytes.is_empty() {
                return Ok(bytes);
            }
            self.ready().await;
        }
    }
}

/// A stream that writes into a file at a position, or at its end.
pub(super) struct FileOutput {
    file: OpenFile,
    position: Position,
    clock: WallClock,
    /// Bytes of the last write that a device has not taken yet.
    left: Bytes,
    state: OutputState,
    /// Of a stream of a device, as it may hold bytes.
    _slot: Option<Slot>,
}

enum OutputState {
    Ready,
    /// The error of the last write, which is returned once.
    Failed(FileError),
    Closed,
}

impl FileOutput {
    pub fn new(
        file: OpenFile,
        position: Position,
        clock: WallClock,
        slots: &Slots,
    ) -> Result<Self, FileError> {
        let is_device = file.kind == FileType::CharacterDevice;
        let _slot = is_device.then(|| slots.take()).transpose()?;
        Ok(Self { file, position, clock, left: Bytes::new(), state: OutputState::Ready, _slot })
    }

    /// Writes what is left, as far as the file or device takes it now.
    fn write_left(&mut self) {
        while !self.left.is_empty() {
            match self.file.write(self.position, &self.left, self.clock.now()) {
                Ok(0) => self.fail(FileError::InsufficientSpace),
                Ok(count) => {
                    self.position = self.position.after(count);
                    let _ = self.left.split_to(count);
                }
                Err(FileError::WouldBlock) => return,
                Err(error) => self.fail(error),
            }
        }
    }

    fn fail(&mut self, error: FileError) {
        self.state = OutputState::Failed(error);
        self.left = Bytes::new();
    }

    /// Writes what is left. Otherwise wakes `context` when the device is ready.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.write_left();
        if self.left.is_empty() {
            return Poll::Ready(());
        }
        if self.file.poll_writable(context).is_ready() {
            // It has become ready meanwhile.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Returns the error of the last write, and that the stream is closed after it.
    fn check(&mut self) -> StreamResult<()> {
        match self.state {
            OutputState::Ready => Ok(()),
            OutputState::Closed => Err(StreamError::Closed),
            OutputState::Failed(error) => {
                self.state = OutputState::Closed;
                Err(StreamError::LastOperationFailed(error.into()))
            }
        }
    }

    /// Returns how many bytes one write may have. A limit of none fails when it is written.
    fn most(&self) -> usize {
        self.file.write_bytes().clamp(1, READ_BYTES)
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.poll_written(context)).await;
    }
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.state {
            OutputState::Ready if self.left.is_empty() => {}
            OutputState::Closed => return Err(StreamError::Closed),
            OutputState::Ready | OutputState::Failed(_) => {
                return Err(StreamError::trap("a write before `check-write` was called"));
            }
        }
        if bytes.len() > self.most() {
            return Err(StreamError::trap("a write of more bytes than `check-write` permits"));
        }
        // Like that of a real file, the error is that of the next call.
        self.left = bytes;
        self.write_left();
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.write_left();
        self.check()?;
        Ok(if self.left.is_empty() { self.most() } else { 0 })
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ready().await;
        self.check()?;
        self.left = bytes;
        self.ready().await;
        self.check()
    }
}
