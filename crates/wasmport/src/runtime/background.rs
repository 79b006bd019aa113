//! `Loading`: assets that load in the background.

use super::handle::Runtime;
#[cfg(feature = "compile")]
use super::loaded::Loaded;
use super::loaded::LoadedAsset;
use crate::asset::{AnyAsset, Artifact};
#[cfg(feature = "compile")]
use crate::code::Code;
#[cfg(feature = "compile")]
use crate::dynamic::DynamicAsset;
use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Assets that load on threads of their own: poll it, wait for it, or await it.
///
/// The [`Runtime`] has the loaded assets too, so that their sessions start at once. Dropping it cancels
/// the assets whose load has not begun. One whose code is being compiled in this process goes on, and is dropped.
///
/// ```no_run
/// # fn f(runtime: &wasmport::Runtime, assets: &[&wasmport::AnyAsset]) -> wasmport::Result<()> {
/// let loading = runtime.load_in_background(assets);
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
pub struct Loading<L = LoadedAsset>(Arc<LoadQueue<L>>);

/// The progress of a [`Loading`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadProgress {
    /// Number of assets that loaded or failed.
    pub assets: usize,
    /// Number of all assets.
    pub assets_total: usize,
    /// Bytes of the artifacts that loaded or failed, or of the WebAssembly of dynamic assets.
    pub bytes: u64,
    /// Bytes of all of them.
    pub bytes_total: u64,
}

impl LoadProgress {
    /// Returns the progress between 0 and 1, by bytes.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        if self.assets == self.assets_total {
            return 1.0;
        }
        self.bytes as f64 / self.bytes_total.max(1) as f64
    }
}

/// The state that a [`Loading`] shares with its threads.
#[derive(Debug)]
struct LoadQueue<L> {
    jobs: Mutex<LoadJobs<L>>,
    changed: Condvar,
}

#[derive(Debug)]
struct LoadJobs<L> {
    waiting: VecDeque<LoadJob<L>>,
    results: Vec<Option<Result<L>>>,
    progress: LoadProgress,
    waker: Option<Waker>,
}

struct LoadJob<L> {
    index: usize,
    name: String,
    bytes: u64,
    load: Load<L>,
}

impl<L> fmt::Debug for LoadJob<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadJob").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Loads assets of either kind on threads of their own, at most one per processor. Elements are
    /// [`Asset`](crate::Asset)s or [`AnyAsset`]s, such as those of the generated `ASSETS`.
    ///
    /// If no asset was loaded before, a back end that runs all of them is chosen, if there is one.
    pub fn load_in_background(&self, assets: impl IntoIterator<Item: AsRef<AnyAsset>>) -> Loading {
        let assets: Vec<AnyAsset> = assets.into_iter().map(|a| a.as_ref().clone()).collect();
        if !assets.is_empty() {
            // If none runs all, each asset is checked against the back end of the first.
            let _ = self.shared.engine_for(&assets.iter().collect::<Vec<_>>());
        }
        let jobs = assets.into_iter().map(|asset| {
            let bytes = self.choice(&asset).chosen().map_or(0, Artifact::bytes);
            let name = asset.name().to_owned();
            (name, bytes, Box::new(move |runtime: &Self| runtime.load_any(&asset)) as Load<_>)
        });
        self.start_loading(jobs.collect())
    }

    /// Compiles assets that were not imported on threads of their own, at most one per processor.
    #[cfg(feature = "compile")]
    pub fn load_dynamic_in_background<C: Code>(
        &self,
        assets: impl IntoIterator<Item = DynamicAsset<C>>,
    ) -> Loading<Loaded<C>> {
        let jobs = assets.into_iter().map(|asset| {
            let (name, bytes) = (asset.name().to_owned(), asset.bytes());
            (name, bytes, Box::new(move |runtime: &Self| runtime.load_dynamic(&asset)) as Load<_>)
        });
        self.start_loading(jobs.collect())
    }

    fn start_loading<L: Send + 'static>(&self, jobs: Vec<(String, u64, Load<L>)>) -> Loading<L> {
        let count = jobs.len();
        let progress = LoadProgress {
            assets_total: count,
            bytes_total: jobs.iter().map(|(_, bytes, _)| bytes).sum(),
            ..LoadProgress::default()
        };
        let waiting = jobs.into_iter().enumerate();
        let waiting = waiting
            .map(|(index, (name, bytes, load))| LoadJob { index, name, bytes, load })
            .collect();
        let results = (0..count).map(|_| None).collect();
        let jobs = Mutex::new(LoadJobs { waiting, results, progress, waker: None });
        let queue = Arc::new(LoadQueue { jobs, changed: Condvar::new() });
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(count);
        for _ in 0..threads {
            let (runtime, jobs) = (self.clone(), Arc::clone(&queue));
            let work = move || jobs.work(&runtime);
            let thread = thread::Builder::new().name("wasmport-load".into()).spawn(work);
            if thread.is_err() {
                // Without threads, this one loads them.
                queue.work(self);
            }
        }
        Loading(queue)
    }
}

/// The work of a job.
type Load<L> = Box<dyn FnOnce(&Runtime) -> Result<L> + Send>;

impl<L> LoadQueue<L> {
    fn jobs(&self) -> MutexGuard<'_, LoadJobs<L>> {
        // No code under this lock panics.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, runtime: &Runtime) {
        loop {
            let Some(job) = self.jobs().waiting.pop_front() else { return };
            let LoadJob { index, name, bytes, load } = job;
            // The program's own `AssetSource` may panic.
            let load = AssertUnwindSafe(|| load(runtime));
            let result = catch_unwind(load).unwrap_or_else(|_| Err(panicked(&name)));
            let mut jobs = self.jobs();
            if let Some(entry) = jobs.results.get_mut(index) {
                *entry = Some(result);
            }
            jobs.progress.assets += 1;
            jobs.progress.bytes += bytes;
            let waker = if jobs.is_done() { jobs.waker.take() } else { None };
            drop(jobs);
            self.changed.notify_all();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

fn panicked(asset: &str) -> Error {
    Error::Wasm(wasmtime::format_err!("loading the asset `{asset}` panicked"))
}

impl<L> LoadJobs<L> {
    fn is_done(&self) -> bool {
        self.progress.assets == self.progress.assets_total
    }

    /// Takes all results.
    fn take(&mut self) -> Vec<Result<L>> {
        std::mem::take(&mut self.results).into_iter().flatten().collect()
    }
}

impl<L> Loading<L> {
    /// Returns whether all assets loaded or failed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.jobs().is_done()
    }

    /// Returns the progress.
    #[must_use]
    pub fn progress(&self) -> LoadProgress {
        self.0.jobs().progress
    }

    /// Waits for all assets, and returns their results in the order of the assets.
    #[must_use]
    pub fn wait(self) -> Vec<Result<L>> {
        self.wait_until_done();
        self.take()
    }

    /// Waits for all assets.
    pub(super) fn wait_until_done(&self) {
        let mut jobs = self.0.jobs();
        while !jobs.is_done() {
            jobs = self.0.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the results that are there.
    pub(super) fn take(&self) -> Vec<Result<L>> {
        self.0.jobs().take()
    }
}

impl<L> Future for Loading<L> {
    type Output = Vec<Result<L>>;

    /// Resolves to the results in the order of the assets.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut jobs = self.0.jobs();
        if jobs.is_done() {
            return Poll::Ready(jobs.take());
        }
        jobs.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<L> Drop for Loading<L> {
    fn drop(&mut self) {
        self.0.jobs().waiting.clear();
    }
}
