//! The thread of a handle.

use super::options::HandleOptions;
use super::queue::Queue;
use super::shared::{Next, panicked};
use crate::error::Result;
use crate::limits::Group;
use crate::session::TypedSession;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

/// A call.
pub(super) type Job<S> = Box<dyn FnOnce(&mut S) -> Next + Send>;

/// The work of the thread.
pub(super) struct Work<S> {
    pub queue: Arc<Queue<Job<S>>>,
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
            let Some(pause) = self.options.restart.pause(failures) else { break };
            if self.queue.pause(pause) {
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

    /// Starts a session.
    fn session(&mut self) -> Result<S> {
        let started = catch_unwind(AssertUnwindSafe(&mut self.start));
        let name = &self.options.name;
        let mut session = started.unwrap_or_else(|panic| Err(panicked(name, panic.as_ref())))?;
        self.options.prepare(&mut session, &self.group)?;
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

/// Runs a call, and says whether the session can go on.
pub(super) fn run<S: TypedSession, R>(
    session: &mut S,
    call: impl FnOnce(&mut S) -> Result<R>,
) -> (Result<R>, Next) {
    let name = session.asset().name().to_owned();
    // The session is not used again after a panic.
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut *session)));
    let result = called.unwrap_or_else(|panic| Err(panicked(&name, panic.as_ref())));
    let next = Next::of(session, &result);
    (result, next)
}
