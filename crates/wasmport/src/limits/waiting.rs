//! Waiting in host functions, which ends with the deadlines of the calls that this thread runs.

use super::alarm::Alarm;
use super::deadline::Ended;
use std::cell::RefCell;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// The deadlines of a call.
pub(super) trait WaitLimits {
    /// Fails if one has expired.
    fn check_now(&self) -> Result<(), Ended>;

    /// Sets an alarm for the first of them.
    fn alarm(&self, waker: &Waker) -> Alarm;
}

thread_local! {
    /// Deadlines of the calls that run on this thread, the innermost last.
    static RUNNING: RefCell<Vec<Arc<dyn WaitLimits>>> = const { RefCell::new(Vec::new()) };
}

/// Notes that a call begins or continues on this thread.
pub(super) fn enter(deadlines: Arc<dyn WaitLimits>) {
    RUNNING.with_borrow_mut(|running| running.push(deadlines));
}

/// Notes that the innermost call ends or is suspended.
pub(super) fn leave() {
    RUNNING.with_borrow_mut(Vec::pop);
}

/// Returns whether the calls that run on this thread have deadlines.
pub(crate) fn has_deadlines() -> bool {
    RUNNING.with_borrow(|running| !running.is_empty())
}

/// Waits for `future` until a deadline of the calls expires that run on this thread.
///
/// # Errors
///
/// Fails with the error of the expired deadline.
pub(crate) fn until_deadline<R>(
    future: impl Future<Output = R>,
) -> impl Future<Output = Result<R, Ended>> {
    let running = RUNNING.with_borrow(Clone::clone);
    async move {
        let mut future = std::pin::pin!(future);
        let mut alarms: Vec<Alarm> = Vec::new();
        std::future::poll_fn(|context| {
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(result));
            }
            // Before the check, so that no deadline expires unnoticed.
            alarms = running.iter().map(|deadlines| deadlines.alarm(context.waker())).collect();
            match running.iter().try_for_each(|deadlines| deadlines.check_now()) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            }
        })
        .await
    }
}
