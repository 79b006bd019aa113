//! `Recording`: all that entered a guest.

use super::event::{Counts, Event, MOST_ITEMS, Open, State, TOO_MANY};
use super::number::{Function, NumberType, Numbers, listed};
use super::wire::{Reader, Writer};
use crate::digest::Digest;
use crate::error::RecordingError;
use crate::text::one_line;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"wasmprec";
/// The format of recordings.
const FORMAT: u64 = 1;
/// The length of the digest at the end.
const DIGEST_BYTES: usize = 32;

/// All that entered the guest of one session, in the order of time: the calls of its exports, the results of its
/// imports, and what the host wrote to its memories and globals. Clones share the bytes.
///
/// [`as_bytes`](Self::as_bytes) are what a program writes to a file; [`from_bytes`](Self::from_bytes) reads them, and
/// trusts none of them. The same bytes are read on any machine. `{}` prints a line for each event.
///
/// A recording holds what the guest got, such as the files that it read: keep it like these.
#[derive(Clone)]
pub struct Recording(Arc<Content>);

struct Content {
    bytes: Vec<u8>,
    header: Header,
    /// The index of the first event.
    events: usize,
}

/// The description of the session that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub asset: String,
    pub source: Digest,
    /// The fingerprint of the engine configuration.
    pub engine: Digest,
    pub wasmtime: String,
    pub target: String,
    /// Whether the engine counts fuel.
    pub is_metered: bool,
    pub memory_bytes: u64,
    pub table_elements: u64,
    /// The imports, by the names of their definitions in the linker.
    pub imports: Vec<Function>,
    /// The exported memories.
    pub memories: Vec<String>,
    /// The exported globals that the host can set.
    pub globals: Vec<String>,
    pub global_types: Vec<NumberType>,
}

impl Header {
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.raw(MAGIC);
        to.number(FORMAT);
        to.bytes(self.asset.as_bytes());
        to.raw(self.source.as_bytes());
        to.raw(self.engine.as_bytes());
        to.bytes(self.wasmtime.as_bytes());
        to.bytes(self.target.as_bytes());
        to.byte(self.is_metered.into());
        to.number(self.memory_bytes);
        to.number(self.table_elements);
        to.number(self.imports.len() as u64);
        self.imports.iter().for_each(|import| import.write(to));
        to.number(self.memories.len() as u64);
        self.memories.iter().for_each(|name| to.bytes(name.as_bytes()));
        to.number(self.globals.len() as u64);
        for (name, ty) in self.globals.iter().zip(&self.global_types) {
            to.bytes(name.as_bytes());
            to.byte(*ty as u8);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        if reader.array::<8>().ok().as_ref() != Some(MAGIC) {
            return Err(RecordingError::NotARecording);
        }
        let found = reader.number()?;
        if found != FORMAT {
            return Err(RecordingError::Format { found, expected: FORMAT });
        }
        let asset = reader.text()?.into();
        let source = Digest::from_bytes(reader.array()?);
        let engine = Digest::from_bytes(reader.array()?);
        let (wasmtime, target) = (reader.text()?.into(), reader.text()?.into());
        let is_metered = reader.byte()? != 0;
        let (memory_bytes, table_elements) = (reader.number()?, reader.number()?);
        let count = reader.count(MOST_ITEMS, TOO_MANY)?;
        let imports = (0..count).map(|_| Function::read(reader)).collect::<Result<_, _>>()?;
        let count = reader.count(MOST_ITEMS, TOO_MANY)?;
        let memories: Vec<String> =
            (0..count).map(|_| reader.text().map(Into::into)).collect::<Result<_, _>>()?;
        // A replay reads all of each.
        if memories.iter().collect::<HashSet<_>>().len() != memories.len() {
            return Err(reader.invalid("a memory is named twice"));
        }
        let (mut globals, mut global_types) = (Vec::new(), Vec::new());
        for _ in 0..reader.count(MOST_ITEMS, TOO_MANY)? {
            globals.push(reader.text()?.into());
            global_types.push(NumberType::read(reader)?);
        }
        Ok(Self {
            asset,
            source,
            engine,
            wasmtime,
            target,
            is_metered,
            memory_bytes,
            table_elements,
            imports,
            memories,
            globals,
            global_types,
        })
    }

    pub(super) fn counts(&self) -> Counts<'_> {
        let memories = self.memories.len();
        Counts { imports: &self.imports, memories, globals: &self.global_types }
    }
}

impl Recording {
    /// Completes the bytes of a log, and reads them.
    pub(super) fn finish(mut bytes: Vec<u8>) -> Result<Self, RecordingError> {
        let digest = Digest::of_large(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        Self::read(bytes)
    }

    /// Reads a recording: checks its digest and all of its events.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are no recording, of another format, truncated or changed.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, RecordingError> {
        let bytes = bytes.into();
        if !bytes.starts_with(MAGIC) {
            return Err(RecordingError::NotARecording);
        }
        let end = bytes.len().checked_sub(DIGEST_BYTES).ok_or(RecordingError::Truncated)?;
        let (content, digest) = bytes.split_at(end);
        // The format first: another one may have another digest.
        let mut reader = Reader::new(content, MAGIC.len());
        let found = reader.number()?;
        if found != FORMAT {
            return Err(RecordingError::Format { found, expected: FORMAT });
        }
        if Digest::of_large(content).as_bytes() != digest {
            return Err(RecordingError::Digest);
        }
        Self::read(bytes)
    }

