//! `AsyncHandle`: a session that lives in a task of the program's executor, and that all tasks call.

use super::options::HandleOptions;
use super::queue::{End, Queue};
use super::reply;
use super::shared::{Next, Shared, panicked};
use crate::error::{Error, Result};
use crate::limits::{Group, Timestamp, now, sleep_until, timestamp_after};
use crate::session::TypedSession;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

/// A future that borrows a session.
type Borrowing<'s, R> = Pin<Box<dyn Future<Output = R> + Send + 's>>;

/// A call in the queue.
type Job<S> = Box<dyn for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Next> + Send>;

/// Async version of [`Handle`](super::Handle): a session that lives in a task of the program's executor. Any task calls
/// it, and its calls run one after the other. Clones are the same handle.
///
/// The program's executor runs the driver that [`new`](Self::new) returns. If the driver is dropped, the handle ends.
///
/// ```no_run
/// # use wasmport::{AsyncHandle, HandleOptions, Restart, Result, TypedSession};
/// # async fn f<S, F>(start: impl FnMut() -> F + Send + 'static, spawn: fn(Box<dyn Future<Output = ()> + Send>)) -> Result<()>
/// # where S: TypedSession + Send + 'static, F: Future<Output = Result<S>> + Send + 'static {
/// let options = HandleOptions::new("plugin").restart(Restart::always());
/// let (plugin, driver) = AsyncHandle::new(options, start).await?;
/// spawn(Box::new(driver));
/// let name = plugin.call(|session| Box::pin(async move { Ok(session.asset().name().to_owned()) }));
/// let name = name.await?;
/// plugin.shut_down().await;
/// # let _ = name;
/// # Ok(())
/// # }
/// ```
pub struct AsyncHandle<S: TypedSession>(Arc<Shared<Job<S>>>);

impl<S: TypedSession> Clone for AsyncHandle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: TypedSession + Send + 'static> AsyncHandle<S> {
    /// Starts a session of `start`. Returns the handle, and its driver: a future that runs the calls, and starts a new
    /// session after a failure. It ends with the handle.
    ///
    /// [`HandleOptions::stack_bytes`] has no effect.
    ///
    /// # Errors
    ///
    /// Fails with the error of `start`, and with [`Error::Panicked`] if it panics.
    pub async fn new<F>(
        options: HandleOptions,
        start: impl FnMut() -> F + Send + 'static,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static)>
    where
        F: Future<Output = Result<S>> + Send + 'static,
    {
        let shared = Shared::new(options);
        let mut driver = Driver {
            queue: Left(Arc::clone(&shared.queue)),
            options: shared.options.clone(),
            group: shared.group.clone(),
            start,
        };
        let first = driver.session().await?;
        Ok((Self(Arc::new(shared)), driver.run(first)))
    }

    /// Calls the session in its task, and waits for the result. The call is sent when the future is polled first, and
    /// runs to its end if the future is dropped while it runs.
    ///
    /// # Errors
    ///
    /// Fails with the error of `call`, with [`Error::TimedOut`] if there is no result within the
    /// [timeout](HandleOptions::timeout), with [`Error::QueueFull`] if as many calls wait as may, with
    /// [`Error::HandleEnded`] after it was shut down, if the driver was dropped, or if the session failed and is not
    /// started again, and with [`Error::Panicked`] if a host function panicked.
    pub async fn call<R: Send + 'static>(
        &self,
        call: impl for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Result<R>> + Send + 'static,
    ) -> Result<R> {
        let options = self.0.options.clone();
        let expires = options.timeout.map(|timeout| timestamp_after(now(), timeout));
        let (sender, receiver) = reply::channel();
        self.0.push(Box::new(move |session| {
            Box::pin(async move {
                if !sender.is_wanted() {
                    return Next::Goes;
                }
                let (result, next) = run(session, call, expires, &options).await;
                sender.send(result);
                next
            })
        }))?;
        let received = async { receiver.receive().await.unwrap_or_else(|| Err(self.0.gone())) };
        within(received, expires, &self.0.options).await
    }

    /// Calls the session like [`call`](Self::call), and once more with the new session if the first one failed: for calls
    /// that may be made twice.
    ///
    /// # Errors
    ///
    /// Fails like [`call`](Self::call), with the error of the last call.
    pub async fn call_again<R: Send + 'static>(
        &self,
        call: impl for<'s> Fn(&'s mut S) -> Borrowing<'s, Result<R>> + Send + Sync + 'static,
    ) -> Result<R> {
        let call = Arc::new(call);
        let first = Arc::clone(&call);
        let failed = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&failed);
        let result = self.call(move |session| {
            Box::pin(async move {
                let result = first(&mut *session).await;
                noticed.store(session.is_poisoned(), Relaxed);
                result
            })
        });
        let result = result.await;
        if !matches!(result, Err(Error::Panicked { .. })) && !failed.load(Relaxed) {
            return result;
        }
        self.call(move |session| call(session)).await
    }

    /// Refuses further calls, runs those that wait, and ends the session. Returns when the driver has ended.
    pub async fn shut_down(&self) {
        self.0.queue.end();
        self.0.queue.until(End::Left).await;
    }

    /// Refuses further calls, forgets those that wait, drops the one that runs, and ends the session. Returns when the
    /// driver has ended.
    ///
    /// A guest that never waits is interrupted if the engine meters time: see [`Group::interrupt`].
    pub async fn cut(&self) {
        self.0.cut();
        self.0.queue.until(End::Left).await;
    }
}

