//! Guests that are recorded and run again.

mod border;
mod crash;
mod damage;
mod host;
mod refused;
#[cfg(feature = "vfs")]
mod system;

use super::{Recorder, Recording, Replay, ReplayError, ReplayReport};
use crate::{
    DynamicAsset, EngineConfig, LoadedModule, Runtime, RuntimeOptions, Session, SessionData,
};
use wasmtime::{Instance, Linker};

/// The linker of a session with data `T`.
type HostLinker<T> = Linker<SessionData<T>>;

fn load(text: &str) -> LoadedModule {
    load_for(text, &EngineConfig::new(), RuntimeOptions::default())
}

fn load_for(text: &str, config: &EngineConfig, options: RuntimeOptions) -> LoadedModule {
    let runtime = Runtime::builder(config).options(options).build().unwrap();
    runtime.load_dynamic(&DynamicAsset::new("guest", text)).unwrap()
}

/// The same code for the interpreter.
#[cfg(feature = "pulley")]
fn load_portable(text: &str, config: &EngineConfig) -> LoadedModule {
    let target = Some(crate::engine::Target::PORTABLE);
    load_for(text, config, RuntimeOptions { target, ..RuntimeOptions::default() })
}

/// Starts a recorded session.
fn start<T: 'static>(
    loaded: &LoadedModule,
    recorder: &Recorder,
    data: T,
    define: impl FnOnce(&mut HostLinker<T>) -> wasmtime::Result<()>,
) -> crate::Result<Session<T, Instance>> {
    let runtime = loaded.runtime().with_recorder(recorder);
    Session::of(&loaded.with_runtime(&runtime), data, |linker, _| define(linker))
}

fn replay(loaded: &LoadedModule, recording: &Recording) -> Result<ReplayReport, ReplayError> {
    Replay::new(loaded, recording)?.run()
}

/// Replays a recording as it is in a file, on both back ends.
fn replay_everywhere(text: &str, recording: &Recording) -> ReplayReport {
    let recording = Recording::from_bytes(recording.as_bytes()).unwrap();
    let report =
        replay(&load(text), &recording).unwrap_or_else(|error| panic!("{error}\n{recording}"));
    #[cfg(feature = "pulley")]
    {
        let portable = load_portable(text, &EngineConfig::new());
        assert_eq!(portable.target(), "portable");
        let on_portable = replay(&portable, &recording);
        assert_eq!(on_portable.unwrap_or_else(|error| panic!("{error}\n{recording}")), report);
    }
    report
}
