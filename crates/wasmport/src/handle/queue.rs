//! `Queue`: the calls that wait for a handle's session.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(feature = "async")]
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The calls that wait.
pub(super) struct Queue<J> {
    most: usize,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    end: End,
    restarts: u64,
    /// The reason why the last session could not go on.
    cause: Option<String>,
    /// The task that waits for the next call.
    #[cfg(feature = "async")]
    idle: Option<Waker>,
    /// The tasks that wait for an end.
    #[cfg(feature = "async")]
    ends: Vec<Waker>,
}

/// How far a handle has ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// It has not.
    None,
    /// Further calls are refused.
    Refuses,
    /// The calls that waited are forgotten, and the one that runs ends.
    Cut,
    /// There is no session any more, and will be none.
    Left,
}

impl<J> State<J> {
    /// Returns whether there is a use for a new session: for further calls, or for those that wait.
    fn needs_session(&self) -> bool {
        match self.end {
            End::None => true,
            End::Refuses => !self.jobs.is_empty(),
            End::Cut | End::Left => false,
        }
    }
}

/// The queue of a session's thread or task: without it no call waits any more, however it ended.
pub(super) struct Served<J>(pub Arc<Queue<J>>);

impl<J> Drop for Served<J> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The reason why a call does not wait.
pub(super) enum Refused {
    Full,
    Ended,
}

impl<J> Queue<J> {
    pub fn new(most: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            end: End::None,
            restarts: 0,
            cause: None,
            #[cfg(feature = "async")]
            idle: None,
            #[cfg(feature = "async")]
            ends: Vec::new(),
        };
        Self { most, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        // Nothing under this lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, job: J) -> Result<(), Refused> {
        let mut state = self.state();
        if state.end != End::None {
            return Err(Refused::Ended);
        }
        if state.jobs.len() >= self.most {
            return Err(Refused::Full);
        }
        state.jobs.push_back(job);
        #[cfg(feature = "async")]
        let idle = state.idle.take();
        drop(state);
        self.changed.notify_all();
        #[cfg(feature = "async")]
        idle.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Waits for the next call; none if there is none and further ones are refused.
    pub fn pop(&self) -> Option<J> {
        let is_idle = |state: &mut State<J>| state.jobs.is_empty() && state.end == End::None;
        let state = self.changed.wait_while(self.state(), is_idle);
        state.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()
    }

    /// Waits for a time, unless further calls are refused. Returns whether there is a use for a new session.
    pub fn pause(&self, time: Duration) -> bool {
        let goes = |state: &mut State<J>| state.end == End::None;
        let waited = self.changed.wait_timeout_while(self.state(), time, goes);
        waited.unwrap_or_else(PoisonError::into_inner).0.needs_session()
    }

    /// Returns whether further calls are refused.
    pub fn is_ending(&self) -> bool {
        self.state().end != End::None
    }

    /// Refuses further calls.
    pub fn end(&self) {
        self.end_as(End::Refuses);
    }

    /// Refuses further calls, and forgets those that wait: their callers notice.
    pub fn clear(&self) {
        self.end_as(End::Cut);
    }

    /// Ends like [`clear`](Self::clear), and notes that there is no session any more.
    fn leave(&self) {
        self.end_as(End::Left);
    }

    fn end_as(&self, end: End) {
        let mut state = self.state();
        state.end = state.end.max(end);
        let forgotten =
            if end == End::Refuses { VecDeque::new() } else { std::mem::take(&mut state.jobs) };
        #[cfg(feature = "async")]
        let wakers = state.idle.take().into_iter().chain(std::mem::take(&mut state.ends));
        drop(state);
        self.changed.notify_all();
        #[cfg(feature = "async")]
        wakers.for_each(Waker::wake);
        // At the end: what the program put into a call may panic.
        drop(forgotten);
    }

    pub fn failed(&self, cause: String) {
        self.state().cause = Some(cause);
    }

    pub fn restarted(&self) {
        self.state().restarts += 1;
    }

    pub fn len(&self) -> usize {
        self.state().jobs.len()
    }

    pub fn restarts(&self) -> u64 {
        self.state().restarts
    }

    pub fn cause(&self) -> Option<String> {
        self.state().cause.clone()
    }
}

#[cfg(feature = "async")]
impl<J> Queue<J> {
    /// Async version of [`pop`](Self::pop), for one task.
    pub async fn next(&self) -> Option<J> {
        let poll = |context: &mut Context<'_>| {
            let mut state = self.state();
            match state.jobs.pop_front() {
                None if state.end == End::None => {
                    state.idle = Some(context.waker().clone());
                    Poll::Pending
                }
                job => Poll::Ready(job),
            }
        };
        std::future::poll_fn(poll).await
    }

    /// Returns whether there is a use for a new session.
    pub fn needs_session(&self) -> bool {
        self.state().needs_session()
    }

    /// Waits until the handle has ended so far.
    pub async fn until(&self, end: End) {
        let poll = |context: &mut Context<'_>| {
            let mut state = self.state();
            if state.end >= end {
                return Poll::Ready(());
            }
            if !state.ends.iter().any(|waker| waker.will_wake(context.waker())) {
                state.ends.push(context.waker().clone());
            }
            Poll::Pending
        };
        std::future::poll_fn(poll).await;
    }
}
