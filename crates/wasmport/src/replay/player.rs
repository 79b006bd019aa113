//! `Player`: answers a guest from a recording.

use crate::error::ReplayDifference as Difference;
use crate::exit::Exit;
use crate::record::{Described, Event, Events, Failure, Function, Number, Recording, inputs_of};
use crate::session::SessionData;
use wasmtime::{AsContextMut, Caller, Func, Global, Instance, Memory, Result, Val};

/// The most bytes of the thread's stack that nested calls take. Wasmtime bounds the stack of machine code, but the
/// interpreter's guests do not use the thread's.
const MOST_STACK: usize = 1 << 20;

/// The data of the store in which a guest runs again.
pub(super) struct Player {
    pub recording: Recording,
    events: Events,
    /// The next event, if it was looked at.
    next: Option<Event>,
    pub instance: Option<Instance>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    pub state: State,
    /// The number of calls of exports and of imports.
    pub calls: u64,
    pub imports: u64,
    /// The failure of the last call.
    pub failure: Option<Failure>,
    /// The address of the stack at which the replay began.
    stack: usize,
}

/// Whether the replay goes on.
pub(super) enum State {
    Running,
    /// The recording ends here.
    Ended,
    /// The recorded call was ended from outside.
    Interrupted,
    Different(Difference),
    /// The recording does what the module cannot.
    Unfit(String),
}

type Data = SessionData<Player>;

impl Player {
    pub fn new(recording: &Recording) -> Self {
        Self {
            recording: recording.clone(),
            events: recording.events(),
            next: None,
            instance: None,
            memories: Vec::new(),
            globals: Vec::new(),
            state: State::Running,
            calls: 0,
            imports: 0,
            failure: None,
            stack: stack_address(),
        }
    }

    /// Returns the number of events that were played.
    pub fn played(&self) -> u64 {
        self.events.number - u64::from(self.next.is_some())
    }

    /// Returns whether no call is open.
    pub fn is_between_calls(&self) -> bool {
        self.events.depth() == 0
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running)
    }

    pub fn peek(&mut self) -> Option<&Event> {
        if self.next.is_none() {
            self.next = self.events.next();
        }
        self.next.as_ref()
    }

    fn take(&mut self) -> Option<Event> {
        let _ = self.peek();
        self.next.take()
    }

    /// Stops the replay. Returns the error that ends the guest.
    #[cold]
    pub fn stop(&mut self, state: State) -> wasmtime::Error {
        if self.is_running() {
            self.state = state;
        }
        wasmtime::Error::msg("the replay has stopped")
    }

    fn unfit(&mut self, what: &str) -> wasmtime::Error {
        self.stop(State::Unfit(format!("event {}: {what}", self.events.number)))
    }

    /// Stops the replay because the guest did `found`. The next event is another.
    #[cold]
    fn differ(&mut self, function: String, expected: &Event, found: &Event) -> wasmtime::Error {
        let header = self.recording.header();
        let text = |event| Described { event, events: &self.events, header }.to_string();
        let event = self.events.number;
        let (expected, found) = (text(expected), text(found));
        self.stop(State::Different(Difference { event, function, expected, found }))
    }

    /// Compares the next event with what the guest did.
    fn expect(&mut self, function: impl FnOnce(&Self) -> String, found: &Event) -> Result<()> {
        match self.take() {
            None => Err(self.stop(State::Ended)),
            // Even if this deadline ended the call too, it did so at another place.
            Some(Event::Fail(Failure::Interrupted)) => Err(self.stop(State::Interrupted)),
            Some(expected) if expected == *found => Ok(()),
            Some(expected) => {
                let function = function(self);
                Err(self.differ(function, &expected, found))
            }
        }
    }

    fn memory(&mut self, index: usize) -> Result<Memory> {
        let memory = self.memories.get(index).copied();
        memory.ok_or_else(|| self.unfit("there is no such memory yet"))
    }

    /// Sets the new instance.
    pub fn set_instance(
        &mut self,
        instance: Instance,
        memories: Vec<Memory>,
        globals: Vec<Global>,
    ) {
        (self.instance, self.memories, self.globals) = (Some(instance), memories, globals);
    }
}