    fn read(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        let end = bytes.len().saturating_sub(DIGEST_BYTES);
        let mut reader = Reader::new(bytes.get(..end).unwrap_or_default(), 0);
        let header = Header::read(&mut reader)?;
        let events = reader.at;
        let mut state = State::default();
        while state.next(&mut reader, &header.counts())?.is_some() {}
        Ok(Self(Arc::new(Content { bytes, header, events })))
    }

    /// Returns the bytes, for a file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Returns the name of the asset.
    #[must_use]
    pub fn asset(&self) -> &str {
        &self.0.header.asset
    }

    /// Returns the digest of the asset's source.
    #[must_use]
    pub fn source_digest(&self) -> Digest {
        self.0.header.source
    }

    /// Returns the [fingerprint](crate::EngineConfig::fingerprint) of the engine configuration.
    #[must_use]
    pub fn engine_fingerprint(&self) -> Digest {
        self.0.header.engine
    }

    /// Returns the target of the artifact that ran.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0.header.target
    }

    /// Reads the bytes of a log that tests have changed.
    #[cfg(test)]
    #[cfg(feature = "compile")]
    pub(crate) fn finished(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        Self::finish(bytes)
    }

    /// Returns the recording with another result of its import that returned as the number `index`.
    #[cfg(test)]
    #[cfg(feature = "compile")]
    pub(crate) fn with_return(&self, index: usize, value: super::Number) -> Self {
        let mut events = self.events();
        let (mut returned, mut bytes) = (0, self.as_bytes().to_vec());
        bytes.truncate(bytes.len() - DIGEST_BYTES);
        loop {
            let (open, start) = (events.open(), events.at);
            let event = events.next().unwrap();
            if !matches!((open, event), (Some(Open::Import(_)), Event::Return(_))) {
                continue;
            }
            if returned == index {
                let mut changed = vec![super::event::tag::RETURN];
                value.write(&mut Writer::new(&mut changed));
                bytes.splice(start..events.at, changed);
                return Self::finish(bytes).unwrap();
            }
            returned += 1;
        }
    }

    pub(crate) fn header(&self) -> &Header {
        &self.0.header
    }

    /// Returns its bytes in a range of an event.
    pub(crate) fn part(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.0.bytes.get(range).unwrap_or_default()
    }

    pub(crate) fn events(&self) -> Events {
        let at = self.0.events;
        Events { recording: self.clone(), at, number: 0, state: State::default() }
    }
}

/// The events of a recording, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    recording: Recording,
    at: usize,
    /// The number of events read.
    pub number: u64,
    state: State,
}

impl Events {
    /// Reads the next event; none at the end.
    pub fn next(&mut self) -> Option<Event> {
        let content = &*self.recording.0;
        let end = content.bytes.len().saturating_sub(DIGEST_BYTES);
        let mut reader = Reader::new(content.bytes.get(..end)?, self.at);
        // All were read when the recording was opened.
        let event = self.state.next(&mut reader, &content.header.counts()).ok().flatten();
        self.at = reader.at;
        self.number += u64::from(event.is_some());
        event
    }

    /// Returns the last call that is open.
    pub fn open(&self) -> Option<Open> {
        self.state.open.last().copied()
    }

    /// Returns the number of calls that are open.
    pub fn depth(&self) -> usize {
        self.state.open.len()
    }

    /// Returns an export that was described.
    pub fn export(&self, export: usize) -> Option<&Function> {
        self.state.exports.get(export)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("asset", &self.asset())
            .field("bytes", &self.as_bytes().len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.header();
        let (asset, target) = (one_line(&header.asset), one_line(&header.target));
        writeln!(f, "asset `{asset}`, source {}, on {target}", header.source)?;
        let mut events = self.events();
        loop {
            let depth = events.depth();
            let Some(event) = events.next() else { return Ok(()) };
            let depth = depth.min(events.depth());
            write!(f, "{:>5} {:indent$}", events.number, "", indent = 2 * depth.min(20))?;
            writeln!(f, "{}", Described { event: &event, events: &events, header })?;
        }
    }
}

/// An event with the names of its items.
pub(crate) struct Described<'a> {
    pub event: &'a Event,
    pub events: &'a Events,
    pub header: &'a Header,
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = |index: &usize| self.header.memories.get(*index).map_or("", String::as_str);
        match self.event {
            Event::Start => f.write_str("start"),
            Event::Import { import, params, inputs } => {
                let function = self.header.imports.get(*import).map(ToString::to_string);
                write!(f, "import {}({})", function.unwrap_or_default(), Numbers(params))?;
                inputs.iter().try_for_each(|input| write!(f, " {input}"))
            }
            Event::Export { export, params } => {
                let function = self.events.export(*export).map(ToString::to_string);
                write!(f, "export {}({})", function.unwrap_or_default(), Numbers(params))
            }
            Event::Return(results) => write!(f, "return ({})", Numbers(results)),
            Event::Fail(failure) => write!(f, "fail with {failure}"),
            Event::Write { memory: index, address, bytes } => {
                write!(f, "write {} bytes at {address} of {}", bytes.len(), listed(memory(index)))
            }
            Event::Grow { memory: index, pages } => {
                write!(f, "grow {} by {pages} pages", listed(memory(index)))
            }
            Event::Global { global, value } => {
                let name = self.header.globals.get(*global).map_or("", String::as_str);
                write!(f, "set {} to {value}", listed(name))
            }
            Event::Fuel(fuel) => write!(f, "set the fuel to {fuel}"),
            Event::Memory { memory: index, digest } => {
                write!(f, "{} has the digest {digest}", listed(memory(index)))
            }
        }
    }
}
