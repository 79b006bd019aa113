//! `Reuse`: ended sessions that a pool keeps alive for the next requests.

use crate::runtime::Runtime;
use crate::session::TypedSession;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Ended sessions, which `Send` without their pool knowing it.
pub(super) trait Idle<S>: Send + Sync {
    /// Takes the session that ended last, if there is one.
    fn take(&self) -> Option<S>;

    /// Keeps a session that has ended, if it can be used again.
    fn hand_back(&self, session: S);

    /// Ends sessions that were not used for this time. Returns how many.
    fn trim(&self, unused: Duration) -> usize;

    /// Returns how many there are.
    fn count(&self) -> usize;
}

/// Ended sessions, and what makes one as new.
pub(super) struct Reuse<S, R> {
    runtime: Runtime,
    reset: R,
    /// The time for which a session stays unused.
    longest: Duration,
    /// The sessions, with the time when each ended: the oldest first.
    sessions: Mutex<Vec<(Instant, S)>>,
}

impl<S, R> Reuse<S, R> {
    pub fn new(runtime: &Runtime, reset: R, longest: Duration) -> Self {
        Self { runtime: runtime.clone(), reset, longest, sessions: Mutex::default() }
    }

    fn sessions(&self) -> MutexGuard<'_, Vec<(Instant, S)>> {
        // A panic leaves the list as it was.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, R> Idle<S> for Reuse<S, R>
where
    S: TypedSession + Send,
    R: Fn(&mut S) -> wasmtime::Result<()> + Send + Sync,
{
    fn take(&self) -> Option<S> {
        let _ = self.trim(self.longest);
        self.sessions().pop().map(|(_, session)| session)
    }

    fn hand_back(&self, mut session: S) {
        // Deadlines and fuel of the request that has ended would end the reset, and then the next request.
        session.renew(&self.runtime);
        // A session whose reset fails, like one that failed before, is not kept.
        if !session.is_poisoned() && (self.reset)(&mut session).is_ok() && !session.is_poisoned() {
            self.sessions().push((Instant::now(), session));
        }
        let _ = self.trim(self.longest);
    }

    fn trim(&self, unused: Duration) -> usize {
        let mut sessions = self.sessions();
        let is_old = |(ended, _): &(Instant, S)| ended.elapsed() > unused;
        let old = sessions.partition_point(is_old);
        let old: Vec<_> = sessions.drain(..old).collect();
        // Freeing memories takes long.
        drop(sessions);
        old.len()
    }

    fn count(&self) -> usize {
        self.sessions().len()
    }
}
