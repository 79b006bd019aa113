//! `Resumable`: a call that runs in slices, and owns its session meanwhile.

use crate::limits::Sliced;
use crate::{Result, Session};
use std::fmt;
use std::ops::DerefMut;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// How far a [`Resumable`] call goes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slice {
    /// Until a host function waits.
    Unbounded,
    /// For so much fuel, at least 1: the same guest with the same input is suspended at the same places
    /// always. From then on the session takes `async` calls alone.
    Fuel(u64),
    /// For so long.
    Time(Duration),
}

/// Where a [`Resumable`] call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a call that is not done has to be resumed"]
pub enum Step {
    /// Its slice is over, and it can go on.
    Yielded,
    /// A host function waits for something.
    Waiting,
    /// It has ended; [`Resumable::into_parts`] has its result.
    Done,
}

/// A call that can be suspended: it is made in slices, on any threads, and owns its session until it is
/// done, so that there can be no other call meanwhile. Dropping it ends the call, and the session with
/// it.
///
/// `S` is the session of a wrapper and `R` what the call gives. It needs no executor; as a [`Future`]
/// it gives result and session, and runs a slice at each poll.
///
/// ```
/// use wasmport::{Resumable, Session, Slice, Step, wasmtime};
///
/// fn suspended<T: Send + 'static, W: Send + Sync + 'static>(
///     session: Box<Session<T, W>>,
/// ) -> wasmport::Result<wasmtime::Result<i32>> {
///     // With a wrapper's session: `Box::pin(session.run(1))`.
///     let mut call = Resumable::new(session, Slice::Fuel(10_000), |session| {
///         Box::pin(session.call_async(async |_, _| Ok(1)))
///     })?;
///     loop {
///         while call.resume() != Step::Done {
///             // Something else can be done here.
///         }
///         match call.into_parts() {
///             Ok((result, _session)) => return Ok(result),
///             Err(again) => call = again,
///         }
///     }
/// }
/// ```
pub struct Resumable<S, R> {
    state: State<S, R>,
    sliced: Sliced,
    woken: Arc<Woken>,
}

/// A call that gives its session back.
type Run<S, R> = Pin<Box<dyn Future<Output = (R, S)> + Send>>;

enum State<S, R> {
    Running(Run<S, R>),
    Done(R, S),
    Taken,
}

impl<S, R> Resumable<S, R> {
    /// The call that `call` makes of a session's `async` methods, one or several. Nothing runs yet.
    ///
    /// An asset imported without `async` has no such methods; its functions are called through
    /// [`Session::typed_func`] and [`Session::call_async`].
    ///
    /// # Errors
    ///
    /// [`Error::NotMetered`](crate::Error::NotMetered) where the engine neither counts fuel nor checks
    /// epochs, whichever the slices need, and [`Error::Thread`](crate::Error::Thread).
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
        let sliced = session.slice(slice)?;
        let run = async move {
            let result = call(&mut session).await;
            session.unslice(slice);
            (result, session)
        };
        Ok(Self { state: State::Running(Box::pin(run)), sliced, woken: Arc::default() })
    }

    /// Lets the call go on for a slice. While a host function waits, which wakes the call when it need
    /// not wait any longer, this does nothing; so it does when the call is done.
    pub fn resume(&mut self) -> Step {
        if matches!(self.state, State::Running(_)) && !self.woken.0.swap(false, Ordering::AcqRel) {
            return Step::Waiting;
        }
        let waker = Waker::from(Arc::clone(&self.woken));
        self.run(&mut Context::from_waker(&waker));
        match self.state {
            State::Running(_) if self.woken.0.load(Ordering::Acquire) => Step::Yielded,
            State::Running(_) => Step::Waiting,
            State::Done(..) | State::Taken => Step::Done,
        }
    }

    /// Changes how long a slice takes, where the call is made in [`Slice::Time`]: for the next one on.
    pub fn set_slice_time(&mut self, time: Duration) {
        self.sliced.set_time(time);
    }

    /// Whether the call has ended.
    pub fn is_done(&self) -> bool {
        !matches!(self.state, State::Running(_))
    }

    /// What the call gave, and its session.
    ///
    /// # Errors
    ///
    /// Itself, where the call has not ended.
    pub fn into_parts(self) -> Result<(R, S), Self> {
        match self.state {
            State::Done(result, session) => Ok((result, session)),
            state => Err(Self { state, ..self }),
        }
    }

    fn run(&mut self, context: &mut Context<'_>) {
        if let State::Running(run) = &mut self.state
            && let Poll::Ready((result, session)) = self.sliced.run(|| run.as_mut().poll(context))
        {
            self.state = State::Done(result, session);
        }
    }
}

// Neither session nor result are ever pinned.
impl<S, R> Unpin for Resumable<S, R> {}

impl<S, R> Future for Resumable<S, R> {
    type Output = (R, S);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.run(context);
        // Whoever resumes it after this has to find out by himself whether it waits.
        self.woken.0.store(true, Ordering::Release);
        match std::mem::replace(&mut self.state, State::Taken) {
            State::Done(result, session) => Poll::Ready((result, session)),
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

/// Whether the call can go on.
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
