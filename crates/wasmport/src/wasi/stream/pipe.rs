//! `pipe`: a bounded stream of bytes between two guests, or between a guest and the program.

use crate::wasi::time::wait::park;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Creates a pipe that holds up to `bytes`, at least one: a standard output for one guest, and a standard
/// input for another. If many streams write at the same moment, it holds up to 1 MiB more, or 256 bytes for each.
///
/// A guest that reads an empty pipe waits for bytes, and one that writes into a full pipe waits for room, in
/// calls that block at most until a [limit](crate::Limits::time) of its session ends the call. The pipe ends
/// for its reader when all writers are dropped: clones of the [`PipeWriter`], each
/// [`Wasi`](crate::wasi::Wasi) that has one, and their sessions. Writes fail when all readers are dropped.
///
/// The program reads and writes it too, as [`std::io::Read`] and [`std::io::Write`].
///
/// ```
/// use std::io::{Read as _, Write as _};
///
/// # fn main() -> std::io::Result<()> {
/// let (mut writer, mut reader) = wasmport::wasi::pipe(4096);
/// writer.write_all(b"hello")?;
/// drop(writer);
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn pipe(bytes: usize) -> (PipeWriter, PipeReader) {
    let pipe = Pipe(Arc::new(Mutex::new(State {
        bytes: VecDeque::new(),
        capacity: bytes.max(1),
        streams: 0,
        is_written: true,
        is_read: true,
        waiting: BTreeMap::new(),
        next_id: 0,
    })));
    (PipeWriter(Arc::new(WriteEnd(pipe.clone()))), PipeReader(Arc::new(ReadEnd(pipe))))
}

/// The end of a [`pipe`] that is written. Clones are the same end.
#[derive(Clone)]
pub struct PipeWriter(pub(super) Arc<WriteEnd>);

/// The end of a [`pipe`] that is read. Clones are the same end: each byte is read once.
#[derive(Clone)]
pub struct PipeReader(pub(super) Arc<ReadEnd>);

/// All writers of a pipe; dropped with the last of them.
pub(super) struct WriteEnd(Pipe);

/// All readers of a pipe; dropped with the last of them.
pub(super) struct ReadEnd(Pipe);

#[derive(Clone)]
pub(super) struct Pipe(Arc<Mutex<State>>);

pub(super) struct State {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Number of streams of guests that write.
    streams: usize,
    /// Whether there are writers.
    is_written: bool,
    /// Whether there are readers.
    is_read: bool,
    /// One waker for each waiting stream, by its number.
    waiting: BTreeMap<u64, Waker>,
    next_id: u64,
}

/// Those who wait for a change. They are woken when this is dropped, which is when nothing is locked: a waker may run a
/// call at once.
pub(super) struct Waiting(BTreeMap<WaitId, Waker>);

impl Drop for Waiting {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_values().for_each(Waker::wake);
    }
}

/// Most bytes that one call of a guest writes.
pub(super) const MOST_WRITTEN: usize = 64 << 10;

/// Most bytes that all streams of guests together may write without a further check, if all are there when they ask.
const MOST_PERMITTED: usize = 1 << 20;

/// Least bytes that a stream may write, however many there are: about what the stream itself takes in memory. A guest with
/// many streams does not hold others back.
const LEAST_PERMITTED: usize = 256;

/// Number of a stream that waits.
pub(super) type WaitId = u64;

impl Pipe {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a number for a stream.
    pub fn id(&self) -> WaitId {
        let mut state = self.lock();
        state.next_id += 1;
        state.next_id
    }

