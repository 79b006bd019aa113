//! The part that handles of threads and of tasks share: the queue, and sessions that fail.

use super::options::HandleOptions;
use super::queue::{Queue, Refused};
use super::time::CallTime;
use crate::error::{Error, Result};
use crate::limits::Group;
use crate::session::TypedSession;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The part of a handle that calls need. `J` is a call in the queue.
pub(super) struct Shared<J> {
    pub queue: Arc<Queue<J>>,
    pub options: HandleOptions,
    pub groups: Groups,
}

/// The groups that a handle's sessions join.
#[derive(Clone, Default)]
pub(super) struct Groups {
    /// It is interrupted when the handle is cut.
    pub cut: Group,
    /// Its deadline is that of the call that runs.
    pub time: Group,
}

impl<J> Shared<J> {
    pub fn new(options: HandleOptions) -> Self {
        Self { queue: Arc::new(Queue::new(options.queue)), options, groups: Groups::default() }
    }

    /// Returns the time of a call that begins to wait now.
    pub fn call_time(&self) -> CallTime {
        CallTime::new(&self.options, &self.groups.time)
    }

    pub fn push(&self, job: J) -> Result<()> {
        self.queue.push(job).map_err(|refused| match refused {
            Refused::Full => {
                Error::QueueFull { handle: self.options.name.clone(), waiting: self.options.queue }
            }
            Refused::Ended => self.gone(),
        })
    }

    /// Returns the error of a call that has no session.
    pub fn gone(&self) -> Error {
        let (handle, cause) = (self.options.name.clone(), self.queue.cause());
        Error::HandleEnded { handle, cause }
    }

    /// Refuses further calls, forgets those that wait, and interrupts the one that runs.
    pub fn cut(&self) {
        self.queue.clear();
        self.groups.cut.interrupt();
    }
}

impl<J> Drop for Shared<J> {
    /// The last handle ends the session after the calls that wait.
    fn drop(&mut self) {
        self.queue.end();
    }
}

impl HandleOptions {
    /// Makes a started session one that the handle can interrupt and whose calls have its time.
    pub(super) fn prepare<S: TypedSession>(&self, session: &mut S, groups: &Groups) -> Result<()> {
        // Without time there is nothing to interrupt by.
        let is_metered = |changed| match changed {
            Ok(()) | Err(Error::NotMetered { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        is_metered(session.join(&groups.cut))?;
        match self.timeout {
            Some(_) => is_metered(session.join(&groups.time)),
            None => Ok(()),
        }
    }
}

/// The state of a session after a call.
pub(super) enum Next {
    /// It goes on.
    Goes,
    /// It was not called, because nobody waits for the result.
    Skipped,
    /// It cannot go on, for this reason.
    Ends(String),
}

impl Next {
    /// Returns whether a session can go on after a call.
    pub fn of<S: TypedSession, R>(session: &S, result: &Result<R>) -> Self {
        match result {
            // It is not used again after a panic.
            Err(error @ Error::Panicked { .. }) => Self::Ends(error.to_string()),
            Err(error) if session.is_poisoned() => Self::Ends(error.to_string()),
            _ if session.is_poisoned() => Self::Ends("an earlier call failed".into()),
            _ => Self::Goes,
        }
    }
}

/// Notes whether the first of two calls ended its session.
#[derive(Clone, Default)]
pub(super) struct FirstCall(Arc<AtomicBool>);

impl FirstCall {
    pub fn note<S: TypedSession>(&self, session: &S) {
        self.0.store(session.is_poisoned(), Relaxed);
    }

    /// Returns whether the call is made again: its session failed, and there is time.
    pub fn is_repeated<R>(&self, result: &Result<R>, time: &CallTime) -> bool {
        let has_failed = matches!(result, Err(Error::Panicked { .. })) || self.0.load(Relaxed);
        has_failed && time.over().is_none()
    }
}

/// Returns the result of two calls: that of the second, unless there was no session for it.
pub(super) fn result_of_both<R>(first: Result<R>, second: Result<R>) -> Result<R> {
    match second {
        Err(Error::HandleEnded { .. }) => first,
        second => second,
    }
}

/// Drops a session. The drop of its data may panic, which ends nothing else.
pub(super) fn discard<S>(session: S) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(session)));
}

/// Returns the error of a panic.
pub(crate) fn panicked(asset: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Error::Panicked { asset: asset.to_owned(), message: text.unwrap_or_default() }
}
