//! `Event`: something that entered the guest, or that the guest did at its border.

use super::number::{Function, Number, NumberType};
use super::preview1::MOST_INPUTS;
use super::wire::{Reader, Writer};
use crate::digest::Digest;
use crate::error::RecordingError;
use crate::exit::Exit;
use std::fmt;
use std::ops::Range;
use wasmtime::Trap;

/// The first byte of each event.
pub(super) mod tag {
    pub const START: u8 = 1;
    pub const IMPORT: u8 = 2;
    pub const EXPORT: u8 = 3;
    pub const RETURN: u8 = 4;
    pub const FAIL: u8 = 5;
    pub const WRITE: u8 = 6;
    pub const GROW: u8 = 7;
    pub const GLOBAL: u8 = 8;
    pub const FUEL: u8 = 9;
    pub const MEMORY: u8 = 10;
    /// The description of an export, before its first call.
    pub const NAME: u8 = 11;
}

/// The deepest nesting of calls.
const MOST_OPEN: usize = 10_000;

/// The most imports or exports of a module: [those of the web](https://webassembly.github.io/spec/js-api/#limits).
pub(super) const MOST_ITEMS: u64 = 1_000_000;
pub(super) const TOO_MANY: &str = "it has more imports or exports than a module can have";

/// The longest bytes of a call that a recording holds; of others it has a digest.
const MOST_INLINE: usize = 32;
const DIGEST_BYTES: usize = 16;

/// The bytes that a call passed in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    pub len: u64,
    /// The bytes, or the start of their digest.
    pub content: Vec<u8>,
}

impl Input {
    pub fn of(bytes: &[u8]) -> Self {
        let mut content = Vec::new();
        write_content(&mut Writer::new(&mut content), bytes);
        Self { len: bytes.len() as u64, content }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        let len = reader.number()?;
        let is_inline = usize::try_from(len).is_ok_and(|len| len <= MOST_INLINE);
        let stored = if is_inline { len as usize } else { DIGEST_BYTES };
        let content = (0..stored).map(|_| reader.byte()).collect::<Result<_, _>>()?;
        Ok(Self { len, content })
    }
}

fn write_content(to: &mut Writer<'_>, bytes: &[u8]) {
    if bytes.len() <= MOST_INLINE {
        to.raw(bytes);
    } else {
        to.raw(&Digest::of(bytes).as_bytes()[..DIGEST_BYTES]);
    }
}

/// Appends the bytes that a call passes in memory.
pub(super) fn write_input(to: &mut Writer<'_>, bytes: &[u8]) {
    to.number(bytes.len() as u64);
    write_content(to, bytes);
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.content.len() as u64 == self.len {
            return write!(f, "\"{}\"", self.content.escape_ascii());
        }
        write!(f, "{} bytes ", self.len)?;
        self.content.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Most characters of the text of an error.
const MOST_TEXT: usize = 1024;

/// The way in which a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Trap(Trap),
    /// The guest exited.
    Exit(i32),
    /// A host function failed, with this text.
    Host(String),
    /// A deadline or the program ended the call, at a place that is not recorded.
    Interrupted,
}

impl Failure {
    /// Returns the way in which a call failed.
    pub fn of(error: &wasmtime::Error) -> Self {
        if let Some(exit) = error.downcast_ref::<Exit>() {
            return Self::Exit(exit.code());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Interrupted,
            Some(trap) => Self::Trap(*trap),
            None if crate::limits::is_ended(error) => Self::Interrupted,
            None => Self::Host(error.root_cause().to_string().chars().take(MOST_TEXT).collect()),
        }
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        match self {
            Self::Trap(trap) => {
                to.byte(0);
                to.byte(*trap as u8);
            }
            Self::Exit(code) => {
                to.byte(1);
                to.signed((*code).into());
            }
            Self::Host(text) => {
                to.byte(2);
                to.bytes(text.as_bytes());
            }
            Self::Interrupted => to.byte(3),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        Ok(match reader.byte()? {
            0 => {
                let trap = Trap::from_u8(reader.byte()?);
                Self::Trap(trap.ok_or_else(|| reader.invalid("it has a trap that is unknown"))?)
            }
            1 => {
                let code = i32::try_from(reader.signed()?);
                Self::Exit(code.map_err(|_| reader.invalid("an exit code has more than 32 bits"))?)
            }
            2 => Self::Host(reader.text()?.into()),
            3 => Self::Interrupted,
            _ => return Err(reader.invalid("it has a failure that is unknown")),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => write!(f, "{trap}"),
            Self::Exit(code) => write!(f, "exit with code {code}"),
            Self::Host(text) => write!(f, "an error: {}", crate::text::one_line(text)),
            Self::Interrupted => f.write_str("an interruption"),
        }
    }
}

/// Something that entered the guest, or that the guest did at its border. Indices are those of the recording's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The guest is instantiated and initialized.
    Start,
    /// The guest calls an import.
    Import { import: usize, params: Vec<Number>, inputs: Vec<Input> },
    /// The host calls an export.
    Export { export: usize, params: Vec<Number> },
    /// The last call that is open returns.
    Return(Vec<Number>),
    /// The last call that is open fails.
    Fail(Failure),
    /// The host wrote these bytes of the recording to a memory.
    Write { memory: usize, address: u64, bytes: Range<usize> },
    /// The host grew a memory.
    Grow { memory: usize, pages: u64 },
    /// The host set a global.
    Global { global: usize, value: Number },
    /// The host set the fuel.
    Fuel(u64),
    /// The digest of a memory.
    Memory { memory: usize, digest: Digest },
}

/// A call that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Start,
    Import(usize),
    Export(usize),
}

