//! Preinit: runs a module's initialization now, and makes the state it leaves the module's beginning.

use super::{Changed, Log, run_stage};
use crate::error::{AssetError, Stage};
use crate::freshness::generator;
use crate::fs;
use crate::settings::{AssetSettings, Preinit};
use crate::store::{Bytes, Cache, Computation, Kind};
use crate::validate::ValidWasm;
use serde::Serialize;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::{RequiredFeatures, WasmFeature, wasmtime_version};

/// Initializes the module where the settings ask for it. Paths in them are relative to `folder`.
///
/// # Errors
///
/// Where the module cannot be run, traps, takes too long or too much memory, or has state that a
/// module cannot begin with.
pub(crate) fn preinit(
    module: ValidWasm,
    settings: &AssetSettings,
    folder: &Path,
    cache: &Cache,
    log: &mut Log,
) -> Result<ValidWasm, AssetError> {
    let AssetSettings { limits, preinit, .. } = settings;
    run_stage(Stage::Preinit, preinit.on_failure, limits, log, module, |module| {
        let (true, Some(init)) = (preinit.is_on(), &preinit.init) else { return Ok(None) };
        if module.is_component() {
            let message = "components cannot be initialized while they are imported";
            let error = AssetError::new(module.path(), Stage::Preinit, message);
            return Err(error.help("initialize the core module before it becomes a component"));
        }
        let initialization = Initialization::new(module, preinit, init, folder);
        let wasm = cache.get_or_compute(&initialization, module.path())?;
        let allowed = module.features().with(WasmFeature::BulkMemory);
        Ok(Some(Changed { wasm, allowed, same_exports: false, by: Some(format!("`{init}`")) }))
    })
}

/// What initializing a module is decided by, and nothing else.
#[derive(Serialize)]
struct Initialization<'a> {
    wasm: Bytes<'a>,
    features: RequiredFeatures,
    settings: &'a Preinit,
    init: &'a str,
    /// What it may read.
    inputs: Vec<Digest>,
    wasmtime: &'a str,
    generator: String,
    /// What is in it is in `inputs`.
    #[serde(skip)]
    folder: &'a Path,
}

impl<'a> Initialization<'a> {
    fn new(module: &'a ValidWasm, settings: &'a Preinit, init: &'a str, folder: &'a Path) -> Self {
        Self {
            wasm: Bytes(module.wasm()),
            features: module.features(),
            settings,
            init,
            inputs: digests(settings, folder),
            wasmtime: wasmtime_version(),
            generator: generator(),
            folder,
        }
    }
}

fn digests(settings: &Preinit, folder: &Path) -> Vec<Digest> {
    settings.inputs(folder).iter().map(|input| fs::digest_of_tree(input)).collect()
}

impl Computation for Initialization<'_> {
    const KIND: Kind = Kind::Preinitialized;
    /// Where the module is from, for errors.
    type Help = Path;
    type Error = AssetError;

    fn compute(&self, path: &Path) -> Result<Vec<u8>, AssetError> {
        run(self, path)
    }

    /// Whoever changed a file meanwhile may have done so before the module read it.
    fn still_holds(&self) -> bool {
        digests(self.settings, self.folder) == self.inputs
    }
}

#[cfg(feature = "preinit")]
use wizer::run;

#[cfg(not(feature = "preinit"))]
fn run(_: &Initialization<'_>, path: &Path) -> Result<Vec<u8>, AssetError> {
    let message = "this build of wasmport-build cannot run modules";
    Err(AssetError::new(path, Stage::Preinit, message).help(
        "add `features = [\"preinit\"]` to the dependency, or import with `cargo wasmport import`",
    ))
}

#[cfg(feature = "preinit")]
mod wizer {
    use super::Initialization;
    use crate::compile::catch_panic;
    use crate::error::{AssetError, Stage};
    use crate::settings::Preinit;
    use std::path::{Path, PathBuf};
    use std::pin::pin;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;
    use wasmport::engine::{WasmFeature, init_config};
    use wasmtime::{
        Engine, Error, Instance, Linker, Module, ResourceLimiter, Result, Store, Trap, TypedFunc,
        Val, error::Context as _,
    };
    use wasmtime_wasi::p1::WasiP1Ctx;
    use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
    use wasmtime_wasi::{
        Deterministic, FsPerms, HostMonotonicClock, HostWallClock, I32Exit, WasiCtxBuilder,
    };
    use wasmtime_wizer::{InstanceState, SnapshotVal, Wizer};

