//! The thread of a handle.

use super::options::HandleOptions;
use super::queue::Served;
use super::shared::{Groups, Next, discard, panicked};
use super::time::CallTime;
use crate::error::Result;
use crate::session::TypedSession;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

/// A call.
pub(super) type Job<S> = Box<dyn FnOnce(&mut S) -> Next + Send>;

/// The work of the thread.
pub(super) struct Work<S> {
    pub queue: Served<Job<S>>,
    pub options: HandleOptions,
    pub groups: Groups,
    pub start: Box<dyn FnMut() -> Result<S> + Send>,
    /// Tells whether the first session started.
    pub started: Option<mpsc::Sender<Result<()>>>,
}

impl<S: TypedSession> Work<S> {
    pub fn run(mut self) {
        let mut failures = 0;
        loop {
            let started = self.session();
            let has_started = started.is_ok();
            let cause = match (started, self.started.take()) {
                (Ok(session), first) => {
                    match first {
                        Some(sender) => drop(sender.send(Ok(()))),
                        None => self.queue.0.restarted(),
                    }
                    match self.serve(session, &mut failures) {
                        Some(cause) => cause,
                        None => return,
                    }
                }
                (Err(error), Some(sender)) => return drop(sender.send(Err(error))),
                (Err(error), None) => error.to_string(),
            };
            self.queue.0.failed(cause);
            failures += 1;
            let Some(pause) = self.options.restart.pause(failures) else { return };
            // A handle that ends does not wait for a session that does not start.
            if (!has_started && self.queue.0.is_ending()) || !self.queue.0.pause(pause) {
                return;
            }
        }
    }

    /// Starts a session.
    fn session(&mut self) -> Result<S> {
        let started = catch_unwind(AssertUnwindSafe(|| {
            let mut session = (self.start)()?;
            self.options.prepare(&mut session, &self.groups)?;
            Ok(session)
        }));
        started.unwrap_or_else(|panic| Err(panicked(&self.options.name, panic.as_ref())))
    }

    /// Runs calls until there are no more. Returns the reason if the session cannot go on.
    fn serve(&self, mut session: S, failures: &mut u32) -> Option<String> {
        let cause = loop {
            match self.queue.0.pop().map(|job| settled(&mut session, job)) {
                None => break None,
                Some(Next::Goes) => *failures = 0,
                Some(Next::Skipped) => {}
                Some(Next::Ends(cause)) => break Some(cause),
            }
        };
        discard(session);
        cause
    }
}

/// Runs a call. What it drops may panic too, such as a result that nobody waits for.
fn settled<S: TypedSession>(session: &mut S, job: Job<S>) -> Next {
    let ran = catch_unwind(AssertUnwindSafe(|| job(&mut *session)));
    ran.unwrap_or_else(|panic| {
        Next::Ends(panicked(session.asset().name(), panic.as_ref()).to_string())
    })
}

/// Runs a call for its time, and says whether the session can go on.
pub(super) fn run<S: TypedSession, R>(
    session: &mut S,
    call: impl FnOnce(&mut S) -> Result<R>,
    time: &CallTime,
) -> (Result<R>, Next) {
    if let Some(error) = time.over() {
        return (Err(error), Next::Skipped);
    }
    let _enforced = time.enforce();
    let name = session.asset().name().to_owned();
    // The session is not used again after a panic.
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut *session)));
    let result = called.unwrap_or_else(|panic| Err(panicked(&name, panic.as_ref())));
    let next = Next::of(session, &result);
    (result, next)
}
