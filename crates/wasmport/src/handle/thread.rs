//! The thread of a handle.

use super::options::{HandleOptions, Restart};
use super::queue::Queue;
use super::{Next, message};
use crate::error::{Error, Result};
use crate::limits::Group;
use crate::session::TypedSession;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

/// The work of the thread.
pub(super) struct Work<S> {
    pub queue: Arc<Queue<S>>,
    pub options: HandleOptions,
    pub group: Group,
    pub start: Box<dyn FnMut() -> Result<S> + Send>,
    /// Tells whether the first session started.
    pub started: Option<mpsc::Sender<Result<()>>>,
}

impl<S: TypedSession> Work<S> {
    pub fn run(mut self) {
        let mut failures = 0;
        loop {
            let cause = match self.session() {
                Ok(mut session) => {
                    self.tell(Ok(()));
                    match self.serve(&mut session, &mut failures) {
                        Some(cause) => cause,
                        None => return,
                    }
                }
                Err(error) if self.started.is_some() => {
                    self.queue.clear();
                    self.tell(Err(error));
                    return;
                }
                Err(error) => error.to_string(),
            };
            self.queue.failed(cause);
            failures += 1;
            let Restart::Always(backoff) = self.options.restart else { break };
            if failures >= backoff.failures || self.queue.pause(backoff.pause(failures)) {
                break;
            }
            self.queue.restarted();
        }
        self.queue.clear();
    }

    fn tell(&mut self, started: Result<()>) {
        if let Some(sender) = self.started.take() {
            let _ = sender.send(started);
        }
    }

    /// Starts a session, which the handle can interrupt and whose calls have its time.
    fn session(&mut self) -> Result<S> {
        let started = catch_unwind(AssertUnwindSafe(&mut self.start));
        let mut session = started.unwrap_or_else(|panic| {
            let asset = self.options.name.clone();
            Err(Error::Panicked { asset, message: message(panic.as_ref()) })
        })?;
        match session.join(&self.group) {
            // Without time there is nothing to interrupt by.
            Ok(()) | Err(Error::NotMetered { .. }) => {}
            Err(error) => return Err(error),
        }
        if let Some(timeout) = self.options.timeout
            && session.time_limit().is_none_or(|limit| limit > timeout)
        {
            match session.set_time_limit(Some(timeout)) {
                Ok(()) | Err(Error::NotMetered { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(session)
    }

    /// Runs calls until there are no more. Returns the reason if the session cannot go on.
    fn serve(&self, session: &mut S, failures: &mut u32) -> Option<String> {
        loop {
            let job = self.queue.pop()?;
            match job(session) {
                Next::Goes => *failures = 0,
                Next::Ends(cause) => return Some(cause),
            }
        }
    }
}