    /// What a module may print while it initializes: its end is for error messages.
    const MAX_OUTPUT: usize = 64 << 20;

    /// So much of it.
    const QUOTED_OUTPUT: usize = 2 << 10;

    /// Elements that its tables may have at most.
    const MAX_TABLE: usize = 1_000_000;

    /// How long a call that waits may outlast the time there is before it is left alone.
    const GRACE: Duration = Duration::from_secs(2);

    pub fn run(what: &Initialization<'_>, path: &Path) -> Result<Vec<u8>, AssetError> {
        let Initialization { settings, init, folder, .. } = *what;
        let error = |message: String| {
            AssetError::new(path, Stage::Preinit, message)
                .help("mend the module, or say `preinit.on-failure = \"warn\"` for it")
        };
        let time = settings.time();
        // Wizer exports every global to look at it.
        let features = what.features.with(WasmFeature::MutableGlobal);
        let config = init_config(features).map_err(|e| error(format!("{e:#}")))?;
        let engine = Engine::new(&config).map_err(|e| error(format!("{e:#}")))?;
        let output = MemoryOutputPipe::new(MAX_OUTPUT);
        let wizer = wizer(settings, init);
        // Here: what compiles waits for other threads of the pool that this one belongs to.
        let compiled = catch_panic(|| instrumented(&wizer, &engine, what.wasm.0))
            .map_err(|panic| error(format!("Wizer panicked: {panic}")))?
            .map_err(|e| error(reason(&e)))?;
        for (new, old) in settings.rename.iter().flatten() {
            if compiled.get_export(old).is_none() {
                let message = format!("there is no export `{old}` to take the place of `{new}`");
                return Err(error(message).help("change `preinit.rename`"));
            }
        }
        let job = Job {
            engine: engine.clone(),
            wasm: what.wasm.0.to_vec(),
            module: compiled,
            wizer,
            output: output.clone(),
            settings: settings.clone(),
            init: init.into(),
            folder: folder.into(),
        };
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
            Ok(Ok(Err(e))) => Err(error(reason(&e))),
            Ok(Err(panic)) => Err(error(format!("Wizer panicked: {panic}"))),
            Err(_) => Err(error(format!("{}: it waits in a call of WASI", too_long()))),
        }
    }

    /// Wasmtime's backtraces stand below what happened.
    fn reason(error: &Error) -> String {
        match error.downcast_ref::<I32Exit>() {
            Some(exit) => format!("the module exited with status {} while it initialized", exit.0),
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

    fn wizer(settings: &Preinit, init: &str) -> Wizer {
        let mut wizer = Wizer::new();
        wizer.init_func(init).keep_init_func(settings.keep_init.unwrap_or(false));
        for (new, old) in settings.rename.iter().flatten() {
            wizer.func_rename(new, old);
        }
        wizer
    }

    /// The module, with all of its state exported.
    fn instrumented(wizer: &Wizer, engine: &Engine, wasm: &[u8]) -> Result<Module> {
        let (_, instrumented) = wizer.instrument(wasm)?;
        #[expect(clippy::disallowed_methods, reason = "this one is run here and now")]
        Module::new(engine, &instrumented)
    }

    struct Job {
        engine: Engine,
        wasm: Vec<u8>,
        module: Module,
        wizer: Wizer,
        output: MemoryOutputPipe,
        settings: Preinit,
        init: String,
        folder: PathBuf,
    }

    struct State {
        wasi: WasiP1Ctx,
        memory: Memory,
    }

    /// How much its linear memories have and may have, in bytes.
    struct Memory {
        used: usize,
        most: usize,
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
                "the module wants more than {} MiB of memory, which `preinit.max-memory-mib` allows",
                self.most >> 20
            );
            Ok(true)
        }

        fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
            Ok(desired <= MAX_TABLE)
        }
    }

    impl Job {
        fn run(&self) -> Result<Vec<u8>> {
            let (context, _) = self.wizer.instrument(&self.wasm)?;
            let mut store = self.store()?;
            let instance = self.initialize(&mut store)?;
            ready(self.wizer.snapshot(&context, &mut Instantiated { store, instance }))?
        }

        fn store(&self) -> Result<Store<State>> {
            let mut wasi = WasiCtxBuilder::new();
            wasi.stdout(self.output.clone())
                .stderr(self.output.clone())
                .allow_blocking_current_thread(true);
            wasi.wall_clock(Clock::default()).monotonic_clock(Clock::default());
            wasi.secure_random(random()).insecure_random(random()).insecure_random_seed(0);
            for (guest, host) in self.settings.dirs.iter().flatten() {
                let host = self.folder.join(host);
                wasi.preopened_dir(&host, guest, FsPerms::ReadOnly)
                    .with_context(|| format!("cannot open the folder `{}`", host.display()))?;
            }
            if let Some(path) = &self.settings.stdin {
                wasi.stdin(MemoryInputPipe::new(crate::fs::read(&self.folder.join(path))?));
            }
            for (name, value) in self.settings.env.iter().flatten() {
                wasi.env(name, value);
            }
            wasi.args(self.settings.args.as_deref().unwrap_or_default());
            let memory = Memory { used: 0, most: self.settings.memory() };
            let mut store = Store::new(&self.engine, State { wasi: wasi.build_p1(), memory });
            store.limiter(|state| &mut state.memory);
            store.set_epoch_deadline(1);
            Ok(store)
        }

        fn initialize(&self, store: &mut Store<State>) -> Result<Instance> {
            let mut linker = Linker::new(&self.engine);
            if self.settings.wasi.unwrap_or(true) {
                wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |state: &mut State| {
                    &mut state.wasi
                })?;
            }
            // Fine as long as they are not called.
            linker.define_unknown_imports_as_traps(&self.module)?;
            let instance = linker.instantiate(&mut *store, &self.module)?;
            if self.init != "_initialize"
                && let Ok(reactor) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize")
            {
                reactor.call(&mut *store, ()).context("calling `_initialize`")?;
            }
            let init: TypedFunc<(), ()> =
                instance.get_typed_func(&mut *store, &self.init).with_context(|| {
                    format!("the export `{}` cannot initialize the module", self.init)
                })?;
            init.call(&mut *store, ()).with_context(|| format!("calling `{}`", self.init))?;
            Ok(instance)
        }
    }

    /// Wizer's look at what an instance has become.
    struct Instantiated {
        store: Store<State>,
        instance: Instance,
    }

    impl InstanceState for Instantiated {
        #[expect(
            clippy::panic,
            reason = "Wizer asks only for what it exported itself, of these types"
        )]
        async fn global_get(&mut self, name: &str, _: wasmtime_wizer::ValType) -> SnapshotVal {
            let global = self.instance.get_global(&mut self.store, name);
            match global.map(|global| global.get(&mut self.store)) {
                Some(Val::I32(value)) => SnapshotVal::I32(value),
                Some(Val::I64(value)) => SnapshotVal::I64(value),
                Some(Val::F32(value)) => SnapshotVal::F32(value),
                Some(Val::F64(value)) => SnapshotVal::F64(value),
                Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
                other => panic!("global `{name}` is {other:?}"),
            }
        }

        async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
            if let Some(memory) = self.instance.get_memory(&mut self.store, name) {
                contents(memory.data(&self.store));
            }
        }
    }

    /// The result of a future that never waits.
    fn ready<T>(future: impl Future<Output = T>) -> Result<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => wasmtime::bail!("Wizer waits"),
        }
    }

    /// Begins at zero, and goes on a millisecond at each look.
    #[derive(Default)]
    struct Clock(AtomicU64);

    impl Clock {
        fn milliseconds(&self) -> u64 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    impl HostWallClock for Clock {
        fn resolution(&self) -> Duration {
            Duration::from_millis(1)
        }

        fn now(&self) -> Duration {
            Duration::from_millis(self.milliseconds())
        }
    }

    impl HostMonotonicClock for Clock {
        fn resolution(&self) -> u64 {
            1_000_000
        }

        fn now(&self) -> u64 {
            self.milliseconds() * 1_000_000
        }
    }

    /// The same numbers each time.
    fn random() -> Deterministic {
        let mut bytes = vec![0; 4096];
        blake3::Hasher::new_derive_key("wasmport preinit random v1")
            .finalize_xof()
            .fill(&mut bytes);
        Deterministic::new(bytes)
    }
}