impl<S: TypedSession> AsyncHandle<S> {
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
}

/// A queue that ends when this is dropped.
struct Left<J>(Arc<Queue<J>>);

impl<J> Drop for Left<J> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The driver of a handle.
struct Driver<S, B> {
    queue: Left<Job<S>>,
    options: HandleOptions,
    group: Group,
    start: B,
}

impl<S, F, B> Driver<S, B>
where
    S: TypedSession + Send + 'static,
    F: Future<Output = Result<S>> + Send + 'static,
    B: FnMut() -> F + Send + 'static,
{
    async fn run(mut self, first: S) {
        let queue = Arc::clone(&self.queue.0);
        let mut failures = 0;
        let mut started: Result<S> = Ok(first);
        loop {
            let cause = match started {
                Ok(session) => match serve(&queue, session, &mut failures).await {
                    Some(cause) => cause,
                    None => return,
                },
                Err(error) => error.to_string(),
            };
            queue.failed(cause);
            failures += 1;
            let Some(pause) = self.options.restart.pause(failures) else { return };
            if unless(&queue, End::Refuses, paused(pause)).await.is_none() {
                return;
            }
            queue.restarted();
            let Some(next) = unless(&queue, End::Cut, self.session()).await else { return };
            started = next;
        }
    }

    /// Starts a session.
    async fn session(&mut self) -> Result<S> {
        let name = self.options.name.clone();
        let mut session = caught(&name, || Box::pin((self.start)())).await?;
        self.options.prepare(&mut session, &self.group)?;
        Ok(session)
    }
}

/// Runs calls until there are no more. Returns the reason if the session cannot go on.
async fn serve<S: Send>(
    queue: &Queue<Job<S>>,
    mut session: S,
    failures: &mut u32,
) -> Option<String> {
    loop {
        let job = queue.next().await?;
        match unless(queue, End::Cut, job(&mut session)).await? {
            Next::Goes => *failures = 0,
            Next::Ends(cause) => return Some(cause),
        }
    }
}

/// Waits for a future; none if the handle has ended so far before.
async fn unless<J, R>(queue: &Queue<J>, end: End, future: impl Future<Output = R>) -> Option<R> {
    let ended = async {
        queue.until(end).await;
        None
    };
    first_of(async { Some(future.await) }, ended).await
}

async fn paused(pause: Duration) {
    if pause > Duration::ZERO {
        // Without a timer there is no pause.
        let _ = sleep_until(timestamp_after(now(), pause)).await;
    }
}

/// Runs a call, and says whether the session can go on.
async fn run<S: TypedSession, R>(
    session: &mut S,
    call: impl for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Result<R>>,
    expires: Option<Timestamp>,
    options: &HandleOptions,
) -> (Result<R>, Next) {
    let name = session.asset().name().to_owned();
    let called = caught(&name, || call(&mut *session));
    let result = within(called, expires, options).await;
    let next = Next::of(session, &result);
    (result, next)
}

/// Waits for a future, whose panics are errors.
async fn caught<'s, R>(
    name: &str,
    future: impl FnOnce() -> Pin<Box<dyn Future<Output = Result<R>> + Send + 's>>,
) -> Result<R> {
    // What panicked is not used again.
    let called = catch_unwind(AssertUnwindSafe(future));
    let mut future = called.map_err(|panic| panicked(name, panic.as_ref()))?;
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(name, panic.as_ref()))))
    })
    .await
}

/// Waits for a future until its time is over.
async fn within<R>(
    future: impl Future<Output = Result<R>>,
    expires: Option<Timestamp>,
    options: &HandleOptions,
) -> Result<R> {
    let Some(expires) = expires else { return future.await };
    let expired = async {
        let slept = sleep_until(expires).await;
        Err(slept.map_or_else(|source| Error::Thread { source }, |()| options.timed_out()))
    };
    first_of(future, expired).await
}

/// Returns the output of the future that ends first.
async fn first_of<R>(one: impl Future<Output = R>, other: impl Future<Output = R>) -> R {
    let (mut one, mut other) = (pin!(one), pin!(other));
    std::future::poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => other.as_mut().poll(context),
        ready => ready,
    })
    .await
}

impl<S: TypedSession> fmt::Debug for AsyncHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHandle")
            .field("name", &self.0.options.name)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
