//! `Pool`, the permits that it hands out, and their sessions.

use super::reuse::{Idle, Reuse};
use crate::asset::AnyAsset;
use crate::code::Operations as _;
use crate::error::{Error, Result};
use crate::semaphore::{Acquired, Semaphore};
use crate::session::{SessionData, SessionPre, TypedSession};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;

/// Sessions for requests: each has a **fresh** instance, unless the pool is one that [reuses](Self::reusing) them, and
/// there are never more at once than the pool is large. Clones share it; it has no thread of its own.
///
/// The asset is loaded and linked once, in a [`SessionPre`]; beyond a new store and an instance, a
/// request costs a lock. With [`RuntimeOptions::pooling`](crate::RuntimeOptions::pooling) store and
/// instance take a few microseconds. Nothing remains of a session that has ended or failed: the next one
/// sees none of its memory, tables or globals.
pub struct Pool<S: TypedSession>(Arc<PoolShared<S>>);

struct PoolShared<S: TypedSession> {
    pre: SessionPre<S>,
    semaphore: Arc<Semaphore>,
    sessions: usize,
    /// Ended sessions that are used again, if the program wants that.
    idle: Option<Arc<dyn Idle<S>>>,
}

impl<S: TypedSession> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: TypedSession> Pool<S> {
    /// Creates a pool of at most `sessions` sessions at once, and at least one.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Pooling`] if the runtime's pooling allocator reserves space for fewer.
    pub fn new(pre: SessionPre<S>, sessions: usize) -> Result<Self> {
        Self::with_idle(pre, sessions, None)
    }

    /// Creates a pool whose sessions stay alive when they are handed back, for guests whose start takes long. `reset`
    /// makes one as new for the next request, such as by a function of the guest: **what it leaves behind, the next
    /// request sees**. A session that failed, or whose reset fails, is dropped. One that is unused for longer than
    /// `unused` is dropped when another is taken or handed back, or by [`trim`](Self::trim).
    ///
    /// A session that is handed back leaves the groups and budgets that it has joined, and has the fuel and the limits of
    /// the runtime again; one that is used again gets new data. The system of WASI stays the one that it was started with,
    /// unless `start_with` sets another.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use wasmport::{Pool, Result, SessionPre, TypedSession};
    /// # fn f<S: TypedSession + Send + 'static>(pre: SessionPre<S>) -> Result<()> {
    /// let pool = Pool::reusing(pre, 8, Duration::from_secs(60), |_session| Ok(()))?;
    /// # let _ = pool;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails like [`new`](Self::new).
    pub fn reusing(
        pre: SessionPre<S>,
        sessions: usize,
        unused: Duration,
        reset: impl Fn(&mut S) -> wasmtime::Result<()> + Send + Sync + 'static,
    ) -> Result<Self>
    where
        S: Send + 'static,
    {
        let reuse = Reuse::new(pre.runtime(), reset, unused);
        Self::with_idle(pre, sessions, Some(Arc::new(reuse)))
    }

    fn with_idle(
        pre: SessionPre<S>,
        sessions: usize,
        idle: Option<Arc<dyn Idle<S>>>,
    ) -> Result<Self> {
        let sessions = sessions.max(1);
        check_pooling(&pre, sessions as u64)?;
        Ok(Self(Arc::new(PoolShared { pre, semaphore: Semaphore::new(sessions), sessions, idle })))
    }

    /// Drops sessions that were handed back and are unused for longer than `unused`. Returns how many.
    pub fn trim(&self, unused: Duration) -> usize {
        self.0.idle.as_ref().map_or(0, |idle| idle.trim(unused))
    }

    /// Returns how many sessions were handed back and wait for the next request.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.0.idle.as_ref().map_or(0, |idle| idle.count())
    }

    /// Waits for a permit to start a session.
    #[must_use]
    pub fn acquire(&self) -> Permit<S> {
        self.permit(Semaphore::acquire(&self.0.semaphore))
    }

    /// Waits for a permit to start a session, at most for `timeout`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Busy`] if no session ended in time.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Permit<S>> {
        let acquired = Semaphore::acquire_timeout(&self.0.semaphore, timeout);
        acquired.map(|acquired| self.permit(acquired)).ok_or_else(|| self.busy())
    }

    /// Returns a permit to start a session, without waiting.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Busy`] if all sessions are in use.
    pub fn try_acquire(&self) -> Result<Permit<S>> {
        self.acquire_timeout(Duration::ZERO)
    }

    /// Async version of [`Self::acquire`], for any executor. For a timeout, use the executor's.
    #[cfg(feature = "async")]
    pub async fn acquire_async(&self) -> Permit<S> {
        self.permit(super::waiters::acquire_async(&self.0.semaphore).await)
    }

    /// Returns the largest number of sessions at once.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.sessions
    }

    /// Returns the number of sessions that can start now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.semaphore.free()
    }

    fn permit(&self, acquired: Acquired) -> Permit<S> {
        Permit { pool: self.clone(), acquired }
    }

    fn asset(&self) -> &AnyAsset {
        self.0.pre.loaded().asset()
    }

    fn busy(&self) -> Error {
        Error::Busy { asset: self.asset().name().into(), sessions: self.0.sessions }
    }
}

