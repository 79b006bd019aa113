//! `Resumable`: a call that runs in slices, and owns its session until it ends.

use crate::error::Result;
use crate::session::{Session, Slice, SliceTimer};
use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// The state of a [`Resumable`] call after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a call that is not done has to be resumed"]
pub enum Step {
    /// Its slice has ended, and it can continue.
    Yielded,
    /// A host function waits.
    Waiting,
    /// It has ended; [`Resumable::into_parts`] has its result.
    Done,
}

/// A call that can be suspended. It runs in slices, on any threads, and owns its session until it ends,
/// so that no other call runs meanwhile. Dropping it ends the call and the session.
///
/// `S` is a wrapper's session, of a core module or a component, and `R` the result of the call. It needs
/// no executor; as a [`Future`] it runs a slice at each poll, and resolves to result and session.
///
/// ```
/// use wasmport::{Resumable, Session, Slice, Step};
///
/// fn suspended<T: Send + 'static, W: Send + Sync + 'static>(
///     session: Box<Session<T, W>>,
/// ) -> wasmport::Result<wasmport::Result<i32>> {
///     // With a wrapper's session: `Box::pin(session.run(1))`.
///     let mut call = Resumable::new(session, Slice::Fuel(10_000), |session| {
///         Box::pin(session.call_async(async |_, _| Ok(1)))
///     })?;
///     loop {
///         while call.resume() != Step::Done {
///             // The program can do something else here.
///         }
///         match call.into_parts() {
///             Ok((result, _session)) => return Ok(result),
///             Err(again) => call = again,
///         }
///     }
/// }
/// ```
pub struct Resumable<S, R> {
    state: CallState<S, R>,
    timer: SliceTimer,
    woken: Arc<Woken>,
}

/// A call that returns its session.
type RunningCall<S, R> = Pin<Box<dyn Future<Output = (R, S)> + Send>>;

enum CallState<S, R> {
    Running(RunningCall<S, R>),
    Done(R, S),
    Taken,
}

impl<S, R> Resumable<S, R> {
    /// Creates the call that `call` makes through one or several of a session's `async` methods. It does not
    /// run yet.
    ///
    /// An asset imported without `async` has no such methods; call its functions through
    /// [`Session::typed_func`] and [`Session::call_async`].
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`](crate::Error::NotMetered) if the engine does not meter the fuel or
    /// time that the slices need, and with [`Error::Thread`](crate::Error::Thread) if the thread that
    /// measures time cannot be started.
    pub fn new<T, W>(
        mut session: S,
        slice: Slice,
        call: impl for<'a> FnOnce(&'a mut S) -> Pin<Box<dyn Future<Output = R> + Send + 'a>>
        + Send
        + 'static,
    ) -> Result<Self>
    where
        S: DerefMut<Target = Session<T, W>> + Send + 'static,
        R: Send + 'static,
        T: 'static,
    {
        let timer = session.slice(slice)?;
        let run = async move {
            let result = call(&mut session).await;
            session.stop_slicing(slice);
            (result, session)
        };
        Ok(Self { state: CallState::Running(Box::pin(run)), timer, woken: Arc::default() })
    }

    /// Runs the call for a slice. Does nothing while a host function waits that has not woken the call, and
    /// when the call has ended.
    pub fn resume(&mut self) -> Step {
        if matches!(self.state, CallState::Running(_))
            && !self.woken.0.swap(false, Ordering::AcqRel)
        {
            return Step::Waiting;
        }
        let waker = Waker::from(Arc::clone(&self.woken));
        self.run(&mut Context::from_waker(&waker));
        match self.state {
            CallState::Running(_) if self.woken.0.load(Ordering::Acquire) => Step::Yielded,
            CallState::Running(_) => Step::Waiting,
            CallState::Done(..) | CallState::Taken => Step::Done,
        }
    }

    /// Changes the length of [`Slice::Time`], from the next slice on.
    pub fn set_slice_time(&mut self, time: Duration) {
        self.timer.set_time(time);
    }

    /// Returns whether the call has ended.
    pub fn is_done(&self) -> bool {
        !matches!(self.state, CallState::Running(_))
    }

    /// Returns the result of the call and its session.
    ///
    /// # Errors
    ///
    /// Fails with the call itself if it has not ended.
    pub fn into_parts(self) -> Result<(R, S), Self> {
        match self.state {
            CallState::Done(result, session) => Ok((result, session)),
            state => Err(Self { state, ..self }),
        }
    }

    fn run(&mut self, context: &mut Context<'_>) {
        if let CallState::Running(run) = &mut self.state
            && let Poll::Ready((result, session)) = self.timer.run(|| run.as_mut().poll(context))
        {
            self.state = CallState::Done(result, session);
        }
    }
}

// Neither session nor result is ever pinned.
impl<S, R> Unpin for Resumable<S, R> {}

impl<S, R> Future for Resumable<S, R> {
    type Output = (R, S);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.run(context);
        // A later `resume` has to poll the call to find out whether it waits.
        self.woken.0.store(true, Ordering::Release);
        match std::mem::replace(&mut self.state, CallState::Taken) {
            CallState::Done(result, session) => Poll::Ready((result, session)),
            state => {
                self.state = state;
                Poll::Pending
            }
        }
    }
}

impl<S, R> fmt::Debug for Resumable<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumable").field("done", &self.is_done()).finish_non_exhaustive()
    }
}

/// Whether the call can continue.
struct Woken(AtomicBool);

impl Default for Woken {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
