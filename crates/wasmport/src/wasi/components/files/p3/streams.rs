//! Streams of virtual files, which wait for devices alone.

use crate::vfs::FileError;
use crate::wasi::components::files::clock::WallClock;
use crate::wasi::components::files::view::EntryNames;
use crate::wasi::files::open_file::{OpenFile, Position, READ_BYTES};
use crate::wasi::files::slots::Slot;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Destination, Source, StreamConsumer, StreamProducer, StreamResult, VecBuffer,
};
use wasmtime_wasi::p3::bindings::filesystem::types::{DirectoryEntry, ErrorCode};

type Outcome = Result<(), ErrorCode>;
type Progress = Poll<wasmtime::Result<StreamResult>>;

/// The writing end of a stream's future. A stream that is dropped before its end has succeeded.
pub(super) struct Ending(Option<oneshot::Sender<Outcome>>);

impl Ending {
    /// Creates both ends of a future.
    pub fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(sender)), receiver)
    }

    /// Sends the result, unless one was sent.
    fn end(&mut self, outcome: Result<(), FileError>) -> Progress {
        if let Some(sender) = self.0.take() {
            // The other end is missing if the guest does not want the result.
            let _ = sender.send(outcome.map_err(ErrorCode::from));
        }
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.end(Ok(()));
    }
}

/// Waits until a device is ready, unless the guest gives up.
fn wait(
    context: &mut Context<'_>,
    finish: bool,
    ready: impl FnOnce(&mut Context<'_>) -> Poll<()>,
) -> Progress {
    if finish {
        return Poll::Ready(Ok(StreamResult::Cancelled));
    }
    if ready(context).is_ready() {
        // It has become ready meanwhile.
        context.waker().wake_by_ref();
    }
    Poll::Pending
}

/// Reads a file from a position on.
pub(super) struct FileProducer {
    pub file: OpenFile,
    pub offset: u64,
    pub clock: WallClock,
    pub ending: Ending,
}

impl<D> StreamProducer<D> for FileProducer {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        destination: Destination<'a, u8, Self::Buffer>,
        finish: bool,
    ) -> Progress {
        let mut destination = destination.as_direct(store, READ_BYTES);
        let to = destination.remaining();
        if to.is_empty() {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.file.read_into(self.offset, to, self.clock.now()) {
            Ok(0) => self.ending.end(Ok(())),
            Ok(count) => {
                destination.mark_written(count);
                self.offset = self.offset.saturating_add(count as u64);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(FileError::WouldBlock) => {
                wait(context, finish, |context| self.file.poll_readable(context))
            }
            Err(error) => self.ending.end(Err(error)),
        }
    }
}

/// Writes into a file at a position, or at its end.
pub(super) struct FileConsumer {
    pub file: OpenFile,
    pub position: Position,
    pub clock: WallClock,
    pub ending: Ending,
    /// Of a stream of a device.
    pub _slot: Option<Slot>,
}

impl<D> StreamConsumer<D> for FileConsumer {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Progress {
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        match self.file.write(self.position, bytes, self.clock.now()) {
            // The limit of bytes that a call writes is 0.
            Ok(0) if !bytes.is_empty() => self.ending.end(Err(FileError::InsufficientSpace)),
            Ok(count) => {
                source.mark_read(count);
                self.position = self.position.after(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(FileError::WouldBlock) => {
                wait(context, finish, |context| self.file.poll_writable(context))
            }
            Err(error) => self.ending.end(Err(error)),
        }
    }
}

/// Returns the names in a directory.
pub(super) struct EntryProducer {
    pub names: EntryNames,
    pub ending: Ending,
}

/// Most names that are returned at once.
const NAMES: usize = 32;

impl<D> StreamProducer<D> for EntryProducer {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, DirectoryEntry, Self::Buffer>,
        _: bool,
    ) -> Progress {
        let most = destination.remaining(&mut store).unwrap_or(NAMES).min(NAMES);
        if most == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let names = self.names.listing().take(most);
        let entries: Vec<_> = names
            .map(|(kind, name)| DirectoryEntry { type_: kind.into(), name: name.to_string() })
            .collect();
        let is_end = entries.len() < most;
        destination.set_buffer(entries.into());
        if is_end { self.ending.end(Ok(())) } else { Poll::Ready(Ok(StreamResult::Completed)) }
    }
}