    /// Changes the pipe, and returns who waits for that.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> (R, Waiting) {
        let mut state = self.lock();
        let result = change(&mut state);
        (result, Waiting(std::mem::take(&mut state.waiting)))
    }

    /// Reads up to `most` bytes; none at the end.
    pub fn read(&self, most: usize) -> Option<Vec<u8>> {
        let (bytes, _) = self.change(|state| {
            let count = most.min(state.bytes.len());
            if count == 0 && most > 0 && !state.is_written {
                return None;
            }
            Some(state.bytes.drain(..count).collect())
        });
        bytes
    }

    /// Writes bytes, also more than fit: whoever writes has checked how many do, and others may have written
    /// since.
    pub fn write(&self, bytes: &[u8]) -> Waiting {
        let write = |state: &mut State| {
            if state.is_read {
                state.bytes.extend(bytes);
            }
        };
        self.change(write).1
    }

    /// Ends it for its readers.
    pub fn close(&self) -> Waiting {
        self.change(|state| state.is_written = false).1
    }

    /// Returns whether a read ends at once; otherwise wakes `context` when it does.
    pub fn poll_readable(&self, id: WaitId, context: &mut Context<'_>) -> Poll<()> {
        self.poll(id, context, |state| !state.bytes.is_empty() || !state.is_written)
    }

    /// Returns the room in the pipe, or none without a reader; otherwise wakes `context` when there is room.
    pub fn poll_writable(&self, id: WaitId, context: &mut Context<'_>) -> Poll<Option<usize>> {
        self.poll(id, context, |state| state.room() != Some(0)).map(|()| self.room())
    }

    /// Returns the room in the pipe, or none without a reader.
    pub fn room(&self) -> Option<usize> {
        self.lock().room()
    }

    fn poll(
        &self,
        id: WaitId,
        context: &mut Context<'_>,
        is_ready: impl FnOnce(&State) -> bool,
    ) -> Poll<()> {
        let mut state = self.lock();
        let is_ready = is_ready(&state);
        let former = if is_ready {
            state.waiting.remove(&id)
        } else {
            state.waiting.insert(id, context.waker().clone())
        };
        // A waker may drop a call, whose streams take the lock.
        drop(state);
        drop(former);
        if is_ready { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Counts a stream of a guest that writes, until [`Self::forget_writer`].
    pub fn add_writer(&self) -> WaitId {
        self.lock().streams += 1;
        self.id()
    }

    /// Forgets a stream that wrote and is dropped.
    pub fn forget_writer(&self, id: WaitId) {
        self.lock().streams -= 1;
        self.forget(id);
    }

    /// Returns how many bytes a stream may write at any later time, or none without a reader. Each stream of a guest may
    /// be permitted the same room, and a guest makes as many streams as it likes: the more there are, the less it is.
    pub fn permit(&self) -> Option<usize> {
        let state = self.lock();
        let most = (MOST_PERMITTED / state.streams.max(1)).clamp(LEAST_PERMITTED, MOST_WRITTEN);
        state.room().map(|room| room.min(most))
    }

    /// Forgets a stream that is dropped.
    pub fn forget(&self, id: WaitId) {
        let former = self.lock().waiting.remove(&id);
        drop(former);
    }
}

impl State {
    fn room(&self) -> Option<usize> {
        self.is_read.then(|| self.capacity.saturating_sub(self.bytes.len()))
    }
}

impl WriteEnd {
    pub fn pipe(&self) -> &Pipe {
        &self.0
    }
}

impl ReadEnd {
    pub fn pipe(&self) -> &Pipe {
        &self.0
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        drop(self.0.close());
    }
}

impl Drop for ReadEnd {
    fn drop(&mut self) {
        let give_up = |state: &mut State| {
            state.is_read = false;
            state.bytes = VecDeque::new();
        };
        drop(self.0.change(give_up));
    }
}

impl PipeWriter {
    /// Ends the pipe for its readers, although there are writers. What they write afterwards is still read.
    pub fn close(&self) {
        drop(self.0.pipe().close());
    }
}

/// For the program: waits while the pipe is empty.
impl io::Read for PipeReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        let pipe = self.0.pipe();
        let id = pipe.id();
        loop {
            park(std::future::poll_fn(|context| pipe.poll_readable(id, context)));
            match pipe.read(to.len()) {
                None => return Ok(0),
                // Another reader was faster.
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => {
                    to[..bytes.len()].copy_from_slice(&bytes);
                    return Ok(bytes.len());
                }
            }
        }
    }
}

/// For the program: waits while the pipe is full.
impl io::Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let pipe = self.0.pipe();
        let id = pipe.id();
        match park(std::future::poll_fn(|context| pipe.poll_writable(id, context))) {
            None => Err(io::ErrorKind::BrokenPipe.into()),
            // Another writer was faster; a call writes at least a byte.
            Some(room) => {
                let count = room.clamp(1, bytes.len());
                drop(pipe.write(&bytes[..count]));
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for PipeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipeWriter").field("room", &self.0.pipe().room()).finish()
    }
}

impl fmt::Debug for PipeReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.pipe().lock().bytes.len();
        f.debug_struct("PipeReader").field("bytes", &bytes).finish()
    }
}
