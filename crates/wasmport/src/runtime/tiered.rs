//! `Tiered`: code that runs at once, and better code behind it.

use super::background::Loading;
use super::handle::Runtime;
use super::loaded::Loaded;
use crate::code::Code;
use crate::dynamic::{DynamicAsset, Tier};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    runtime: Runtime,
    state: Mutex<State<C>>,
    first: Tier,
    baseline_took: Duration,
}

struct State<C> {
    current: Loaded<C>,
    better: Better<C>,
    began: Instant,
}

/// The better code.
enum Better<C> {
    /// It is compiled from this asset, whose source is in memory.
    Loading(DynamicAsset<C>, Arc<Loading<Loaded<C>>>),
    /// It could not be compiled. The reason is there until it is returned.
    Failed(DynamicAsset<C>, Option<Error>),
    /// It is that of new sessions after this time.
    Current(Duration),
}

/// How far a [`Tiered`] asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierReport {
    /// The tier of new sessions.
    pub tier: Tier,
    /// The tier of the first code.
    pub first: Tier,
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
        // Both tiers are of one source, also if the file is replaced meanwhile.
        let asset = asset.in_memory()?;
        let optimized = asset.clone().tier(Tier::Optimized);
        let (current, first, better) = match self.load_found(&optimized)? {
            Some(current) => (current, Tier::Optimized, Better::Current(began.elapsed())),
            None => {
                let tier = match asset.chosen_tier() {
                    Tier::Winch => Tier::Winch,
                    Tier::Baseline | Tier::Optimized => Tier::Baseline,
                };
                let current = self.load_dynamic(&asset.tier(tier))?;
                let is_winch = current.runtime().is_winch();
                let first = if is_winch { Tier::Winch } else { Tier::Baseline };
                let loading = self.load_dynamic_in_background([optimized.clone()]);
                (current, first, Better::Loading(optimized, Arc::new(loading)))
            }
        };
        let baseline_took = began.elapsed();
        let state = Mutex::new(State { current, better, began });
        Ok(Tiered { runtime: self.clone(), state, first, baseline_took })
    }

    /// Returns the code of an asset, if memory or its cache has it.
    fn load_found<C: Code>(&self, asset: &DynamicAsset<C>) -> Result<Option<Loaded<C>>> {
        if asset.kept_digest().is_some() {
            return self.load_dynamic(asset).map(Some);
        }
        self.find_job(asset, &self.job(asset)?)
    }
}

impl<C: Code> Tiered<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        // Nothing under this lock panics or waits.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take_loaded();
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
        matches!(self.state().better, Better::Current(_))
    }

    /// Waits for the optimized code, and returns it. After a failure, the next call tries again, from the same source.
    ///
    /// # Errors
    ///
    /// Fails like [`Runtime::load_dynamic`]; the code for new sessions stays what it was.
    pub fn optimized(&self) -> Result<Loaded<C>> {
        let loading = match &self.state().better {
            Better::Loading(_, loading) => Some(Arc::clone(loading)),
            Better::Failed(..) | Better::Current(_) => None,
        };
        // Others ask for the current code meanwhile.
        if let Some(loading) = loading {
            loading.wait_until_done();
        }
        let again = {
            let mut state = self.state();
            let State { current, better, .. } = &mut *state;
            match better {
                Better::Current(_) => return Ok(current.clone()),
                Better::Loading(asset, _) => asset.clone(),
                Better::Failed(asset, reason) => match reason.take() {
                    Some(error) => return Err(error),
                    None => asset.clone(),
                },
            }
        };
        let better = self.runtime.load_dynamic(&again)?;
        self.state().set(better.clone());
        Ok(better)
    }

    /// Returns how far it is.
    #[must_use]
    pub fn report(&self) -> TierReport {
        let (first, baseline) = (self.first, self.baseline_took);
        let (tier, optimized) = match self.state().better {
            Better::Current(took) => (Tier::Optimized, Some(took)),
            Better::Loading(..) | Better::Failed(..) => (first, None),
        };
        TierReport { tier, first, baseline, optimized }
    }
}

impl<C: Code> State<C> {
    /// Makes the better code that of new sessions, if it was compiled.
    fn take_loaded(&mut self) {
        let Better::Loading(asset, loading) = &self.better else { return };
        if !loading.is_done() {
            return;
        }
        match loading.take().pop() {
            Some(Ok(better)) => self.set(better),
            failed => {
                let reason = failed.and_then(Result::err);
                self.better = Better::Failed(asset.clone(), reason);
            }
        }
    }

    fn set(&mut self, better: Loaded<C>) {
        self.current = better;
        self.better = Better::Current(self.began.elapsed());
    }
}

impl<C> fmt::Debug for Tiered<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered").field("baseline_took", &self.baseline_took).finish_non_exhaustive()
    }
}
