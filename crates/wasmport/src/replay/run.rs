//! `Replay`: runs an asset again from a recording.

use super::player::{Player, State, answer, call_export, ended, expect_end, play, unfit};
use crate::code::Operations as _;
use crate::engine::Limits;
use crate::error::{ReplayError, Result};
use crate::record::{Event, Failure, Function, Number, Open, Recording};
use crate::runtime::LoadedModule;
use crate::session::{Session, SessionData};
use wasmtime::{AsContextMut as _, ExternType, Func, Instance, Module, Store, Trap};

/// A recording that is run again: the same code without its host, on any back end.
#[derive(Debug)]
pub struct Replay {
    loaded: LoadedModule,
    recording: Recording,
}

/// The result of a replay in which the guest did what it had done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayReport {
    /// The number of events that were played.
    pub events: u64,
    /// The number of calls of exports, nested ones too.
    pub calls: u64,
    /// The number of calls of imports.
    pub imports: u64,
    /// The end of the replay.
    pub end: ReplayEnd,
    /// The trap of the last call, if it ended with one.
    pub trap: Option<Trap>,
}

/// The end of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayEnd {
    /// The last recorded call has ended.
    Complete,
    /// The recording ends within a call: it was full, or the session was in the call.
    Truncated,
    /// The recorded call was ended by a deadline or the program, at a place that is not recorded: the guest did the
    /// same until then.
    Interrupted,
}

impl Replay {
    /// Prepares a replay. The loaded asset may be for another back end than the one that was recorded, and its runtime
    /// may have other limits: the stricter limits count.
    ///
    /// # Errors
    ///
    /// Fails if the recording is of another asset, or of an engine that meters fuel and this one does not, and if this
    /// engine is not deterministic. Fails with [`ReplayError::NoTimeLimit`] if a deadline ended a recorded call in guest
    /// code, and the runtime has no [time limit](Limits::time).
    pub fn new(loaded: &LoadedModule, recording: &Recording) -> Result<Self, ReplayError> {
        let (asset, header) = (loaded.asset(), recording.header());
        if asset.source_digest() != header.source {
            return Err(ReplayError::OtherAsset {
                recorded: header.asset.clone(),
                asset: asset.name().into(),
                expected: header.source,
                found: asset.source_digest(),
            });
        }
        let config = loaded.runtime().config();
        if !config.deterministic {
            return Err(ReplayError::NotDeterministic);
        }
        if config.fuel != header.is_metered {
            return Err(ReplayError::Fuel { recorded: header.is_metered });
        }
        if loaded.runtime().limits().time.is_none() && is_interrupted(recording) {
            return Err(ReplayError::NoTimeLimit);
        }
        check_imports(loaded.module(), &header.imports)?;
        Ok(Self { loaded: loaded.clone(), recording: recording.clone() })
    }

    /// Runs the guest again, from its start.
    ///
    /// # Errors
    ///
    /// Fails with [`ReplayError::Difference`] at the first event at which the guest does something else, and if a limit
    /// of the runtime does not let the guest start.
    pub fn run(&self) -> Result<ReplayReport, ReplayError> {
        let header = self.recording.header();
        let runtime = self.loaded.runtime();
        let least =
            |recorded: u64, own: usize| usize::try_from(recorded).map_or(own, |it| it.min(own));
        let own = *runtime.limits();
        let limits = Limits {
            memory_bytes: least(header.memory_bytes, own.memory_bytes),
            table_elements: least(header.table_elements, own.table_elements),
            ..own
        };
        let runtime = runtime.with_limits(limits)?.without_recorder();
        let loaded = self.loaded.with_runtime(&runtime);
        let player = || Player::new(&self.recording);
        let mut stopped = None;
        let session = Session::start_in_store(&loaded, player(), |store| {
            // Its error is in the player, or the recorded one.
            let _ = start(&loaded, store);
            let played = store.data_mut().get_mut();
            if !played.is_running() {
                stopped = Some(std::mem::replace(played, player()));
            }
            Ok(())
        });
        // The time limit refuses a session whose start ended late, but the start has been compared.
        if let Some(player) = stopped {
            return report(player);
        }
        let mut session = session?;
        while session.data().is_running() {
            let played = session.data().played();
            let called = session.call(|(), store| {
                let _ = step(store);
                Ok(())
            });
            // The time limit makes a call fail that ended late, but it has been compared.
            if session.data().played() == played {
                called?;
            }
        }
        report(session.into_data())
    }
}