/// Fails if the runtime's pooling allocator reserves too little for so many sessions.
fn check_pooling<S: TypedSession>(pre: &SessionPre<S>, sessions: u64) -> Result<()> {
    let resources = pre.loaded().code().resources_required();
    let (Some(pooling), Some(resources)) = (&pre.runtime().options().pooling, resources) else {
        return Ok(());
    };
    let reservation = pre.runtime().engine().get_memory_reservation();
    let misfits = pooling.misfits(&resources, reservation, sessions);
    if misfits.is_empty() {
        return Ok(());
    }
    let asset = Some(pre.loaded().asset().name().into());
    Err(Error::Pooling { asset, misfits, source: None })
}

impl<S: TypedSession> fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("pre", &self.0.pre)
            .field("sessions", &self.0.sessions)
            .field("free", &self.free())
            .finish()
    }
}

/// The right to start one session of a [`Pool`], which returns to the pool when it is dropped.
pub struct Permit<S: TypedSession> {
    pool: Pool<S>,
    acquired: Acquired,
}

impl<S: TypedSession> Permit<S> {
    /// Starts a session, with `data` as the host state.
    ///
    /// # Errors
    ///
    /// Fails like [`SessionPre::start`].
    pub fn start(self, data: S::Data) -> Result<Pooled<S>> {
        self.start_with(data, |_| Ok(()))
    }

    /// Starts a session like [`Self::start`], after `prepare` has changed its store.
    ///
    /// # Errors
    ///
    /// Fails like [`SessionPre::start_with`].
    pub fn start_with(
        self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<Pooled<S>> {
        let session = match self.take() {
            Some(idle) => again(idle, data, prepare)?,
            None => self.pool.0.pre.start_with(data, prepare)?,
        };
        Ok(self.pooled(session))
    }

    /// Async version of [`Self::start`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start`].
    #[cfg(feature = "async")]
    pub async fn start_async(self, data: S::Data) -> Result<Pooled<S>>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        self.start_with_async(data, |_| Ok(())).await
    }

    /// Async version of [`Self::start_with`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::start_with`].
    #[cfg(feature = "async")]
    pub async fn start_with_async(
        self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<Pooled<S>>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        let session = match self.take() {
            Some(idle) => again(idle, data, prepare)?,
            None => self.pool.0.pre.start_with_async(data, prepare).await?,
        };
        Ok(self.pooled(session))
    }
}

impl<S: TypedSession> Permit<S> {
    /// Takes a session that was handed back.
    fn take(&self) -> Option<S> {
        self.pool.0.idle.as_ref()?.take()
    }

    fn pooled(self, session: S) -> Pooled<S> {
        let idle = self.pool.0.idle.clone();
        Pooled { session: Some(session), idle, _acquired: self.acquired }
    }
}

/// Gives a session that was used before new data.
fn again<S: TypedSession>(
    mut session: S,
    data: S::Data,
    prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
) -> Result<S> {
    *session.data_mut() = data;
    session.renew_fuel();
    prepare(session.store_mut())?;
    Ok(session)
}

impl<S: TypedSession> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// A session of a [`Pool`], whose permit returns to the pool when it is dropped, and the session too if the pool
/// [reuses](Pool::reusing) them.
pub struct Pooled<S> {
    // Fields drop in this order: the instance is gone before the next session can start.
    /// The session, until it is dropped or taken.
    session: Option<S>,
    idle: Option<Arc<dyn Idle<S>>>,
    _acquired: Acquired,
}

impl<S> Drop for Pooled<S> {
    fn drop(&mut self) {
        if let (Some(session), Some(idle)) = (self.session.take(), &self.idle) {
            idle.hand_back(session);
        }
    }
}

impl<S: TypedSession> Pooled<S> {
    /// Ends the session, and returns the program's data.
    pub fn into_data(mut self) -> S::Data {
        self.take().into_session().into_data()
    }

    /// Ends the session, also if the pool reuses them.
    pub fn discard(mut self) {
        drop(self.take());
    }
}

#[expect(clippy::expect_used, reason = "`take` is called by functions that end it alone")]
impl<S> Pooled<S> {
    const HAS_SESSION: &str = "it has its session until it ends";

    fn take(&mut self) -> S {
        self.session.take().expect(Self::HAS_SESSION)
    }

    fn session(&self) -> &S {
        self.session.as_ref().expect(Self::HAS_SESSION)
    }

    fn session_mut(&mut self) -> &mut S {
        self.session.as_mut().expect(Self::HAS_SESSION)
    }
}

#[cfg(feature = "wasi-http")]
impl<S> Pooled<S>
where
    S: TypedSession<Wrapper: crate::wasi::http::HttpHandler> + Send + 'static,
    S::Data: Send,
{
    /// Passes a request to the guest, and returns its answer, like
    /// [`Session::handle_http`](crate::Session::handle_http). The permit returns to the pool when the guest
    /// has returned.
    ///
    /// # Errors
    ///
    /// Fails like [`Session::handle_http`](crate::Session::handle_http).
    pub async fn handle_http<B>(
        self,
        request: http::Request<B>,
    ) -> Result<http::Response<crate::wasi::http::Body>>
    where
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<crate::wasi::http::Error>,
    {
        crate::session::handle_http(self, |pooled| &mut **pooled.deref_mut(), request).await
    }
}

impl<S> Deref for Pooled<S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.session()
    }
}

impl<S> DerefMut for Pooled<S> {
    fn deref_mut(&mut self) -> &mut S {
        self.session_mut()
    }
}
