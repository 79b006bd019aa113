//! `Slot`: the current code of one plug-in, which can be replaced while it runs.

mod replaced;

pub use replaced::Replaced;

use crate::engine::Limits;
use crate::error::{Error, Result};
use crate::runtime::Loaded;
use crate::session::{
    Generation, Generations, LinkedSession, Running, SessionData, SessionLinker, SessionPre,
    TypedSession,
};
use crate::wrapper::Wrapper;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use wasmtime::Store;

/// The current code of one plug-in. [`replace`](Self::replace) checks other code, lets the program accept it, and only
/// then swaps it: sessions that start afterwards have the new code, and those that run end on the old. Clones are the
/// same slot.
///
/// ```no_run
/// # use wasmport::{Loaded, Result, SessionLinker, Slot, TypedSession, Wrapper};
/// # fn f<S: TypedSession<Data = ()> + 'static>(
/// #     linker: SessionLinker<S>,
/// #     first: &Loaded<<S::Wrapper as Wrapper>::Code>,
/// #     second: &Loaded<<S::Wrapper as Wrapper>::Code>,
/// # ) -> Result<()> {
/// let slot = Slot::new(linker);
/// let accept = |candidate: &wasmport::SessionPre<S>| candidate.start(()).map(drop);
/// slot.replace(first, accept)?;
/// let session = slot.start(())?;
/// // Bad code changes nothing.
/// if let Err(error) = slot.replace(second, accept) {
///     println!("the old code goes on: {error:#}");
/// }
/// # drop(session);
/// # Ok(())
/// # }
/// ```
pub struct Slot<S: TypedSession>(Arc<SlotShared<S>>);

/// The code of a slot's sessions.
type LoadedOf<S> = Loaded<<<S as TypedSession>::Wrapper as Wrapper>::Code>;

/// Links code that has the interface.
type Link<S> = Box<dyn Fn(&LoadedOf<S>) -> Result<SessionPre<S>> + Send + Sync>;

struct SlotShared<S: TypedSession> {
    link: Link<S>,
    current: RwLock<Option<SessionPre<S>>>,
    generations: Arc<Generations>,
    /// Limits of the sessions that are started to accept code.
    load_limits: Mutex<Option<Limits>>,
    /// The number of the last replacement; held while code is replaced: one replacement after the other.
    replacing: Mutex<u64>,
    /// The report of the last replacement.
    last: Mutex<Option<Replaced>>,
}

