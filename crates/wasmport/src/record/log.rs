//! `Log`: the recording of a session that runs.

use super::event::{Failure, Open, tag, write_input};
use super::logged::Logged;
use super::number::{Function, Number};
use super::preview1::{Args, Range, Shape};
use super::recorder::{AtLimit, Recorder};
use super::recording::{Header, Recording};
use super::wire::Writer;
use super::writes::{Copy, Write, part};
use crate::digest::Digest;
use crate::error::RecordError;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::{AsContext, Func, Global, Memory};

/// Number of imports whose indices are found without comparing names.
const CACHED: usize = 64;

/// Address and length of the name of an import, and of that of its module.
type Key = (usize, usize, usize, usize);

/// The recording of a session that runs.
pub(crate) struct Log {
    recorder: Recorder,
    pub(crate) header: Header,
    bytes: Vec<u8>,
    exports: Vec<Function>,
    /// The indices of exports by name.
    export_names: HashMap<String, u32>,
    /// The last export that was called.
    last_export: u32,
    /// Functions that record the calls of exports, by the addresses of these: a function may have several names.
    pub(super) recorded_funcs: HashMap<usize, Vec<(String, Func)>>,
    /// The indices of imports, by the addresses and lengths of their static names.
    imports: Box<[(Key, u32); CACHED]>,
    open: Vec<Open>,
    /// The length of the bytes when the start began.
    start: usize,
    /// The exported memories, as soon as they are known.
    pub(super) memories: Vec<Memory>,
    pub(super) globals: Vec<Global>,
    /// The values of the globals when the guest ran last.
    pub(super) global_values: Vec<Number>,
    /// Ranges that the host wrote, whose bytes are not read yet.
    pub(super) writes: Vec<Write>,
    /// Copies of memories whose bytes the host may change anywhere.
    pub(super) copies: Vec<Copy>,
    /// The arguments of the import of preview 1 that is called, and the buffers that they name.
    args: Args,
    buffers: Vec<Range>,
    /// The reason why nothing more is recorded.
    ended: Option<RecordError>,
    /// Whether the system refused to let a memory grow.
    pub(crate) growth_has_failed: Arc<AtomicBool>,
}

/// An import that is called, as the number of calls that are open.
#[derive(Clone, Copy)]
pub(crate) struct Call(usize);

impl Log {
    pub fn new(recorder: &Recorder, header: Header) -> Self {
        let mut bytes = Vec::with_capacity(recorder.room());
        header.write(&mut Writer::new(&mut bytes));
        Self {
            recorder: recorder.clone(),
            header,
            bytes,
            exports: Vec::new(),
            export_names: HashMap::new(),
            last_export: 0,
            recorded_funcs: HashMap::new(),
            imports: Box::new([((0, 0, 0, 0), 0); CACHED]),
            open: Vec::new(),
            start: 0,
            memories: Vec::new(),
            globals: Vec::new(),
            global_values: Vec::new(),
            writes: Vec::new(),
            copies: Vec::new(),
            args: Args::default(),
            buffers: Vec::new(),
            ended: None,
            growth_has_failed: Arc::default(),
        }
    }

