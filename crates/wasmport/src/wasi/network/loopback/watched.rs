//! `Watched`: a state for whose changes tasks wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Most tasks that wait; a further one wakes the first, which then asks again.
const MOST: usize = 64;

/// A state for whose changes tasks wait. Clones are the same.
///
/// No task is woken while the state is locked: it may run at once, and lock it.
pub(super) struct Watched<S>(Arc<Mutex<Inner<S>>>);

struct Inner<S> {
    state: S,
    waiting: Vec<Waker>,
}

impl<S> Clone for Watched<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Watched<S> {
    pub fn new(state: S) -> Self {
        Self(Arc::new(Mutex::new(Inner { state, waiting: Vec::new() })))
    }

    /// Locks the state, also after a panic: each change of it is a single one.
    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes nothing, and wakes nobody.
    pub fn read<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        read(&self.lock().state)
    }

    /// Changes the state, and wakes all that wait for that.
    pub fn change<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let mut inner = self.lock();
        let result = change(&mut inner.state);
        let waiting = std::mem::take(&mut inner.waiting);
        drop(inner);
        waiting.into_iter().for_each(Waker::wake);
        result
    }

    /// Takes something from the state if it is there, and otherwise wakes `context` after the next change.
    pub fn poll<R>(
        &self,
        context: &Context<'_>,
        take: impl FnOnce(&mut S) -> Option<R>,
    ) -> Poll<R> {
        let mut inner = self.lock();
        if let Some(taken) = take(&mut inner.state) {
            return Poll::Ready(taken);
        }
        let waker = context.waker();
        if inner.waiting.iter().any(|known| known.will_wake(waker)) {
            return Poll::Pending;
        }
        let is_full = inner.waiting.len() >= MOST;
        let first = is_full.then(|| inner.waiting.remove(0));
        inner.waiting.push(waker.clone());
        drop(inner);
        if let Some(first) = first {
            first.wake();
        }
        Poll::Pending
    }
}