impl<S: TypedSession> Clone for Slot<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Locks a mutex: a panic of the program's closures leaves what it guards as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: TypedSession> Slot<S> {
    /// Creates an empty slot for code that a linker links.
    #[must_use]
    pub fn new(linker: SessionLinker<S>) -> Self
    where
        S: 'static,
    {
        Self::with_link(move |loaded| linker.link(loaded))
    }

    /// Creates an empty slot for code whose imports the session's data implements. Each code is linked by itself;
    /// [`new`](Self::new) defines the imports once.
    #[must_use]
    pub fn linked() -> Self
    where
        S: LinkedSession + 'static,
    {
        Self::with_link(SessionPre::of)
    }

    /// Creates an empty slot for code that `link` links.
    pub fn with_link(
        link: impl Fn(&LoadedOf<S>) -> Result<SessionPre<S>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(SlotShared {
            link: Box::new(link),
            current: RwLock::default(),
            generations: Arc::default(),
            load_limits: Mutex::default(),
            replacing: Mutex::default(),
            last: Mutex::default(),
        }))
    }

    /// Sets the limits of the sessions that are started to accept code, such as a shorter time. Default: those of the
    /// runtime that loaded the code.
    #[must_use]
    pub fn load_limits(self, limits: Limits) -> Self {
        *lock(&self.0.load_limits) = Some(limits);
        self
    }

    /// Replaces the code, if other code has the interface and `accept` accepts it. The closure starts sessions of the
    /// candidate, which has the [load limits](Self::load_limits), initializes and asks them, and decides. Until it returns,
    /// and if anything fails, new sessions have the old code. Other replacements wait: the closure replaces no code of
    /// this slot.
    ///
    /// Returns the report of the replacement, which [`last`](Self::last) returns too.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`] or [`Error::Version`] if the code has another interface, with
    /// [`Error::NotMetered`] if the engine does not meter what the load limits bound, and with the error of `accept`.
    pub fn replace(
        &self,
        loaded: &LoadedOf<S>,
        accept: impl FnOnce(&SessionPre<S>) -> Result<()>,
    ) -> Result<Replaced> {
        let mut replaced = lock(&self.0.replacing);
        let began = Instant::now();
        let number = *replaced + 1;
        let place = Generation::new(&self.0.generations, number);
        let pre = (self.0.link)(loaded)?.with_generation(place);
        // Not locked while the program accepts it.
        let load_limits = *lock(&self.0.load_limits);
        match load_limits {
            Some(limits) => {
                let bounded = loaded.runtime().with_limits(limits)?;
                accept(&pre.with_runtime(&bounded))?;
            }
            None => accept(&pre)?,
        }
        let took = began.elapsed();
        *replaced = number;
        let source = loaded.asset().source_digest();
        let old = {
            let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
            current.replace(pre)
        };
        let previous = old.as_ref().map(|old| old.loaded().asset().source_digest());
        // Freeing code takes long.
        drop(old);
        let asset = loaded.asset().name().to_owned();
        let report = Replaced { asset, generation: number, source, previous, took };
        *lock(&self.0.last) = Some(report.clone());
        Ok(report)
    }

    /// Returns the code of new sessions, linked; none if the slot is empty. Sessions that it starts, such as those of a
    /// [`Pool`](crate::Pool) or a [`Handle`](crate::Handle), count for [`old_sessions`](Self::old_sessions).
    #[must_use]
    pub fn current(&self) -> Option<SessionPre<S>> {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Returns the number of the current code: how often code was replaced. 0 if the slot is empty.
    #[must_use]
    pub fn generation(&self) -> u64 {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().and_then(SessionPre::generation).map_or(0, Generation::number)
    }

    /// Returns the report of the last replacement; none if the slot is empty.
    #[must_use]
    pub fn last(&self) -> Option<Replaced> {
        lock(&self.0.last).clone()
    }

    /// Takes the code, and counts a session before other code can replace it.
    fn begin(&self) -> Result<(SessionPre<S>, Option<Running>)> {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        let pre = current.clone().ok_or(Error::EmptySlot)?;
        let running = pre.generation().map(Generation::begin);
        Ok((pre, running))
    }

    /// Starts a session of the current code, which it has until it ends.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::EmptySlot`] if there is no code yet, and like [`SessionPre::start`].
    pub fn start(&self, data: S::Data) -> Result<S> {
        self.start_with(data, |_| Ok(()))
    }

    /// Starts a session of the current code, after `prepare` has changed its store: for a WASI context of its own.
    ///
    /// # Errors
    ///
    /// Fails like [`start`](Self::start), and with the error of `prepare`.
    pub fn start_with(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<S> {
        let (pre, _running) = self.begin()?;
        pre.start_with(data, prepare)
    }

    /// Async version of [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// Fails like [`start`](Self::start).
    #[cfg(feature = "async")]
    pub async fn start_async(&self, data: S::Data) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        self.start_with_async(data, |_| Ok(())).await
    }

    /// Async version of [`start_with`](Self::start_with).
    ///
    /// # Errors
    ///
    /// Fails like [`start_with`](Self::start_with).
    #[cfg(feature = "async")]
    pub async fn start_with_async(
        &self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<S>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        let (pre, _running) = self.begin()?;
        pre.start_with_async(data, prepare).await
    }

    /// Returns how many sessions of replaced code run, whoever keeps them.
    #[must_use]
    pub fn old_sessions(&self) -> usize {
        self.0.generations.older_than(self.generation())
    }

    /// Waits until no session of replaced code runs, at most for `timeout`. Returns how many still run.
    pub fn drain(&self, timeout: Duration) -> usize {
        self.0.generations.wait(self.generation(), timeout)
    }
}

impl<S: TypedSession> fmt::Debug for Slot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("generation", &self.generation()).finish_non_exhaustive()
    }
}