/// Compares the end of a start or call with the recording.
pub(super) fn expect_end(
    store: &mut impl AsContextMut<Data = Data>,
    function: &Function,
    result: Result<Vec<Number>>,
) -> Result<()> {
    let mut store = store.as_context_mut();
    let player = store.data_mut().get_mut();
    if !player.is_running() {
        return Err(wasmtime::Error::msg("the replay has stopped"));
    }
    let found = match result {
        Ok(results) => Event::Return(results),
        Err(error) => Event::Fail(Failure::of(&error)),
    };
    player.failure = match &found {
        Event::Fail(failure) => Some(failure.clone()),
        _ => None,
    };
    player.expect(|_| function.to_string(), &found)
}

/// Plays what the host did until the guest is called or a call ends. Returns that event; none at the end.
pub(super) fn play(store: &mut impl AsContextMut<Data = Data>) -> Result<Option<Event>> {
    loop {
        let mut context = store.as_context_mut();
        let player = context.data_mut().get_mut();
        let Some(event) = player.take() else { return Ok(None) };
        match event {
            Event::Write { memory, address, bytes } => {
                let recording = player.recording.clone();
                let memory = player.memory(memory)?;
                let part = recording.part(bytes);
                let start = usize::try_from(address).unwrap_or(usize::MAX);
                let end = start.saturating_add(part.len());
                match memory.data_mut(&mut context).get_mut(start..end) {
                    Some(bytes) => bytes.copy_from_slice(part),
                    None => return Err(unfit(store, "the memory is smaller than what is written")),
                }
            }
            Event::Grow { memory, pages } => {
                let memory = player.memory(memory)?;
                if memory.grow(&mut context, pages).is_err() {
                    return Err(unfit(store, "the memory cannot grow as much"));
                }
            }
            Event::Global { global, value } => {
                let global = player.globals.get(global).copied();
                let set = global.map(|global| global.set(&mut context, value.value()));
                if !matches!(set, Some(Ok(()))) {
                    return Err(unfit(store, "there is no such global that can be set"));
                }
            }
            Event::Fuel(fuel) => {
                if context.set_fuel(fuel).is_err() {
                    return Err(unfit(store, "the engine counts no fuel"));
                }
            }
            Event::Memory { memory: index, digest } => {
                let memory = player.memory(index)?;
                let found = crate::digest::Digest::of_large(memory.data(&context));
                if found != digest {
                    let expected = Event::Memory { memory: index, digest };
                    let found = Event::Memory { memory: index, digest: found };
                    let player = context.data_mut().get_mut();
                    return Err(player.differ("memory".into(), &expected, &found));
                }
            }
            event => return Ok(Some(event)),
        }
    }
}

/// Stops the replay, because the recording does what the module cannot.
#[cold]
pub(super) fn unfit(store: &mut impl AsContextMut<Data = Data>, what: &str) -> wasmtime::Error {
    store.as_context_mut().data_mut().get_mut().unfit(what)
}

/// Stops the replay at the end of the recording.
#[cold]
pub(super) fn ended(store: &mut impl AsContextMut<Data = Data>) -> wasmtime::Error {
    store.as_context_mut().data_mut().get_mut().stop(State::Ended)
}

