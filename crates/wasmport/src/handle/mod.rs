//! `Handle`: a session that lives on a thread of its own, and that all threads call.

mod options;
mod queue;
mod thread;

pub use options::{Backoff, HandleOptions, Restart};

use crate::error::{Error, Result};
use crate::limits::Group;
use crate::session::TypedSession;
use queue::{Job, Queue, Refused};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// A session that lives on a thread of its own: any thread calls it, and its calls run one after the other. The session
/// itself need not be [`Send`]. Clones are the same handle.
///
/// When a call fails so that the session cannot go on, such as by a trap or by a panic of a host function, the handle
/// starts a new one as its [`Restart`] says. Other sessions of the program do not notice.
///
/// ```no_run
/// # use wasmport::{Handle, HandleOptions, Restart, Result, TypedSession};
/// # fn f<S: TypedSession>(start: impl FnMut() -> Result<S> + Send + 'static) -> Result<()> {
/// // `start` is called on the thread: for the first session, and for each that follows a failure.
/// let plugin = Handle::new(HandleOptions::new("plugin").restart(Restart::always()), start)?;
/// let version = plugin.call(|session| Ok(session.asset().name().to_owned()))?;
/// plugin.shut_down();
/// # let _ = version;
/// # Ok(())
/// # }
/// ```
pub struct Handle<S: TypedSession>(Arc<Shared<S>>);

struct Shared<S> {
    queue: Arc<Queue<S>>,
    options: HandleOptions,
    /// Ends the running call.
    group: Group,
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
        let queue = Arc::new(Queue::new(options.queue));
        let group = Group::new();
        let (started, first) = mpsc::channel();
        let work = thread::Work {
            queue: Arc::clone(&queue),
            options: options.clone(),
            group: group.clone(),
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
        let shared = Shared { queue, options, group, thread: Mutex::new(Some(thread)) };
        let handle = Self(Arc::new(shared));
        match first.recv() {
            Ok(Ok(())) => Ok(handle),
            Ok(Err(error)) => Err(error),
            // The thread panicked in the program's closure.
            Err(mpsc::RecvError) => Err(handle.gone()),
        }
    }

    /// Calls the session on its thread, and waits for the result.
    ///
    /// # Errors
    ///
    /// Fails with the error of `call`, with [`Error::TimedOut`] if there is no result within the
    /// [timeout](HandleOptions::timeout), with [`Error::QueueFull`] if as many calls wait as may, with
    /// [`Error::HandleEnded`] after it was shut down, or if the session failed and is not started again, and with
    /// [`Error::Panicked`] if a host function panicked.
    pub fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&mut S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.push(Box::new(move |session| {
            let (result, next) = run(session, call);
            // A caller whose time is over waits no longer.
            let _ = sender.send(result);
            next
        }))?;
        let received = match self.0.options.timeout {
            Some(timeout) => receiver.recv_timeout(timeout),
            None => receiver.recv().map_err(|mpsc::RecvError| mpsc::RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(result) => result,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.timed_out()),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.gone()),
        }
    }

    /// Calls the session like [`call`](Self::call), and once more with the new session if the first one failed: for calls
    /// that may be made twice.
    ///
    /// # Errors
    ///
    /// Fails like [`call`](Self::call), with the error of the last call.
    pub fn call_again<R: Send + 'static>(
        &self,
        call: impl Fn(&mut S) -> Result<R> + Send + Sync + 'static,
    ) -> Result<R> {
        let call = Arc::new(call);
        let first = Arc::clone(&call);
        let failed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let noticed = Arc::clone(&failed);
        let result = self.call(move |session| {
            let result = first(session);
            noticed.store(session.is_poisoned(), std::sync::atomic::Ordering::Relaxed);
            result
        });
        let is_lost = matches!(result, Err(Error::Panicked { .. }));
        if !is_lost && !failed.load(std::sync::atomic::Ordering::Relaxed) {
            return result;
        }
        self.call(move |session| call(session))
    }

    fn push(&self, job: Job<S>) -> Result<()> {
        self.0.queue.push(job).map_err(|refused| match refused {
            Refused::Full => Error::QueueFull {
                handle: self.0.options.name.clone(),
                waiting: self.0.options.queue,
            },
            Refused::Ended => self.gone(),
        })
    }

    /// Returns how many calls wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.queue.len()
    }

    /// Returns how often a session was started after a failure.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.0.queue.restarts()
    }

    /// Refuses further calls, runs those that wait, and ends the session. Returns when the thread has ended.
    pub fn shut_down(&self) {
        self.0.queue.end();
        self.join();
    }

    /// Refuses further calls, forgets those that wait, interrupts the one that runs, and ends the session. Returns when the
    /// thread has ended.
    ///
    /// A call is interrupted if the engine meters time: see [`Group::interrupt`].
    pub fn cut(&self) {
        self.0.queue.clear();
        self.0.group.interrupt();
        self.join();
    }

    fn join(&self) {
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            // It catches panics of the program.
            let _ = thread.join();
        }
    }

    fn gone(&self) -> Error {
        let (handle, cause) = (self.0.options.name.clone(), self.0.queue.cause());
        Error::HandleEnded { handle, cause }
    }

    fn timed_out(&self) -> Error {
        Error::TimedOut {
            asset: self.0.options.name.clone(),
            function: None,
            limit: self.0.options.timeout.unwrap_or(Duration::MAX),
            source: None,
        }
    }
}

/// What happens to a session after a call.
pub(crate) enum Next {
    /// It goes on.
    Goes,
    /// It cannot go on, for this reason.
    Ends(String),
}

/// Runs a call, and says whether the session can go on.
fn run<S: TypedSession, R>(
    session: &mut S,
    call: impl FnOnce(&mut S) -> Result<R>,
) -> (Result<R>, Next) {
    let name = session.asset().name().to_owned();
    // The session is not used again after a panic.
    let called = catch_unwind(AssertUnwindSafe(|| call(&mut *session)));
    let result = called.unwrap_or_else(|panic| {
        Err(Error::Panicked { asset: name, message: message(panic.as_ref()) })
    });
    let next = match &result {
        Err(error @ Error::Panicked { .. }) => Next::Ends(error.to_string()),
        Err(error) if session.is_poisoned() => Next::Ends(error.to_string()),
        _ if session.is_poisoned() => Next::Ends("an earlier call failed".into()),
        _ => Next::Goes,
    };
    (result, next)
}

/// Returns the text of a panic.
pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

impl<S> Drop for Shared<S> {
    /// The last handle ends the session after the calls that wait.
    fn drop(&mut self) {
        self.queue.end();
    }
}

impl<S: TypedSession> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.0.options.name)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
