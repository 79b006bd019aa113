//! The result of a call, on its way to the task that waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

struct State<R> {
    result: Option<R>,
    /// Whether there will be no result any more.
    is_closed: bool,
    waker: Option<Waker>,
}

/// The end of the session's task.
pub(super) struct Sender<R>(Arc<Mutex<State<R>>>);

/// The end of the caller.
pub(super) struct Receiver<R>(Arc<Mutex<State<R>>>);

/// Returns both ends of the way of one result.
pub(super) fn channel<R>() -> (Sender<R>, Receiver<R>) {
    let state = State { result: None, is_closed: false, waker: None };
    let state = Arc::new(Mutex::new(state));
    (Sender(Arc::clone(&state)), Receiver(state))
}

fn lock<R>(state: &Mutex<State<R>>) -> MutexGuard<'_, State<R>> {
    // Nothing under this lock panics.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R> Sender<R> {
    /// Returns whether the caller still waits.
    pub fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub fn send(self, result: R) {
        lock(&self.0).result = Some(result);
        // The caller is woken when this is dropped.
    }
}

impl<R> Drop for Sender<R> {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<R> Receiver<R> {
    /// Waits for the result; none if the call was forgotten.
    pub async fn receive(self) -> Option<R> {
        let poll = |context: &mut Context<'_>| {
            let mut state = lock(&self.0);
            if !state.is_closed {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(state.result.take())
        };
        std::future::poll_fn(poll).await
    }
}
