//! `Pool`: a bounded number of sessions at once, each with an instance of its own.

mod slots;

use crate::{Error, Result, SessionData, SessionPre, TypedSession, Wrapper};
use slots::{Permit, Slots};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;

/// Sessions for requests: each gets a **fresh** instance, and there are never more at once than the
/// pool is large. Clones share it; it has no thread of its own.
///
/// The asset is loaded and linked once, in a [`SessionPre`]; what a request costs beyond a new store
/// and an instance is a lock. With [`RuntimeOptions::pooling`](crate::RuntimeOptions::pooling) those
/// take a few microseconds. Nothing is left of a session that has ended, whether it failed or not: the
/// next one sees none of its memory, tables or globals.
pub struct Pool<S: TypedSession>(Arc<Inner<S>>);

struct Inner<S: TypedSession> {
    pre: SessionPre<S>,
    slots: Arc<Slots>,
    sessions: usize,
}

impl<S: TypedSession> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: TypedSession<Wrapper: Wrapper>> Pool<S> {
    /// A pool of at most so many sessions at once, and of one at least.
    ///
    /// # Errors
    ///
    /// [`Error::Pooling`] where the pooling allocator of the runtime has places for fewer.
    pub fn new(pre: SessionPre<S>, sessions: usize) -> Result<Self> {
        let sessions = sessions.max(1);
        if let Some(pooling) = &pre.runtime().options().pooling {
            let misfits = pooling.misfits(pre.module().module(), sessions as u64);
            if !misfits.is_empty() {
                let asset = Some(S::Wrapper::ASSET.name().into());
                return Err(Error::Pooling { asset, misfits, source: None });
            }
        }
        Ok(Self(Arc::new(Inner { pre, slots: Slots::new(sessions), sessions })))
    }

    /// A place for a session; waits until there is one.
    #[must_use]
    pub fn acquire(&self) -> Slot<S> {
        self.slot(Slots::acquire(&self.0.slots))
    }

    /// A place for a session, if there is one within `timeout`.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`].
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Slot<S>> {
        let permit = Slots::acquire_timeout(&self.0.slots, timeout);
        permit.map(|permit| self.slot(permit)).ok_or_else(|| self.busy())
    }

    /// A place for a session, if there is one now.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`].
    pub fn try_acquire(&self) -> Result<Slot<S>> {
        self.acquire_timeout(Duration::ZERO)
    }

    /// A place for a session; waits until there is one, with any executor, which also brings the
    /// timeout.
    #[cfg(feature = "async")]
    pub async fn acquire_async(&self) -> Slot<S> {
        self.slot(Slots::acquire_async(&self.0.slots).await)
    }

    /// How many sessions there may be at once.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.sessions
    }

    /// How many more sessions there may be now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.slots.free()
    }

    fn slot(&self, permit: Permit) -> Slot<S> {
        Slot { pool: self.clone(), permit }
    }

    fn busy(&self) -> Error {
        Error::Busy { asset: S::Wrapper::ASSET.name().into(), sessions: self.0.sessions }
    }
}

impl<S: TypedSession> std::fmt::Debug for Pool<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("pre", &self.0.pre)
            .field("sessions", &self.0.sessions)
            .field("free", &self.0.slots.free())
            .finish()
    }
}

/// A place in a [`Pool`] without a session yet, given back when it is dropped.
pub struct Slot<S: TypedSession> {
    pool: Pool<S>,
    permit: Permit,
}

impl<S: TypedSession<Wrapper: Wrapper>> Slot<S> {
    /// Starts a session, with `data` as the host state.
    ///
    /// # Errors
    ///
    /// As [`SessionPre::start`].
    pub fn start(self, data: S::Data) -> Result<Pooled<S>> {
        self.start_with(data, |_| Ok(()))
    }

    /// As [`Self::start`], in a store that `prepare` is given first.
    ///
    /// # Errors
    ///
    /// As [`SessionPre::start_with`].
    pub fn start_with(
        self,
        data: S::Data,
        prepare: impl FnOnce(&mut Store<SessionData<S::Data>>) -> wasmtime::Result<()>,
    ) -> Result<Pooled<S>> {
        let session = self.pool.0.pre.start_with(data, prepare)?;
        Ok(Pooled { session, permit: self.permit })
    }

    /// As [`Self::start`], of an asset whose functions may wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub async fn start_async(self, data: S::Data) -> Result<Pooled<S>>
    where
        S::Data: Send,
        S::Wrapper: Sync,
    {
        self.start_with_async(data, |_| Ok(())).await
    }

    /// As [`Self::start_with`], of an asset whose functions may wait.
    ///
    /// # Errors
    ///
    /// The same.
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
        let session = self.pool.0.pre.start_with_async(data, prepare).await?;
        Ok(Pooled { session, permit: self.permit })
    }
}

impl<S: TypedSession> std::fmt::Debug for Slot<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// A session of a [`Pool`]; its place is given back when it is dropped.
pub struct Pooled<S> {
    // Dropped in this order: whoever gets the place finds the instance gone.
    session: S,
    permit: Permit,
}

impl<S: TypedSession> Pooled<S> {
    /// Ends the session; the user's data.
    pub fn into_data(self) -> S::Data {
        let Self { session, permit } = self;
        let data = session.into_session().into_data();
        drop(permit);
        data
    }
}

impl<S> Deref for Pooled<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.session
    }
}

impl<S> DerefMut for Pooled<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.session
    }
}
