//! `AsyncHandle`: a session that lives in a task of the program's executor, and that all tasks call.

use super::options::HandleOptions;
use super::queue::{End, Queue, Served};
use super::reply;
use super::shared::{FirstCall, Groups, Next, Shared, discard, panicked, result_of_both};
use super::time::CallTime;
use crate::error::Result;
use crate::limits::{now, sleep_until, timestamp_after};
use crate::session::TypedSession;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
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
    /// Fails with the error of `start`, and with [`Error::Panicked`](crate::Error::Panicked) if it panics.
    pub async fn new<F>(
        options: HandleOptions,
        start: impl FnMut() -> F + Send + 'static,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static)>
    where
        F: Future<Output = Result<S>> + Send + 'static,
    {
        let shared = Shared::new(options);
        let mut driver = Driver {
            queue: Served(Arc::clone(&shared.queue)),
            options: shared.options.clone(),
            groups: shared.groups.clone(),
            start,
        };
        let first = driver.session().await?;
        Ok((Self(Arc::new(shared)), driver.run(first)))
    }

    /// Calls the session in its task, and waits for the result. The call is sent when the future is polled first, and
    /// runs to its end if the future is dropped while it runs.
    ///
    /// A call that waits for another one of the same handle, such as in a host function, waits for itself: it ends only
    /// with its [timeout](HandleOptions::timeout). Unlike [`Handle`](super::Handle), this one does not notice.
    ///
    /// # Errors
    ///
    /// Fails with the error of `call`, with [`Error::TimedOut`](crate::Error::TimedOut) if there is no result within the
    /// [timeout](HandleOptions::timeout), with [`Error::QueueFull`](crate::Error::QueueFull) if as many calls wait as
    /// may, with [`Error::HandleEnded`](crate::Error::HandleEnded) after it was shut down, if the driver was dropped, or if
    /// the session failed and is not started again, and with [`Error::Panicked`](crate::Error::Panicked) if a host
    /// function panicked.
    pub async fn call<R: Send + 'static>(
        &self,
        call: impl for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Result<R>> + Send + 'static,
    ) -> Result<R> {
        self.call_within(&self.0.call_time(), call).await
    }

    async fn call_within<R: Send + 'static>(
        &self,
        time: &CallTime,
        call: impl for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Result<R>> + Send + 'static,
    ) -> Result<R> {
        let (sender, receiver) = reply::channel();
        let time_of_job = time.clone();
        self.0.push(Box::new(move |session| {
            Box::pin(async move {
                if !sender.is_wanted() {
                    return Next::Skipped;
                }
                let (result, next) = run(session, call, &time_of_job).await;
                sender.send(result);
                next
            })
        }))?;
        // Without a result the time is over, or the call was forgotten.
        let without = || Err(time.over().unwrap_or_else(|| self.0.gone()));
        let received = async { receiver.receive().await.unwrap_or_else(without) };
        within(received, time).await
    }

    /// Calls the session like [`call`](Self::call), and once more with the new session if the first one failed: for calls
    /// that may be made twice. The timeout is that of both together.
    ///
    /// # Errors
    ///
    /// Fails like [`call`](Self::call), with the error of the last call; with that of the first if there is no new session.
    pub async fn call_again<R: Send + 'static>(
        &self,
        call: impl for<'s> Fn(&'s mut S) -> Borrowing<'s, Result<R>> + Send + Sync + 'static,
    ) -> Result<R> {
        let time = self.0.call_time();
        let call = Arc::new(call);
        let first_call = FirstCall::default();
        let (first, noted) = (Arc::clone(&call), first_call.clone());
        let result = self.call_within(&time, move |session| {
            Box::pin(async move {
                let result = first(&mut *session).await;
                noted.note(session);
                result
            })
        });
        let result = result.await;
        if !first_call.is_repeated(&result, &time) {
            return result;
        }
        result_of_both(result, self.call_within(&time, move |session| call(session)).await)
    }

    /// Refuses further calls, runs those that wait, and ends the session. Returns when the driver has ended.
    ///
    /// If a call fails so that its session cannot go on, those behind it have a new one, without a pause, if the handle
    /// restarts. In a call of the handle it would wait for itself.
    pub async fn shut_down(&self) {
        self.0.queue.end();
        self.0.queue.until(End::Left).await;
    }

    /// Refuses further calls, forgets those that wait, drops the one that runs, and ends the session. Returns when the
    /// driver has ended.
    ///
    /// A guest that never waits is interrupted if the engine meters time: see [`Group::interrupt`](crate::Group::interrupt).
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

    /// Returns how many sessions have started after a failure. One whose start fails too does not count.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.0.queue.restarts()
    }
}