/// Calls an export again, which `find` finds by its name, and compares how it ends.
pub(super) fn call_export<S: AsContextMut<Data = Data>>(
    store: &mut S,
    export: usize,
    params: &[Number],
    find: impl FnOnce(&mut S, &str) -> Option<Func>,
) -> Result<()> {
    let mut context = store.as_context_mut();
    let player = context.data_mut().get_mut();
    player.calls += 1;
    if player.stack.abs_diff(stack_address()) > MOST_STACK {
        return Err(player.unfit("calls are nested deeper than the stack allows"));
    }
    let Some(function) = player.events.export(export).cloned() else {
        return Err(player.unfit("there is no such export"));
    };
    let func = find(store, &function.name).filter(|found| {
        let ty = found.ty(store.as_context_mut());
        Function::new("", &function.name, &ty).as_ref() == Some(&function)
    });
    let Some(func) = func else {
        return Err(unfit(store, "the module exports no such function"));
    };
    let mut context = store.as_context_mut();
    let params: Vec<Val> = params.iter().map(|number| number.value()).collect();
    let mut results = vec![Val::I32(0); function.results.len()];
    let called = func.call(&mut context, &params, &mut results);
    let result = called.map(|()| results.iter().filter_map(Number::of).collect());
    expect_end(&mut context, &function, result)
}

/// Answers a call of an import.
pub(super) fn answer(
    mut caller: Caller<'_, Data>,
    import: usize,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    resolve(&mut caller);
    let player = caller.data_mut().get_mut();
    player.imports += 1;
    let recording = player.recording.clone();
    let Some(function) = recording.header().imports.get(import) else {
        return Err(player.unfit("there is no such import"));
    };
    let params: Vec<Number> = params.iter().filter_map(Number::of).collect();
    let inputs = inputs(&mut caller, function, &params);
    let found = Event::Import { import, params, inputs };
    caller.data_mut().get_mut().expect(|_| function.to_string(), &found)?;
    loop {
        match play(&mut caller)? {
            None => return Err(ended(&mut caller)),
            // The start calls imports too, which call the guest before there is an instance.
            Some(Event::Export { export, params }) => {
                call_export(&mut caller, export, &params, |caller, name| {
                    caller.get_export(name)?.into_func()
                })?;
            }
            Some(Event::Return(values)) => {
                // The types are those of the import: the recording was compared with the module.
                for (result, value) in results.iter_mut().zip(values) {
                    *result = value.value();
                }
                return Ok(());
            }
            Some(Event::Fail(failure)) => return Err(error_of(&mut caller, failure)),
            Some(_) => return Err(unfit(&mut caller, "the host cannot do this")),
        }
    }
}

/// Returns what a call of WASI reads.
fn inputs(
    caller: &mut Caller<'_, Data>,
    function: &Function,
    params: &[Number],
) -> Vec<crate::record::Input> {
    let player = caller.data_mut().get_mut();
    let names = &player.recording.header().memories;
    let index = names.iter().position(|name| name == "memory");
    let memory = index.and_then(|index| player.memories.get(index)).copied();
    memory.map_or_else(Vec::new, |memory| inputs_of(function, params, memory.data(&*caller)))
}

/// Finds the memories and globals of an instance that starts.
fn resolve(caller: &mut Caller<'_, Data>) {
    let player = caller.data_mut().get_mut();
    let recording = player.recording.clone();
    let header = recording.header();
    let (memories, globals) = (&header.memories, &header.globals);
    if player.memories.len() == memories.len() && player.globals.len() == globals.len() {
        return;
    }
    let memories = memories.iter().map(|name| caller.get_export(name)?.into_memory());
    let memories: Option<Vec<Memory>> = memories.collect();
    let globals = globals.iter().map(|name| caller.get_export(name)?.into_global());
    let globals: Option<Vec<Global>> = globals.collect();
    if let (Some(memories), Some(globals)) = (memories, globals) {
        let player = caller.data_mut().get_mut();
        (player.memories, player.globals) = (memories, globals);
    }
}

/// Returns about the address of the stack.
#[inline(never)]
fn stack_address() -> usize {
    let place = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&place)).addr()
}

fn error_of(caller: &mut Caller<'_, Data>, failure: Failure) -> wasmtime::Error {
    match failure {
        Failure::Trap(trap) => trap.into(),
        Failure::Exit(code) => Exit::new(code).into(),
        Failure::Host(text) => wasmtime::Error::msg(text),
        Failure::Interrupted => caller.data_mut().get_mut().stop(State::Interrupted),
    }
}
