//! `Tiered`: code that runs at once, and better code behind it.

use super::background::Loading;
use super::handle::Runtime;
use super::loaded::Loaded;
use crate::code::Code;
use crate::dynamic::{DynamicAsset, Tier};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A dynamic asset whose code was compiled fast, while better code is compiled behind it. Both give the same results.
///
/// [`current`](Self::current) is the code for new sessions; those that run keep theirs. A [`Slot`](crate::Slot) takes it
/// again when it [is optimized](Self::is_optimized).
///
/// ```no_run
/// # fn f(runtime: &wasmport::Runtime, plugin: &wasmport::DynamicAsset) -> wasmport::Result<()> {
/// let plugin = runtime.load_dynamic_tiered(plugin)?;
/// let first = plugin.current();
/// // … sessions run …
/// println!("{:?}", plugin.report());
/// # let _ = first;
/// # Ok(())
/// # }
/// ```
pub struct Tiered<C> {
    state: Mutex<State<C>>,
    baseline_took: Duration,
}

struct State<C> {
    current: Loaded<C>,
    /// The better code, while it is compiled.
    loading: Option<Loading<Loaded<C>>>,
    /// The reason why there is no better code.
    failed: Option<Error>,
    began: Instant,
    optimized_took: Option<Duration>,
}

/// How far a [`Tiered`] asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierReport {
    /// The tier of new sessions.
    pub tier: Tier,
    /// The time that the first code took.
    pub baseline: Duration,
    /// The time from the beginning until the program noticed the better code, if there is any.
    pub optimized: Option<Duration>,
}

impl Runtime {
    /// Compiles an asset fast, by Winch if that is its [`tier`](DynamicAsset::tier), and again with the optimizing compiler
    /// on a thread of its own. If its [`cache`](DynamicAsset::cache) has the optimized code, that is loaded alone.
    ///
    /// # Errors
    ///
    /// Fails like [`load_dynamic`](Self::load_dynamic).
    pub fn load_dynamic_tiered<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Tiered<C>> {
        let began = Instant::now();
        let optimized = asset.clone().tier(Tier::Optimized);
        let (current, is_optimized) = match self.load_cached(&optimized)? {
            Some(current) => (current, true),
            None => {
                let tier = match asset.chosen_tier() {
                    Tier::Winch => Tier::Winch,
                    Tier::Baseline | Tier::Optimized => Tier::Baseline,
                };
                (self.load_dynamic(&asset.clone().tier(tier))?, false)
            }
        };
        let loading = (!is_optimized).then(|| self.load_dynamic_in_background([optimized]));
        let baseline_took = began.elapsed();
        let optimized_took = is_optimized.then_some(baseline_took);
        let state = State { current, loading, failed: None, began, optimized_took };
        Ok(Tiered { state: Mutex::new(state), baseline_took })
    }

    /// Loads an asset if its cache appears to have the code.
    fn load_cached<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Option<Loaded<C>>> {
        if asset.kept_digest().is_some() {
            return self.load_dynamic(asset).map(Some);
        }
        let job = self.job(asset)?;
        let is_cached = asset.cache_folder().is_some_and(|cache| job.is_in(cache));
        is_cached.then(|| self.load_job(asset, &job)).transpose()
    }
}

impl<C: Code> Tiered<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        // Nothing under this lock panics.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.loading.as_ref().is_some_and(Loading::is_done) {
            state.finish();
        }
        state
    }

    /// Returns the code for new sessions: the optimized one as soon as there is any.
    #[must_use]
    pub fn current(&self) -> Loaded<C> {
        self.state().current.clone()
    }

    /// Returns whether new sessions have optimized code.
    #[must_use]
    pub fn is_optimized(&self) -> bool {
        self.state().optimized_took.is_some()
    }

    /// Waits for the optimized code, and returns it.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load_dynamic`]; the code for new sessions stays what it was.
    pub fn optimized(&self) -> Result<Loaded<C>> {
        let mut state = self.state();
        state.finish();
        match state.failed.take() {
            Some(error) => Err(error),
            None => Ok(state.current.clone()),
        }
    }

    /// Returns how far it is.
    #[must_use]
    pub fn report(&self) -> TierReport {
        let state = self.state();
        let optimized = state.optimized_took;
        let tier = match optimized {
            Some(_) => Tier::Optimized,
            None if state.current.runtime().is_winch() => Tier::Winch,
            None => Tier::Baseline,
        };
        TierReport { tier, baseline: self.baseline_took, optimized }
    }
}

impl<C> State<C> {
    /// Waits for the better code, and makes it that of new sessions.
    fn finish(&mut self) {
        match self.loading.take().and_then(|loading| loading.wait().pop()) {
            Some(Ok(better)) => {
                self.current = better;
                self.optimized_took = Some(self.began.elapsed());
            }
            Some(Err(error)) => self.failed = Some(error),
            None => {}
        }
    }
}

impl<C> fmt::Debug for Tiered<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered").field("baseline_took", &self.baseline_took).finish_non_exhaustive()
    }
}