/// The driver of a handle.
struct Driver<S, B> {
    queue: Served<Job<S>>,
    options: HandleOptions,
    groups: Groups,
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
            let has_started = started.is_ok();
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
            // A handle that ends does not wait for a session that does not start.
            if (!has_started && queue.is_ending()) || !paused(&queue, pause).await {
                return;
            }
            let Some(next) = unless(&queue, End::Cut, self.session()).await else { return };
            if next.is_ok() {
                queue.restarted();
            }
            started = next;
        }
    }

    /// Starts a session.
    async fn session(&mut self) -> Result<S> {
        let Self { options, groups, start, .. } = self;
        let started = caught(&options.name, || {
            let session = start();
            Box::pin(async {
                let mut session = session.await?;
                options.prepare(&mut session, groups)?;
                Ok(session)
            })
        });
        started.await.unwrap_or_else(Err)
    }
}

/// Runs calls until there are no more. Returns the reason if the session cannot go on.
async fn serve<S: TypedSession + Send>(
    queue: &Queue<Job<S>>,
    mut session: S,
    failures: &mut u32,
) -> Option<String> {
    let name = session.asset().name().to_owned();
    let cause = loop {
        let Some(job) = queue.next().await else { break None };
        // What it drops may panic too, such as a result that nobody waits for.
        match unless(queue, End::Cut, caught(&name, || job(&mut session))).await {
            None => break None,
            Some(Ok(Next::Goes)) => *failures = 0,
            Some(Ok(Next::Skipped)) => {}
            Some(Ok(Next::Ends(cause))) => break Some(cause),
            Some(Err(panicked)) => break Some(panicked.to_string()),
        }
    };
    discard(session);
    cause
}

/// Waits for a future; none if the handle has ended so far before.
async fn unless<J, R>(queue: &Queue<J>, end: End, future: impl Future<Output = R>) -> Option<R> {
    let ended = async {
        queue.until(end).await;
        None
    };
    first_of(async { Some(future.await) }, ended).await
}

/// Waits for a time, unless further calls are refused. Returns whether there is a use for a new session.
async fn paused<J>(queue: &Queue<J>, pause: Duration) -> bool {
    if pause > Duration::ZERO {
        // Without a timer there is no pause.
        let slept = sleep_until(timestamp_after(now(), pause));
        let _ = unless(queue, End::Refuses, slept).await;
    }
    queue.needs_session()
}

/// Runs a call for its time, and says whether the session can go on.
async fn run<S: TypedSession, R>(
    session: &mut S,
    call: impl for<'s> FnOnce(&'s mut S) -> Borrowing<'s, Result<R>>,
    time: &CallTime,
) -> (Result<R>, Next) {
    if let Some(error) = time.over() {
        return (Err(error), Next::Skipped);
    }
    let _enforced = time.enforce();
    let name = session.asset().name().to_owned();
    let called = async { caught(&name, || call(&mut *session)).await.unwrap_or_else(Err) };
    let result = within(called, time).await;
    let next = Next::of(session, &result);
    (result, next)
}

/// Waits for a future, whose panics are errors.
async fn caught<'s, R>(name: &str, future: impl FnOnce() -> Borrowing<'s, R>) -> Result<R> {
    // What panicked is not used again.
    let called = catch_unwind(AssertUnwindSafe(future));
    let mut future = called.map_err(|panic| panicked(name, panic.as_ref()))?;
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panicked(name, panic.as_ref()))),
        }
    })
    .await
}

/// Waits for a future until its time is over.
async fn within<R>(future: impl Future<Output = Result<R>>, time: &CallTime) -> Result<R> {
    first_of(future, async { Err(time.passed().await) }).await
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
