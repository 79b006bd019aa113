//! The bounds of an initialization: time, memory, and output.

use super::Initialization;
use super::seen_files::SeenFiles;
use super::state::{GuestState, Memory};
use super::system::system;
use crate::asset::{AssetError, Kind, Stage};
use crate::panics::catch_panic;
use crate::settings::Preinit;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use wasmport::engine::{WasmFeature, init_config};
use wasmtime::component::Component;
use wasmtime::{Engine, Error, Module, Result, Store, Trap};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// The longest output, in bytes. Its end is quoted in error messages.
const MAX_OUTPUT: usize = 64 << 20;

/// The quoted part of the output, in bytes.
const QUOTED_OUTPUT: usize = 2 << 10;

/// The time after the limit in which a waiting call can still end.
const GRACE: Duration = Duration::from_secs(2);

/// A kind of guest: a module or component, compiled with all of its state exported.
pub(super) trait Guest: Sized + Send + 'static {
    /// The word for it in messages.
    const NAME: &str;
    type Instance;

    /// Compiles the guest for this machine.
    fn compile(engine: &Engine, order: &Order) -> Result<Self>;

    /// Instantiates the guest and calls the initialization.
    fn initialize(&self, store: &mut Store<GuestState>, order: &Order) -> Result<Self::Instance>;

    /// Returns the wasm that begins with the state of the instance.
    fn snapshot(
        order: &Order,
        store: Store<GuestState>,
        instance: Self::Instance,
    ) -> Result<Vec<u8>>;
}

/// The module to initialize, and the settings of the initialization.
pub(super) struct Order {
    pub wasm: Vec<u8>,
    pub settings: Preinit,
    pub init: String,
    folder: PathBuf,
    stdin: Option<Vec<u8>>,
}

impl Order {
    pub fn keeps_init(&self) -> bool {
        self.settings.keep_init.unwrap_or(false)
    }

    pub fn has_wasi(&self) -> bool {
        self.settings.wasi.unwrap_or(true)
    }
}

pub(super) fn run(what: &Initialization<'_>, path: &Path) -> Result<Vec<u8>, AssetError> {
    match Kind::of(what.wasm.0) {
        Kind::Module => run_as::<Module>(what, path),
        Kind::Component => run_as::<Component>(what, path),
    }
}

fn run_as<G: Guest>(what: &Initialization<'_>, path: &Path) -> Result<Vec<u8>, AssetError> {
    let Initialization { settings, init, inputs, .. } = *what;
    let error = |message: String| {
        let help = format!("mend the {}, or set `preinit.on-failure = \"warn\"` for it", G::NAME);
        AssetError::new(path, Stage::Preinit, message).help(help)
    };
    inputs.checked.clone().map_err(|refused| match &refused.help {
        Some(_) => refused,
        None => error(refused.message),
    })?;
    let time = settings.time();
    // Wizer exports every global to look at it.
    let features = what.features.with(WasmFeature::MutableGlobal);
    let config = init_config(features).map_err(|e| error(format!("{e:#}")))?;
    let engine = Engine::new(&config).map_err(|e| error(format!("{e:#}")))?;
    let output = MemoryOutputPipe::new(MAX_OUTPUT);
    let order = Order {
        wasm: what.wasm.0.to_vec(),
        settings: settings.clone(),
        init: init.into(),
        folder: inputs.folder.clone(),
        stdin: inputs.stdin.clone().transpose().map_err(error)?,
    };
    // On this thread: compiling waits for other threads of this thread's pool.
    let guest = catch_panic(|| G::compile(&engine, &order))
        .map_err(|panic| error(format!("Wizer panicked: {panic}")))?
        .map_err(|e| error(reason::<G>(&e)))?;
    let job = Job { engine: engine.clone(), guest, order, output: output.clone() };
    // Nothing can interrupt a WASI call that waits.
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody receives the result after the time limit.
        let _ = sender.send(catch_panic(|| job.run()));
    });
    let result = receiver.recv_timeout(time).or_else(|_| {
        engine.increment_epoch();
        receiver.recv_timeout(GRACE)
    });
    let too_long = || format!("`{init}` did not end within {} s", time.as_secs());
    let error = |message: String| error(format!("{message}{}", printed(&output)));
    match result {
        Ok(Ok(Ok(wasm))) => Ok(wasm),
        Ok(Ok(Err(e))) if e.downcast_ref::<Trap>() == Some(&Trap::Interrupt) => {
            Err(error(too_long()).help("raise `preinit.max-seconds`, or do less in it"))
        }
        Ok(Ok(Err(e))) => Err(error(reason::<G>(&e))),
        Ok(Err(panic)) => Err(error(format!("Wizer panicked: {panic}"))),
        Err(_) => Err(error(format!("{}: it waits in a call of WASI", too_long()))),
    }
}

/// Formats an error of Wasmtime, with the cause first.
fn reason<G: Guest>(error: &Error) -> String {
    match error.downcast_ref::<I32Exit>() {
        Some(exit) => {
            format!("the {} exited with status {} while it initialized", G::NAME, exit.0)
        }
        None => format!("{error:#}"),
    }
}

/// Quotes the end of the output.
fn printed(output: &MemoryOutputPipe) -> String {
    let said = output.contents();
    let said = &said[said.len().saturating_sub(QUOTED_OUTPUT)..];
    match String::from_utf8_lossy(said).trim() {
        "" => String::new(),
        said => format!("; it printed: {said}"),
    }
}

struct Job<G> {
    engine: Engine,
    guest: G,
    order: Order,
    output: MemoryOutputPipe,
}

impl<G: Guest> Job<G> {
    fn run(&self) -> Result<Vec<u8>> {
        let Self { engine, guest, order, output } = self;
        let wasi = system(&order.settings, &order.folder, order.stdin.as_deref(), output)?;
        let memory = Memory { used: 0, most: order.settings.memory() };
        let mut store =
            Store::new(engine, GuestState { wasi, memory, files: SeenFiles::default() });
        store.limiter(|state| &mut state.memory);
        store.set_epoch_deadline(1);
        let instance = guest.initialize(&mut store, order)?;
        G::snapshot(order, store, instance)
    }
}