/// Number of the items that events have indices of.
pub(super) struct Counts<'a> {
    pub imports: &'a [Function],
    pub memories: usize,
    pub globals: &'a [NumberType],
}

/// The state of a reader of events.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub exports: Vec<Function>,
    pub open: Vec<Open>,
    /// The memory of the last digest: digests are at the end, one for each memory.
    digest: Option<usize>,
}

impl State {
    /// Reads the next event; none at the end.
    pub fn next(
        &mut self,
        reader: &mut Reader<'_>,
        counts: &Counts<'_>,
    ) -> Result<Option<Event>, RecordingError> {
        while !reader.is_at_end() {
            if let Some(event) = self.read(reader, counts)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn read(
        &mut self,
        reader: &mut Reader<'_>,
        counts: &Counts<'_>,
    ) -> Result<Option<Event>, RecordingError> {
        let tag = reader.byte()?;
        if self.digest.is_some() && tag != tag::MEMORY {
            return Err(reader.invalid("something follows the digests of memories"));
        }
        Ok(Some(match tag {
            tag::START => {
                self.begin(Open::Start, reader)?;
                Event::Start
            }
            tag::IMPORT => {
                let import = reader.index(counts.imports.len(), "it has no such import")?;
                self.begin(Open::Import(import), reader)?;
                let function = counts.imports.get(import);
                let types = function.map(|function| function.params.as_slice()).unwrap_or_default();
                let params = Number::read_all(types, reader)?;
                let inputs = if function.is_some_and(super::preview1::is_in) {
                    let count = reader.count(MOST_INPUTS, "an import reads too much")?;
                    (0..count).map(|_| Input::read(reader)).collect::<Result<_, _>>()?
                } else {
                    Vec::new()
                };
                Event::Import { import, params, inputs }
            }
            tag::EXPORT => {
                let export = reader.index(self.exports.len(), "it has no such export")?;
                self.begin(Open::Export(export), reader)?;
                let function = self.exports.get(export);
                let types = function.map(|function| function.params.as_slice()).unwrap_or_default();
                Event::Export { export, params: Number::read_all(types, reader)? }
            }
            tag::RETURN => {
                let function = match self.end(reader)? {
                    Open::Start => None,
                    Open::Import(import) => counts.imports.get(import),
                    Open::Export(export) => self.exports.get(export),
                };
                let types =
                    function.map(|function| function.results.as_slice()).unwrap_or_default();
                Event::Return(Number::read_all(types, reader)?)
            }
            tag::FAIL => {
                let _ = self.end(reader)?;
                Event::Fail(Failure::read(reader)?)
            }
            tag::WRITE => {
                let memory = reader.index(counts.memories, "it has no such memory")?;
                Event::Write { memory, address: reader.number()?, bytes: reader.range()? }
            }
            tag::GROW => {
                let memory = reader.index(counts.memories, "it has no such memory")?;
                Event::Grow { memory, pages: reader.number()? }
            }
            tag::GLOBAL => {
                let global = reader.index(counts.globals.len(), "it has no such global")?;
                let ty = counts.globals.get(global).copied().unwrap_or(NumberType::I32);
                Event::Global { global, value: Number::read(ty, reader)? }
            }
            tag::FUEL => Event::Fuel(reader.number()?),
            tag::MEMORY => {
                let memory = reader.index(counts.memories, "it has no such memory")?;
                // A replay reads all of the memory, for which no limit counts.
                if !self.open.is_empty() || self.digest.is_some_and(|last| memory <= last) {
                    return Err(reader.invalid("a digest of a memory is not at the end"));
                }
                self.digest = Some(memory);
                Event::Memory { memory, digest: Digest::from_bytes(reader.array()?) }
            }
            tag::NAME => {
                if self.exports.len() as u64 >= MOST_ITEMS {
                    return Err(reader.invalid(TOO_MANY));
                }
                self.exports.push(Function::read(reader)?);
                return Ok(None);
            }
            _ => return Err(reader.invalid("it has an event that is unknown")),
        }))
    }

    /// Opens a call. Guest and host take turns.
    fn begin(&mut self, open: Open, reader: &Reader<'_>) -> Result<(), RecordingError> {
        let is_turn = matches!(
            (self.open.last(), open),
            (Some(Open::Start | Open::Export(_)), Open::Import(_))
                | (Some(Open::Import(_)), Open::Export(_))
                | (None, Open::Start | Open::Export(_))
        );
        if !is_turn || self.open.len() >= MOST_OPEN {
            return Err(reader.invalid("a call is nested where none can be"));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self, reader: &Reader<'_>) -> Result<Open, RecordingError> {
        self.open.pop().ok_or_else(|| reader.invalid("a call ends that has not begun"))
    }
}