    /// Returns whether it records.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.ended.is_none()
    }

    /// Ends the recording, which stays as it is.
    #[cold]
    pub fn end_with(&mut self, reason: RecordError) {
        self.ended.get_or_insert(reason);
    }

    /// Returns the reason why calls fail, because the recording is full.
    pub fn refusal(&self) -> Option<RecordError> {
        let is_full = matches!(self.ended, Some(RecordError::Full { .. }));
        self.ended
            .clone()
            .filter(|_| is_full && self.recorder.options().at_limit == AtLimit::FailCalls)
    }

    /// Returns whether it has room for so many bytes; else ends it.
    #[inline]
    fn has_room(&mut self, bytes: usize) -> bool {
        let limit = self.recorder.options().max_bytes;
        if self.bytes.len().saturating_add(bytes) > limit {
            self.end_with(RecordError::Full { limit });
        }
        self.is_on()
    }

    /// Begins to append an event.
    #[inline]
    fn event(&mut self, tag: u8) -> Writer<'_> {
        let mut event = Writer::new(&mut self.bytes);
        event.byte(tag);
        event
    }

    /// Returns whether errors of calls have the recording.
    pub fn is_in_errors(&self) -> bool {
        self.recorder.is_in_errors()
    }

    /// Returns whether it compares memories.
    pub(super) fn compares(&self) -> bool {
        self.recorder.options().compares_memory
    }

    pub(super) fn memory_names(&self) -> &[String] {
        &self.header.memories
    }

    pub(super) fn global_names(&self) -> &[String] {
        &self.header.globals
    }

    pub(super) fn begin_start(&mut self) {
        drop(self.event(tag::START));
        self.start = self.bytes.len();
        self.open.push(Open::Start);
    }

    /// Ends the start.
    pub(super) fn end_start(&mut self, result: &wasmtime::Result<()>) {
        let is_refused = |error| matches!(Failure::of(error), Failure::Host(_));
        // Such as by a limit or because an import has another type: there is nothing to replay.
        if self.bytes.len() == self.start && result.as_ref().is_err_and(is_refused) {
            self.end_with(RecordError::NotStarted);
        }
        self.end(result);
    }

    /// Begins a call of an import. Returns none if it is not recorded.
    pub(super) fn begin_import(
        &mut self,
        (module, name): (&'static str, &'static str),
        is_preview_1: bool,
        params: &impl Logged,
    ) -> Option<Call> {
        if !self.has_room(64) {
            return None;
        }
        if !matches!(self.open.last(), Some(Open::Start | Open::Export(_))) {
            self.end_with(RecordError::Unrecorded);
            return None;
        }
        let Some(import) = self.import(module, name) else {
            self.end_with(RecordError::ImportedFunction {
                module: module.into(),
                name: name.into(),
            });
            return None;
        };
        let mut event = self.event(tag::IMPORT);
        event.number(import.into());
        params.each(&mut |number| number.write(&mut event));
        drop(event);
        if is_preview_1 {
            self.buffers.clear();
            self.args = Args::default();
            let mut args = self.args.iter_mut();
            params.each(&mut |number| {
                if let (Some(arg), Number::I32(value)) = (args.next(), number) {
                    *arg = value.cast_unsigned();
                }
            });
        }
        self.open.push(Open::Import(import as usize));
        Some(Call(self.open.len()))
    }

    /// Appends what an import of preview 1 reads.
    pub(super) fn add_inputs(&mut self, shape: &Shape, memory: Memory, data: &[u8]) {
        let Self { bytes, buffers, args, .. } = self;
        let mut count = 0;
        shape.reads(args, data, |_| count += 1);
        let mut to = Writer::new(bytes);
        to.number(count);
        shape.reads(args, data, |range| write_input(&mut to, part(data, range)));
        drop(to);
        shape.buffers(args, data, |range| buffers.push(range));
        if shape.writes_more(args, buffers) {
            self.copy(memory, data);
        }
    }

    /// Appends that an import reads nothing, because there is no memory.
    pub(super) fn add_no_inputs(&mut self) {
        Writer::new(&mut self.bytes).number(0);
    }

    /// Appends what an import of preview 1 wrote.
    pub(super) fn add_outputs(
        &mut self,
        shape: &Shape,
        index: usize,
        memory: &[u8],
        is_success: bool,
    ) {
        if !self.is_on() {
            return;
        }
        let (args, buffers) = (self.args, std::mem::take(&mut self.buffers));
        shape.writes(&args, memory, &buffers, is_success, |(start, len)| {
            self.write(index, start.into(), part(memory, (start, len)));
        });
        self.buffers = buffers;
    }

    /// Returns the index of the memory that preview 1 uses.
    pub(super) fn main_memory(&self) -> Option<usize> {
        self.header.memories.iter().position(|name| name == "memory")
    }

    /// Returns the index of an import.
    #[inline]
    fn import(&mut self, module: &'static str, name: &'static str) -> Option<u32> {
        // Names are static: what begins at an address and has a length is one name.
        let key = (name.as_ptr().addr(), name.len(), module.as_ptr().addr(), module.len());
        let slot = (key.0 >> 3 ^ key.1) % CACHED;
        if let Some((cached, import)) = self.imports.get(slot)
            && *cached == key
        {
            return Some(*import);
        }
        let found =
            self.header.imports.iter().position(|own| own.module == module && own.name == name)?;
        let import = u32::try_from(found).ok()?;
        if let Some(slot) = self.imports.get_mut(slot) {
            *slot = (key, import);
        }
        Some(import)
    }

    /// Ends a call of an import.
    pub(super) fn end_import<R: Logged>(
        &mut self,
        Call(depth): Call,
        result: &wasmtime::Result<R>,
    ) {
        if self.is_on() && self.open.len() != depth {
            // A call within it ended by a panic.
            self.end_with(RecordError::Unrecorded);
        }
        self.end(result);
    }

    /// Appends the end of the last call that is open.
    pub(super) fn end<R: Logged>(&mut self, result: &wasmtime::Result<R>) {
        if !self.has_room(64) || self.open.pop().is_none() {
            return;
        }
        match result {
            Ok(results) => {
                let mut event = self.event(tag::RETURN);
                results.each(&mut |number| number.write(&mut event));
            }
            Err(error) => self.fail(error),
        }
    }

    #[cold]
    fn fail(&mut self, error: &wasmtime::Error) {
        if error.is::<wasmtime::ThrownException>() {
            self.end_with(RecordError::Exception);
            return;
        }
        Failure::of(error).write(&mut self.event(tag::FAIL));
    }

    /// Begins a call of an export, which `describe` describes at its first call. Returns whether it is recorded.
    pub(super) fn begin_export(
        &mut self,
        name: &str,
        params: &impl Logged,
        fuel: Option<u64>,
        describe: impl FnOnce() -> Option<Function>,
    ) -> bool {
        if !self.has_room(64) {
            return false;
        }
        if !matches!(self.open.last(), None | Some(Open::Import(_))) {
            self.end_with(RecordError::Unrecorded);
            return false;
        }
        let Some(export) = self.export(name, describe) else { return false };
        if let Some(fuel) = fuel {
            self.event(tag::FUEL).number(fuel);
        }
        let mut event = self.event(tag::EXPORT);
        event.number(export.into());
        params.each(&mut |number| number.write(&mut event));
        drop(event);
        self.open.push(Open::Export(export as usize));
        true
    }

    /// Returns whether an export was described.
    #[inline]
    pub(super) fn knows_export(&self, name: &str) -> bool {
        self.exports.get(self.last_export as usize).is_some_and(|last| last.name == name)
            || self.export_names.contains_key(name)
    }

    /// Returns the index of an export.
    #[inline]
    fn export(&mut self, name: &str, describe: impl FnOnce() -> Option<Function>) -> Option<u32> {
        if self.exports.get(self.last_export as usize).is_some_and(|last| last.name == name) {
            return Some(self.last_export);
        }
        self.last_export = match self.export_names.get(name) {
            Some(export) => *export,
            None => self.describe(name, describe)?,
        };
        Some(self.last_export)
    }

    #[cold]
    fn describe(&mut self, name: &str, describe: impl FnOnce() -> Option<Function>) -> Option<u32> {
        let Some(function) = describe() else {
            self.end_with(RecordError::Reference { name: name.into() });
            return None;
        };
        let export = u32::try_from(self.exports.len()).ok()?;
        function.write(&mut self.event(tag::NAME));
        self.exports.push(function);
        let _ = self.export_names.insert(name.into(), export);
        Some(export)
    }

    /// Appends bytes that the host wrote.
    pub(super) fn write(&mut self, memory: usize, address: u64, part: &[u8]) {
        if part.is_empty() || !self.has_room(part.len().saturating_add(64)) {
            return;
        }
        let mut event = self.event(tag::WRITE);
        event.number(memory as u64);
        event.number(address);
        event.bytes(part);
    }

    /// Appends that the host grew a memory.
    pub(super) fn grow(&mut self, memory: usize, pages: u64) {
        if self.has_room(64) {
            let mut event = self.event(tag::GROW);
            event.number(memory as u64);
            event.number(pages);
        }
    }

    /// Appends the fuel that the guest has from now on.
    pub(super) fn fuel(&mut self, fuel: u64) {
        if self.has_room(64) {
            self.event(tag::FUEL).number(fuel);
        }
    }

    /// Appends that the host set a global.
    pub(super) fn global(&mut self, index: usize, value: Number) {
        if self.has_room(64) {
            let mut event = self.event(tag::GLOBAL);
            event.number(index as u64);
            value.write(&mut event);
        }
    }

    /// Returns whether the engine counts fuel.
    pub(super) fn is_metered(&self) -> bool {
        self.header.is_metered
    }

    /// Returns the recording until now, with the digests of memories if no call is open.
    pub fn recording(&self, store: impl AsContext) -> Result<Recording, RecordError> {
        let mut bytes = self.prefix()?;
        if self.open.is_empty() && self.is_on() {
            for (index, memory) in self.memories.iter().enumerate() {
                let mut event = Writer::new(&mut bytes);
                event.byte(tag::MEMORY);
                event.number(index as u64);
                event.raw(Digest::of_large(memory.data(&store)).as_bytes());
            }
        }
        finish(bytes)
    }

    /// Returns a copy of the bytes.
    fn prefix(&self) -> Result<Vec<u8>, RecordError> {
        self.check().map(|()| self.bytes.clone())
    }

    /// Fails if something is not recorded. A recording that is full is one until then.
    fn check(&self) -> Result<(), RecordError> {
        match &self.ended {
            _ if self.growth_has_failed.load(Ordering::Relaxed) => Err(RecordError::Growth),
            None | Some(RecordError::Full { .. }) => Ok(()),
            Some(reason) => Err(reason.clone()),
        }
    }
}

fn finish(bytes: Vec<u8>) -> Result<Recording, RecordError> {
    // The log writes what it can read.
    Recording::finish(bytes).map_err(|_| RecordError::Unrecorded)
}

/// The session has ended: the recorder keeps the recording.
impl Drop for Log {
    fn drop(&mut self) {
        if self.check().is_ok()
            && let Ok(recording) = finish(std::mem::take(&mut self.bytes))
        {
            self.recorder.keep(recording);
        }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}
