//! `Terminal`: a virtual terminal, with line editing, a size and a raw mode.

use super::pipe::{PipeReader, PipeWriter, pipe};
use super::pipe_streams::ReadStream;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamResult};

/// Most bytes of input that wait for the guest, and the longest line.
const MOST_INPUT: usize = 64 << 10;

/// Bytes that a guest may write at once.
const WRITE_BUDGET: usize = 64 << 10;

/// Control characters of line editing.
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const KILL_LINE: u8 = 0x15;
const END_OF_INPUT: u8 = 0x04;

/// A virtual terminal: the guest's end is its standard streams and `/dev/tty`, the program's end is a keyboard
/// and a screen. Clones are the same terminal.
///
/// It edits lines like the terminal of a Unix system: the guest reads whole lines, what is typed is echoed on
/// the screen, backspace and Control-U delete, Control-D on an empty line ends the input for good, Return is a
/// line feed, and a line feed of the guest is a carriage return and a line feed on the screen. In raw mode all
/// bytes pass as they are, in both directions. There are no signals: Control-C is an ordinary character.
///
/// WASI has no function for the size or mode of a terminal. A guest finds the size in the variables `COLUMNS`
/// and `LINES`, as it is when its session starts; the mode is the program's choice alone.
///
/// ```
/// use wasmport::wasi::{Capture, Terminal, TerminalSize, Wasi};
///
/// let screen = Capture::new();
/// let terminal = Terminal::new(TerminalSize { columns: 80, lines: 24 }, {
///     let screen = screen.clone();
///     move |bytes| screen.push(bytes)
/// });
/// let wasi = Wasi::new().terminal(&terminal);
/// terminal.input(b"helko\x7f\x7flo\r");
/// assert_eq!(screen.text(), "helko\u{8} \u{8}\u{8} \u{8}lo\r\n");
/// # let _ = wasi;
/// ```
#[derive(Clone)]
pub struct Terminal(Arc<Shared>);

/// The size of a [`Terminal`] in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TerminalSize {
    /// Characters in a line.
    pub columns: u16,
    /// Number of lines.
    pub lines: u16,
}

/// Shows bytes that the guest writes.
type Screen = dyn FnMut(&[u8]) + Send;

struct Shared {
    state: Mutex<State>,
    keys: PipeWriter,
    input: PipeReader,
}

struct State {
    size: TerminalSize,
    is_raw: bool,
    /// Whether the input has ended.
    has_ended: bool,
    /// The line that is edited.
    line: Vec<u8>,
    screen: Box<Screen>,
}

impl Terminal {
    /// Creates a terminal that calls `screen` with all bytes that it displays. The function must not use the same
    /// terminal.
    #[must_use]
    pub fn new(size: TerminalSize, screen: impl FnMut(&[u8]) + Send + 'static) -> Self {
        let (keys, input) = pipe(MOST_INPUT);
        let (line, screen) = (Vec::new(), Box::new(screen));
        let state = State { size, is_raw: false, has_ended: false, line, screen };
        Self(Arc::new(Shared { state: Mutex::new(state), keys, input }))
    }

    /// Types bytes on the keyboard. Returns how many were accepted: those behind them find more than 64 KiB that
    /// the guest has not read, or the end of the input, and are lost.
    pub fn input(&self, bytes: &[u8]) -> usize {
        // Woken behind the lock, which is released first.
        let mut woken = Vec::new();
        let mut state = self.lock();
        let keys = self.0.keys.0.pipe();
        for (index, byte) in bytes.iter().enumerate() {
            if state.has_ended || keys.room().unwrap_or(0) <= state.line.len() {
                return index;
            }
            match state.type_byte(*byte) {
                Typed::Edited => {}
                Typed::Input(bytes) => woken.push(keys.write(&bytes)),
                Typed::End => {
                    state.has_ended = true;
                    woken.push(keys.close());
                }
            }
        }
        bytes.len()
    }

    /// Ends the input: the guest reads the lines that were typed, and then the end.
    pub fn hang_up(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        state.line.clear();
        let woken = self.0.keys.0.pipe().close();
        drop(state);
        drop(woken);
    }

    /// Returns the size.
    #[must_use]
    pub fn size(&self) -> TerminalSize {
        self.lock().size
    }

    /// Changes the size, for sessions that start later.
    pub fn set_size(&self, size: TerminalSize) {
        self.lock().size = size;
    }

    /// Returns whether it is in raw mode.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        self.lock().is_raw
    }

    /// Enters or leaves raw mode. A line that is being edited becomes input as it is.
    pub fn set_raw(&self, is_raw: bool) {
        let mut state = self.lock();
        state.is_raw = is_raw;
        let line = std::mem::take(&mut state.line);
        let woken = self.0.keys.0.pipe().write(&line);
        drop(state);
        drop(woken);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Effect of a typed byte.
enum Typed {
    /// The line changed, or nothing did.
    Edited,
    /// The guest can read these bytes.
    Input(Vec<u8>),
    /// The input ends.
    End,
}

impl State {
    fn type_byte(&mut self, byte: u8) -> Typed {
        if self.is_raw {
            return Typed::Input(vec![byte]);
        }
        match byte {
            BACKSPACE | DELETE => self.erase(),
            KILL_LINE => {
                while !self.line.is_empty() {
                    self.erase();
                }
            }
            END_OF_INPUT if self.line.is_empty() => return Typed::End,
            END_OF_INPUT => return Typed::Input(std::mem::take(&mut self.line)),
            b'\r' | b'\n' => {
                (self.screen)(b"\r\n");
                self.line.push(b'\n');
                return Typed::Input(std::mem::take(&mut self.line));
            }
            _ => {
                self.line.push(byte);
                self.echo(byte);
            }
        }
        Typed::Edited
    }

    /// Displays a typed byte; a control character as `^` and a letter.
    fn echo(&mut self, byte: u8) {
        if byte.is_ascii_control() && byte != b'\t' {
            (self.screen)(&[b'^', byte ^ 0x40]);
        } else {
            (self.screen)(&[byte]);
        }
    }

    /// Removes the last character of the line, which may have several bytes.
    fn erase(&mut self) {
        let mut last = None;
        while let Some(byte) = self.line.pop() {
            last = Some(byte);
            let is_continuation = byte & 0xc0 == 0x80;
            if !is_continuation {
                break;
            }
        }
        let width = match last {
            None => 0,
            Some(byte) if byte.is_ascii_control() && byte != b'\t' => 2,
            Some(_) => 1,
        };
        for _ in 0..width {
            (self.screen)(b"\x08 \x08");
        }
    }

    fn display(&mut self, bytes: &[u8]) {
        if self.is_raw {
            return (self.screen)(bytes);
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    if !text.is_empty() {
                        (self.screen)(text);
                    }
                    (self.screen)(b"\r\n");
                }
                None => (self.screen)(line),
            }
        }
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Terminal")
            .field("size", &state.size)
            .field("is_raw", &state.is_raw)
            .finish_non_exhaustive()
    }
}

impl IsTerminal for Terminal {
    fn is_terminal(&self) -> bool {
        true
    }
}

impl StdinStream for Terminal {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(ReadStream::new(&self.0.input))
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(ReadStream::new(&self.0.input))
    }
}

impl StdoutStream for Terminal {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Display(self.clone()))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Display(self.clone()))
    }
}

/// A stream that a guest writes.
struct Display(Terminal);

#[wasmtime_wasi::async_trait]
impl Pollable for Display {
    async fn ready(&mut self) {}
}

impl OutputStream for Display {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().display(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

impl AsyncWrite for Display {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().display(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
