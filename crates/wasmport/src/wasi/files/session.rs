//! The session of devices: its randomness, its standard streams and its terminal.

use crate::vfs::{DeviceKind, DeviceSession, FileError, OpenDevice, StandardStream};
use crate::wasi::random::Randomness;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, Pollable, StreamError};

/// Sources and streams that the devices of a session use. Clones are the same.
#[derive(Clone)]
pub(in crate::wasi) struct SessionDevices {
    pub random: Randomness,
    pub stdin: Option<Arc<dyn StdinStream + Sync>>,
    pub stdout: Option<Arc<dyn StdoutStream + Sync>>,
    pub stderr: Option<Arc<dyn StdoutStream + Sync>>,
    pub terminal: Option<crate::wasi::Terminal>,
}

impl DeviceSession for SessionDevices {
    fn random(&self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }

    fn shared(&self) -> Arc<dyn DeviceSession> {
        Arc::new(self.clone())
    }

    fn open_stream(&self, stream: StandardStream) -> Result<Box<dyn OpenDevice>, FileError> {
        let device = match stream {
            StandardStream::Input => StreamDevice::input(self.stdin.as_deref()),
            StandardStream::Output => StreamDevice::output(self.stdout.as_deref()),
            StandardStream::Error => StreamDevice::output(self.stderr.as_deref()),
            StandardStream::Terminal => {
                let terminal = self.terminal.as_ref().ok_or(FileError::NoDevice)?;
                StreamDevice {
                    output: Side::of(Some(StdoutStream::p2_stream(terminal))),
                    ..StreamDevice::input(Some(terminal))
                }
            }
        };
        Ok(Box::new(device))
    }
}

/// Standard streams as a device. Without a stream it is empty, and discards what is written.
struct StreamDevice {
    input: Side<DynInputStream>,
    output: Side<DynOutputStream>,
    kind: DeviceKind,
}

fn kind(is_terminal: Option<bool>) -> DeviceKind {
    match is_terminal {
        Some(true) => DeviceKind::Terminal,
        Some(false) | None => DeviceKind::Stream,
    }
}

impl StreamDevice {
    fn input(stream: Option<&(impl StdinStream + ?Sized)>) -> Self {
        Self {
            input: Side::of(stream.map(StdinStream::p2_stream)),
            output: Side::None,
            kind: kind(stream.map(wasmtime_wasi::cli::IsTerminal::is_terminal)),
        }
    }

    fn output(stream: Option<&(impl StdoutStream + ?Sized)>) -> Self {
        Self {
            input: Side::None,
            output: Side::of(stream.map(StdoutStream::p2_stream)),
            kind: kind(stream.map(wasmtime_wasi::cli::IsTerminal::is_terminal)),
        }
    }
}

impl OpenDevice for StreamDevice {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
        let Some(stream) = self.input.get()? else { return Ok(0) };
        match stream.read(to.len()) {
            Ok(bytes) if bytes.is_empty() && !to.is_empty() => Err(FileError::WouldBlock),
            Ok(bytes) => {
                let count = bytes.len().min(to.len());
                to[..count].copy_from_slice(&bytes[..count]);
                Ok(count)
            }
            Err(StreamError::Closed) => Ok(0),
            Err(_) => Err(FileError::Io),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        let Some(stream) = self.output.get()? else { return Ok(bytes.len()) };
        let room = stream.check_write().map_err(|_| FileError::Io)?;
        let count = room.min(bytes.len());
        if count == 0 && !bytes.is_empty() {
            return Err(FileError::WouldBlock);
        }
        let written = stream.write(Bytes::copy_from_slice(&bytes[..count]));
        written.and_then(|()| stream.flush()).map_err(|_| FileError::Io)?;
        Ok(count)
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.input.poll_ready(context)
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.output.poll_ready(context)
    }

    fn kind(&self) -> DeviceKind {
        self.kind
    }
}

/// A stream in one direction. A wait continues over several polls: some streams forget who waits when their
/// future is dropped.
enum Side<S> {
    None,
    Idle(S),
    /// With the waker of the last poll, which a look at the stream must not replace.
    Waiting(Pin<Box<dyn Future<Output = S> + Send>>, Waker),
}

impl<S: Pollable> Side<S> {
    fn of(stream: Option<S>) -> Self {
        stream.map_or(Self::None, Self::Idle)
    }

    /// Returns the stream, unless a wait for it has not ended.
    fn get(&mut self) -> Result<Option<&mut S>, FileError> {
        if let Self::Waiting(_, waker) = self {
            let waker = waker.clone();
            if self.poll_ready(&mut Context::from_waker(&waker)).is_pending() {
                return Err(FileError::WouldBlock);
            }
        }
        Ok(match self {
            Self::Idle(stream) => Some(stream),
            Self::None | Self::Waiting(..) => None,
        })
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut wait = match std::mem::replace(self, Self::None) {
            Self::None => return Poll::Ready(()),
            Self::Waiting(wait, _) => wait,
            Self::Idle(mut stream) => Box::pin(async move {
                stream.ready().await;
                stream
            }),
        };
        match wait.as_mut().poll(context) {
            Poll::Ready(stream) => {
                *self = Self::Idle(stream);
                Poll::Ready(())
            }
            Poll::Pending => {
                *self = Self::Waiting(wait, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::pipe;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            let _ = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_look_at_a_stream_forgets_nobody_who_waits_for_it() {
        let (mut writer, reader) = pipe(10);
        let mut device = StreamDevice::input(Some(&reader));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(device.poll_readable(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(device.read(&mut [0; 4]), Err(FileError::WouldBlock));
        writer.write_all(b"hello").unwrap();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(device.read(&mut [0; 4]), Ok(4));
    }
}