/// Returns whether the first call that was ended from outside was guest code, which did not wait for the host: a replay
/// ends there.
fn is_interrupted(recording: &Recording) -> bool {
    let mut events = recording.events();
    loop {
        let open = events.open();
        match events.next() {
            Some(Event::Fail(Failure::Interrupted)) => {
                return !matches!(open, Some(Open::Import(_)));
            }
            Some(_) => {}
            None => return false,
        }
    }
}

/// Compares the imports of a module with those of a recording.
fn check_imports(module: &Module, recorded: &[Function]) -> Result<(), ReplayError> {
    let unfit = |what: &str| Err(ReplayError::Unfit(what.into()));
    if module.imports().len() != recorded.len() {
        return unfit("it has another number of imports");
    }
    for (import, recorded) in module.imports().zip(recorded) {
        let ExternType::Func(ty) = import.ty() else {
            return unfit("the module has imports that are no functions");
        };
        if Function::new(&recorded.module, &recorded.name, &ty).as_ref() != Some(recorded) {
            return unfit("an import has another type");
        }
    }
    Ok(())
}

/// Instantiates the guest, and compares how that ends.
fn start(loaded: &LoadedModule, store: &mut Store<SessionData<Player>>) -> wasmtime::Result<()> {
    match play(store)? {
        Some(Event::Start) => {}
        Some(_) => return Err(unfit(store, "it does not begin with the start")),
        None => return Err(ended(store)),
    }
    let module = loaded.module();
    let recorded = store.data().get().recording.clone();
    let header = recorded.header();
    let mut imports = Vec::new();
    for (import, function) in module.imports().zip(&header.imports) {
        let ExternType::Func(ty) = import.ty() else { continue };
        // Several imports may have one definition.
        let same = |own: &Function| own.module == function.module && own.name == function.name;
        let index = header.imports.iter().position(same).unwrap_or_default();
        let func = Func::new(&mut *store, ty, move |caller, params, results| {
            answer(caller, index, params, results)
        });
        imports.push(func.into());
    }
    let instance = Instance::new(&mut *store, module, &imports);
    let instance = instance.and_then(|instance| {
        if module.is_reactor() {
            Module::initialize(&instance, store.as_context_mut())?;
        }
        Ok(instance)
    });
    if let Ok(instance) = &instance {
        let memories = header.memories.iter().map(|name| instance.get_memory(&mut *store, name));
        let memories = memories.collect::<Option<Vec<_>>>();
        let globals = header.globals.iter().map(|name| instance.get_global(&mut *store, name));
        let (Some(memories), Some(globals)) = (memories, globals.collect::<Option<Vec<_>>>())
        else {
            return Err(unfit(store, "the module lacks a memory or global"));
        };
        store.data_mut().get_mut().set_instance(*instance, memories, globals);
    }
    let name = "start".into();
    let function =
        Function { module: String::new(), name, params: Vec::new(), results: Vec::new() };
    expect_end(store, &function, instance.map(|_| Vec::<Number>::new()))
}

/// Plays until the end of the next call.
fn step(store: &mut Store<SessionData<Player>>) -> wasmtime::Result<()> {
    match play(store)? {
        Some(Event::Export { export, params }) => {
            call_export(store, export, &params, |store, name| {
                let instance = store.data().get().instance?;
                instance.get_func(store, name)
            })
        }
        Some(_) => Err(unfit(store, "the host cannot do this between calls")),
        None => Err(ended(store)),
    }
}

fn report(player: Player) -> Result<ReplayReport, ReplayError> {
    let (events, is_between) = (player.played(), player.is_between_calls());
    let end = match player.state {
        State::Different(difference) => return Err(ReplayError::Difference(Box::new(difference))),
        State::Unfit(what) => return Err(ReplayError::Unfit(what)),
        State::Interrupted => ReplayEnd::Interrupted,
        State::Running | State::Ended if is_between => ReplayEnd::Complete,
        State::Running | State::Ended => ReplayEnd::Truncated,
    };
    let trap = match player.failure {
        Some(Failure::Trap(trap)) => Some(trap),
        _ => None,
    };
    let Player { calls, imports, .. } = player;
    Ok(ReplayReport { events, calls, imports, end, trap })
}
