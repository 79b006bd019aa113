//! The part that handles of threads and of tasks share: the queue, and sessions that fail.

use super::options::HandleOptions;
use super::queue::{Queue, Refused};
use crate::error::{Error, Result};
use crate::limits::Group;
use crate::session::TypedSession;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// The part of a handle that calls need. `J` is a call in the queue.
pub(super) struct Shared<J> {
    pub queue: Arc<Queue<J>>,
    pub options: HandleOptions,
    /// Ends the running call.
    pub group: Group,
}

impl<J> Shared<J> {
    pub fn new(options: HandleOptions) -> Self {
        Self { queue: Arc::new(Queue::new(options.queue)), options, group: Group::new() }
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
        self.group.interrupt();
    }
}

impl<J> Drop for Shared<J> {
    /// The last handle ends the session after the calls that wait.
    fn drop(&mut self) {
        self.queue.end();
    }
}

impl HandleOptions {
    /// Returns the error of a call without a result in its time.
    pub(super) fn timed_out(&self) -> Error {
        Error::TimedOut {
            asset: self.name.clone(),
            function: None,
            limit: self.timeout.unwrap_or(Duration::MAX),
            source: None,
        }
    }

    /// Makes a started session one that the handle can interrupt and whose calls have its time.
    pub(super) fn prepare<S: TypedSession>(&self, session: &mut S, group: &Group) -> Result<()> {
        // Without time there is nothing to interrupt by.
        let is_metered = |changed| match changed {
            Ok(()) | Err(Error::NotMetered { .. }) => Ok(()),
            Err(error) => Err(error),
        };
        is_metered(session.join(group))?;
        if let Some(timeout) = self.timeout
            && session.time_limit().is_none_or(|limit| limit > timeout)
        {
            is_metered(session.set_time_limit(Some(timeout)))?;
        }
        Ok(())
    }
}

/// The state of a session after a call.
pub(super) enum Next {
    /// It goes on.
    Goes,
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

/// Returns the error of a panic.
pub(crate) fn panicked(asset: &str, panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Error::Panicked { asset: asset.to_owned(), message: text.unwrap_or_default() }
}
