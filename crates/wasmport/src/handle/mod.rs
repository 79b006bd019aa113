//! `Handle`: a session that lives on a thread of its own, and that all threads call; `AsyncHandle`: one in a task.

mod options;
mod queue;
#[cfg(feature = "async")]
mod reply;
mod shared;
#[cfg(feature = "async")]
mod task;
mod thread;
mod time;

pub use options::{Backoff, HandleOptions, Restart};
#[cfg(feature = "follow")]
pub(crate) use shared::panicked;
#[cfg(feature = "async")]
pub use task::AsyncHandle;

use crate::error::{Error, Result};
use crate::session::TypedSession;
use queue::Served;
use shared::{FirstCall, Shared, result_of_both};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{JoinHandle, ThreadId};
use thread::{Job, run};
use time::CallTime;

/// A session that lives on a thread of its own: any thread calls it, and its calls run one after the other. The session
/// itself need not be [`Send`]. Clones are the same handle.
///
/// When a call fails so that the session cannot go on, such as by a trap or by a panic of a host function, the handle
/// starts a new one as its [`Restart`] says. Other sessions of the program do not notice.
///
/// ```no_run
/// # use wasmport::{Handle, HandleOptions, Restart, Result, TypedSession};
/// # fn f<S: TypedSession + 'static>(start: impl FnMut() -> Result<S> + Send + 'static) -> Result<()> {
/// // `start` is called on the thread: for the first session, and for each that follows a failure.
/// let plugin = Handle::new(HandleOptions::new("plugin").restart(Restart::always()), start)?;
/// let version = plugin.call(|session| Ok(session.asset().name().to_owned()))?;
/// plugin.shut_down();
/// # let _ = version;
/// # Ok(())
/// # }
/// ```
pub struct Handle<S: TypedSession>(Arc<OnThread<S>>);

struct OnThread<S> {
    shared: Shared<Job<S>>,
    id: ThreadId,
    /// The thread; none when a caller has waited for its end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<S: TypedSession> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: TypedSession> Handle<S> {
    /// Starts a thread with a session of `start`, and waits until the session has started.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Thread`] if there is no thread, and with the error of `start`.
    pub fn new(
        options: HandleOptions,
        start: impl FnMut() -> Result<S> + Send + 'static,
    ) -> Result<Self>
    where
        S: 'static,
    {
        let shared = Shared::new(options);
        let options = &shared.options;
        let (started, first) = mpsc::channel();
        let work = thread::Work {
            queue: Served(Arc::clone(&shared.queue)),
            options: options.clone(),
            groups: shared.groups.clone(),
            start: Box::new(start),
            started: Some(started),
        };
        let builder = std::thread::Builder::new().name(options.name.clone());
        let builder = match options.stack_bytes {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        };
        let thread = builder.spawn(move || work.run());
        let thread = thread.map_err(|source| Error::Thread { source })?;
        let (id, thread) = (thread.thread().id(), Mutex::new(Some(thread)));
        let handle = Self(Arc::new(OnThread { shared, id, thread }));
        match first.recv() {
            Ok(Ok(())) => Ok(handle),
            Ok(Err(error)) => Err(error),
            // The thread panicked in the program's closure.
            Err(mpsc::RecvError) => Err(handle.0.shared.gone()),
        }
    }

    /// Calls the session on its thread, and waits for the result.
    ///
    /// # Errors
    ///
    /// Fails with the error of `call`, with [`Error::TimedOut`] if there is no result within the
    /// [timeout](HandleOptions::timeout), with [`Error::QueueFull`] if as many calls wait as may, with
    /// [`Error::HandleEnded`] after it was shut down, or if the session failed and is not started again, with
    /// [`Error::Reentrant`] on the handle's own thread, such as in a host function, and with [`Error::Panicked`] if a host
    /// function panicked.
    pub fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&mut S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.call_within(&self.0.shared.call_time(), call)
    }

    fn call_within<R: Send + 'static>(
        &self,
        time: &CallTime,
        call: impl FnOnce(&mut S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let shared = &self.0.shared;
        if self.is_on_own_thread() {
            return Err(Error::Reentrant { handle: shared.options.name.clone() });
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let time_of_job = time.clone();
        shared.push(Box::new(move |session| {
            let (result, next) = run(session, call, &time_of_job);
            // A caller whose time is over waits no longer.
            let _ = sender.send(result);
            next
        }))?;
        let received = match time.left() {
            Some(left) => receiver.recv_timeout(left).ok(),
            None => receiver.recv().ok(),
        };
        // Without a result the time is over, or the call was forgotten.
        received.unwrap_or_else(|| Err(time.over().unwrap_or_else(|| shared.gone())))
    }

    /// Calls the session like [`call`](Self::call), and once more with the new session if the first one failed: for calls
    /// that may be made twice. The timeout is that of both together.
    ///
    /// # Errors
    ///
    /// Fails like [`call`](Self::call), with the error of the last call; with that of the first if there is no new session.
    pub fn call_again<R: Send + 'static>(
        &self,
        call: impl Fn(&mut S) -> Result<R> + Send + Sync + 'static,
    ) -> Result<R> {
        let time = self.0.shared.call_time();
        let call = Arc::new(call);
        let first_call = FirstCall::default();
        let (first, noted) = (Arc::clone(&call), first_call.clone());
        let result = self.call_within(&time, move |session| {
            let result = first(session);
            noted.note(session);
            result
        });
        if !first_call.is_repeated(&result, &time) {
            return result;
        }
        result_of_both(result, self.call_within(&time, move |session| call(session)))
    }

    /// Returns how many calls wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.shared.queue.len()
    }

    /// Returns how many sessions have started after a failure. One whose start fails too does not count.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.0.shared.queue.restarts()
    }

    /// Refuses further calls, runs those that wait, and ends the session. Returns when the thread has ended; at once on the
    /// handle's own thread.
    ///
    /// If a call fails so that its session cannot go on, those behind it have a new one, without a pause, if the handle
    /// restarts.
    pub fn shut_down(&self) {
        self.0.shared.queue.end();
        self.join();
    }

    /// Refuses further calls, forgets those that wait, interrupts the one that runs, and ends the session. Returns when the
    /// thread has ended; at once on the handle's own thread.
    ///
    /// A call is interrupted if the engine meters time: see [`Group::interrupt`](crate::Group::interrupt).
    pub fn cut(&self) {
        self.0.shared.cut();
        self.join();
    }

    fn join(&self) {
        if self.is_on_own_thread() {
            return;
        }
        // Other callers wait for the lock, and so for the thread too.
        let mut thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It catches panics of the program.
            let _ = thread.join();
        }
    }

    /// Returns whether this is the handle's own thread, which cannot wait for itself.
    fn is_on_own_thread(&self) -> bool {
        std::thread::current().id() == self.0.id
    }
}

impl<S: TypedSession> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.0.shared.options.name)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
