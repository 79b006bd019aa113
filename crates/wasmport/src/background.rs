//! `Loading`: assets that are loaded while the program does something else.

use crate::{Asset, Error, LoadedAsset, Result, Runtime};
use std::collections::VecDeque;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Assets that are being loaded on threads of their own: poll it, wait for it, or await it.
///
/// What is loaded is in the [`Runtime`] too, so that sessions of these assets start at once. Dropping
/// it ends it after the assets that are being loaded.
///
/// ```no_run
/// # fn f(runtime: &wasmport::Runtime, assets: &[&'static wasmport::Asset]) -> wasmport::Result<()> {
/// let loading = runtime.load_in_background(assets.iter().copied());
/// while !loading.is_done() {
///     println!("{:.0} %", loading.progress().fraction() * 100.0);
///     // … draw a frame …
/// }
/// for loaded in loading.wait() {
///     println!("{} is ready", loaded?.asset().name());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Loading(Arc<Shared>);

/// How far a [`Loading`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// How many assets were loaded, or failed to.
    pub assets: usize,
    /// Of how many.
    pub assets_total: usize,
    /// Bytes of the artifacts of those assets.
    pub bytes: u64,
    /// Of how many.
    pub bytes_total: u64,
}

impl LoadProgress {
    /// Between 0 and 1, by bytes.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        if self.assets == self.assets_total {
            return 1.0;
        }
        self.bytes as f64 / self.bytes_total.max(1) as f64
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    results: Vec<Option<Result<LoadedAsset>>>,
    progress: LoadProgress,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Job {
    index: usize,
    asset: Asset,
    bytes: u64,
}

impl Runtime {
    /// Loads assets on threads of their own: as many as there are processors, at most.
    ///
    /// Where nothing was loaded before, they decide the back end together, if one can run them all.
    pub fn load_in_background<'a>(&self, assets: impl IntoIterator<Item = &'a Asset>) -> Loading {
        let mut state = State::default();
        let assets: Vec<&Asset> = assets.into_iter().collect();
        // Else each is refused or not by the one that the first decides.
        self.choose_for(&assets);
        for (index, asset) in assets.into_iter().enumerate() {
            let bytes = self.choice(asset).chosen().map_or(0, crate::Artifact::bytes);
            state.progress.bytes_total += bytes;
            state.waiting.push_back(Job { index, asset: asset.clone(), bytes });
            state.results.push(None);
        }
        let assets = state.results.len();
        state.progress.assets_total = assets;
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(assets);
        for _ in 0..threads {
            let (runtime, jobs) = (self.clone(), Arc::clone(&shared));
            let work = move || jobs.work(&runtime);
            let thread = thread::Builder::new().name("wasmport-load".into()).spawn(work);
            if thread.is_err() {
                // A system without threads loads all the same.
                shared.work(self);
            }
        }
        Loading(shared)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic is done under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, runtime: &Runtime) {
        loop {
            let Some(Job { index, asset, bytes }) = self.state().waiting.pop_front() else {
                return;
            };
            // An `AssetSource` is the program's own code.
            let load = AssertUnwindSafe(|| runtime.load_any(&asset));
            let result = catch_unwind(load).unwrap_or_else(|_| Err(panicked(&asset)));
            let mut state = self.state();
            if let Some(slot) = state.results.get_mut(index) {
                *slot = Some(result);
            }
            state.progress.assets += 1;
            state.progress.bytes += bytes;
            let waker = if state.is_done() { state.waker.take() } else { None };
            drop(state);
            self.changed.notify_all();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

fn panicked(asset: &Asset) -> Error {
    Error::Wasm(wasmtime::format_err!("loading the asset `{}` panicked", asset.name()))
}

impl State {
    fn is_done(&self) -> bool {
        self.progress.assets == self.progress.assets_total
    }

    /// All results, once.
    fn take(&mut self) -> Vec<Result<LoadedAsset>> {
        std::mem::take(&mut self.results).into_iter().flatten().collect()
    }
}

impl Loading {
    /// Whether all assets were loaded or failed to.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.state().is_done()
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> LoadProgress {
        self.0.state().progress
    }

    /// Waits until all are done; what became of each, in the order they were named.
    #[must_use]
    pub fn wait(self) -> Vec<Result<LoadedAsset>> {
        let mut state = self.0.state();
        while !state.is_done() {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.take()
    }
}

impl Future for Loading {
    type Output = Vec<Result<LoadedAsset>>;

    /// What became of each, in the order they were named.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state();
        if state.is_done() {
            return Poll::Ready(state.take());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        self.0.state().waiting.clear();
    }
}
