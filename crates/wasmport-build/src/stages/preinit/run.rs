//! The bounds within which a guest initializes: time, memory, and what it prints.

use super::Initialization;
use super::system::system;
use crate::compile::catch_panic;
use crate::error::{AssetError, Stage};
use crate::report::Kind;
use crate::settings::Preinit;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmport::engine::{WasmFeature, init_config};
use wasmtime::component::Component;
use wasmtime::{Engine, Error, Module, ResourceLimiter, Result, Store, Trap};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{I32Exit, WasiCtxView, WasiView};

/// What a guest may print while it initializes: its end is for error messages.
const MAX_OUTPUT: usize = 64 << 20;

/// So much of it.
const QUOTED_OUTPUT: usize = 2 << 10;

/// Elements that its tables may have at most.
const MAX_TABLE: usize = 1_000_000;

/// How long a call that waits may outlast the time there is before it is left alone.
const GRACE: Duration = Duration::from_secs(2);

/// A kind of guest, compiled with all of its state exported.
pub(super) trait Guest: Sized + Send + 'static {
    /// What it is called.
    const NAME: &str;
    type Instance;

    /// The guest of the order, to be run here and now.
    fn compile(engine: &Engine, order: &Order) -> Result<Self>;

    /// What of the order it cannot carry out in any case.
    fn objection(&self, order: &Order) -> Option<String>;

    /// Instantiates it and calls the initialization.
    fn initialize(&self, store: &mut Store<State>, order: &Order) -> Result<Self::Instance>;

    /// The wasm that begins with the state of the instance.
    fn snapshot(order: &Order, store: Store<State>, instance: Self::Instance) -> Result<Vec<u8>>;
}

/// What is to be initialized, and how.
pub(super) struct Order {
    pub wasm: Vec<u8>,
    pub settings: Preinit,
    pub init: String,
    folder: PathBuf,
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
    let Initialization { settings, init, folder, .. } = *what;
    let error = |message: String| {
        let help = format!("mend the {}, or say `preinit.on-failure = \"warn\"` for it", G::NAME);
        AssetError::new(path, Stage::Preinit, message).help(help)
    };
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
        folder: folder.into(),
    };
    // Here: what compiles waits for other threads of the pool that this one belongs to.
    let guest = catch_panic(|| G::compile(&engine, &order))
        .map_err(|panic| error(format!("Wizer panicked: {panic}")))?
        .map_err(|e| error(reason::<G>(&e)))?;
    if let Some(objection) = guest.objection(&order) {
        return Err(error(objection).help("change `preinit.rename`, or leave it out"));
    }
    let job = Job { engine: engine.clone(), guest, order, output: output.clone() };
    // A call of WASI may wait for as long as it was told to, and nothing can interrupt it.
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody is there to be told once the time is over.
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

/// Wasmtime's backtraces stand below what happened.
fn reason<G: Guest>(error: &Error) -> String {
    match error.downcast_ref::<I32Exit>() {
        Some(exit) => {
            format!("the {} exited with status {} while it initialized", G::NAME, exit.0)
        }
        None => format!("{error:#}"),
    }
}

/// The end of what it printed.
fn printed(output: &MemoryOutputPipe) -> String {
    let said = output.contents();
    let said = &said[said.len().saturating_sub(QUOTED_OUTPUT)..];
    match String::from_utf8_lossy(said).trim() {
        "" => String::new(),
        said => format!("; it printed: {said}"),
    }
}

/// The result of a future that never waits.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => wasmtime::bail!("Wizer waits"),
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
        let wasi = system(&order.settings, &order.folder, output)?;
        let memory = Memory { used: 0, most: order.settings.memory() };
        let mut store = Store::new(engine, State { wasi, memory });
        store.limiter(|state| &mut state.memory);
        store.set_epoch_deadline(1);
        let instance = guest.initialize(&mut store, order)?;
        G::snapshot(order, store, instance)
    }
}

/// What a guest's store has.
pub(super) struct State {
    pub wasi: WasiP1Ctx,
    pub memory: Memory,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

/// How much its linear memories have and may have, in bytes.
pub(super) struct Memory {
    used: usize,
    pub most: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.used = self.used.saturating_sub(current).saturating_add(desired);
        wasmtime::ensure!(
            self.used <= self.most,
            "it wants more than {} MiB of memory, which `preinit.max-memory-mib` allows",
            self.most >> 20
        );
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= MAX_TABLE)
    }
}
