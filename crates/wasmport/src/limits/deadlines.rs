//! `Deadlines`: the deadlines of one session's calls.

#[cfg(any(feature = "async", feature = "wasi"))]
use super::alarm::Alarm;
use super::deadline::{CallDeadline, Ended, Timestamp, now, timestamp_after};
use super::group::Group;
use super::timer::EpochTimer;
#[cfg(feature = "wasi")]
use super::waiting;
use std::sync::Arc;
#[cfg(feature = "async")]
use std::task::Poll;
#[cfg(any(feature = "async", feature = "wasi"))]
use std::task::Waker;
use std::time::Duration;
use wasmtime::{Store, UpdateDeadline};

/// The deadlines of a session's calls: its time limit, those of its groups, and its slice. The session
/// owns them, and its store checks them whenever the engine's epoch has changed. To change them, the
/// session installs a modified copy.
#[derive(Clone)]
pub(crate) struct Deadlines {
    timer: Arc<EpochTimer>,
    /// Time limit of each call.
    pub limit: Option<Duration>,
    own: Arc<CallDeadline>,
    groups: Vec<Group>,
    /// End of the current slice, at which calls yield.
    #[cfg(feature = "async")]
    pub slice: Option<Arc<CallDeadline>>,
    /// The end of a poll of an async call, and its longest time.
    #[cfg(feature = "async")]
    yielding: Option<(Arc<CallDeadline>, Duration)>,
}

impl Deadlines {
    pub fn new(timer: &Arc<EpochTimer>, limit: Option<Duration>) -> Self {
        let own = Arc::default();
        timer.register(&own);
        Self {
            timer: Arc::clone(timer),
            limit,
            own,
            groups: Vec::new(),
            #[cfg(feature = "async")]
            slice: None,
            #[cfg(feature = "async")]
            yielding: None,
        }
    }

    /// Makes polls of async calls no longer than a time.
    #[cfg(feature = "async")]
    pub fn set_yield_every(&mut self, every: Option<Duration>) {
        self.yielding = every.map(|every| {
            let deadline = Arc::default();
            self.timer.register(&deadline);
            (deadline, every)
        });
    }

    /// Returns the deadlines at which a call yields.
    #[cfg(feature = "async")]
    fn yields(&self) -> impl Iterator<Item = &Arc<CallDeadline>> {
        self.slice.iter().chain(self.yielding.iter().map(|(deadline, _)| deadline))
    }

    /// Makes the store check them.
    pub fn install<T: 'static>(self: &Arc<Self>, store: &mut Store<T>) {
        let deadlines = Arc::clone(self);
        store.epoch_deadline_callback(move |_| Ok(deadlines.check_running()?));
        // At every change of the epoch: deadlines are times, not counts.
        store.set_epoch_deadline(1);
    }

    /// Returns whether there are no deadlines.
    pub fn is_empty(&self) -> bool {
        #[cfg(feature = "async")]
        let is_sliced = self.yields().next().is_some();
        #[cfg(not(feature = "async"))]
        let is_sliced = false;
        self.limit.is_none() && self.groups.is_empty() && !is_sliced
    }

    /// Adds the deadline of a group.
    pub fn join(&mut self, group: &Group) {
        group.add_timer(&self.timer);
        self.groups.push(group.clone());
    }

    /// Checks a running call whose guest noticed that the epoch has changed.
    fn check_running(&self) -> Result<UpdateDeadline, Ended> {
        let now = now();
        self.check_at(now)?;
        #[cfg(feature = "async")]
        if self.yields().any(|deadline| deadline.expired(now).is_some()) {
            return Ok(UpdateDeadline::Yield(1));
        }
        Ok(UpdateDeadline::Continue(1))
    }

    fn all(&self) -> impl Iterator<Item = &Arc<CallDeadline>> {
        std::iter::once(&self.own).chain(self.groups.iter().map(Group::deadline))
    }

    /// Fails if a deadline has expired, so that no call may begin.
    #[cfg(feature = "async")]
    pub fn check(&self) -> Result<(), Ended> {
        self.check_at(now())
    }

    fn check_at(&self, now: Timestamp) -> Result<(), Ended> {
        self.all().find_map(|deadline| deadline.expired(now)).map_or(Ok(()), Err)
    }

    /// Begins a call, which runs until the result is dropped.
    pub fn begin(self: &Arc<Self>) -> Result<RunningCall<'_>, Ended> {
        self.begin_at(now(), self.limit)
    }

    /// Begins or continues a call that may run for `left`.
    fn begin_at(
        self: &Arc<Self>,
        now: Timestamp,
        left: Option<Duration>,
    ) -> Result<RunningCall<'_>, Ended> {
        if let (Some(left), Some(limit)) = (left, self.limit) {
            self.own.set(timestamp_after(now, left), limit);
        }
        let first = self.all().map(|deadline| deadline.begin_call()).min();
        #[cfg(feature = "wasi")]
        waiting::enter(Arc::<Self>::clone(self));
        let running = RunningCall(self);
        self.check_at(now)?;
        let woken = first.map_or(Ok(()), |first| self.timer.wake_by(first));
        woken.map_err(Ended::Thread)?;
        Ok(running)
    }
}

#[cfg(feature = "wasi")]
impl waiting::WaitLimits for Deadlines {
    fn check_now(&self) -> Result<(), Ended> {
        self.check_at(now())
    }

    fn alarm(&self, waker: &Waker) -> Alarm {
        self.timer.alarms.set(self.all().cloned(), waker)
    }
}

#[cfg(feature = "async")]
impl Deadlines {
    /// Runs an async call. Only the time in which it is polled counts against the time limit. The deadlines
    /// of groups end it while it waits.
    ///
    /// # Errors
    ///
    /// Fails if the call fails or is ended. The inner result is the error of a call that returned late.
    pub async fn limit_polls<R>(
        self: &Arc<Self>,
        call: impl Future<Output = wasmtime::Result<R>>,
    ) -> wasmtime::Result<Result<R, Ended>> {
        let mut call = std::pin::pin!(call);
        let mut left = self.limit;
        let waiting = WaitingCall::new(self);
        let mut alarm = None;
        std::future::poll_fn(|context| {
            let begun = now();
            let running = match self.begin_at(begun, left) {
                Ok(running) => running,
                Err(error) => return Poll::Ready(Err(error.into())),
            };
            alarm = waiting.alarm(context.waker());
            let _polling = match Polling::begin(self, begun) {
                Ok(polling) => polling,
                Err(error) => return Poll::Ready(Err(Ended::Thread(error).into())),
            };
            let poll = call.as_mut().poll(context).map_ok(|result| running.end(result));
            left = left.map(|left| left.saturating_sub(Duration::from_nanos(now() - begun)));
            poll
        })
        .await
    }
}

/// A running call.
pub(crate) struct RunningCall<'a>(&'a Arc<Deadlines>);

impl RunningCall<'_> {
    /// Ends a call that returned.
    ///
    /// # Errors
    ///
    /// Fails if a deadline has expired: the guest did not notice, because it ran no loop and no call since,
    /// or one that takes long by itself, such as `memory.fill`.
    pub fn end<R>(&self, result: R) -> Result<R, Ended> {
        self.0.check_at(now()).map(|()| result)
    }
}

impl Drop for RunningCall<'_> {
    fn drop(&mut self) {
        #[cfg(feature = "wasi")]
        waiting::leave();
        self.0.all().for_each(|deadline| deadline.end_call());
        self.0.own.clear();
    }
}

/// A poll that ends after the time at which calls yield.
#[cfg(feature = "async")]
struct Polling<'a>(Option<&'a CallDeadline>);

#[cfg(feature = "async")]
impl<'a> Polling<'a> {
    fn begin(deadlines: &'a Deadlines, now: Timestamp) -> std::io::Result<Self> {
        let Some((deadline, every)) = &deadlines.yielding else { return Ok(Self(None)) };
        let _ = deadline.begin_call();
        let polling = Self(Some(deadline));
        deadlines.timer.wake_by(deadline.set(timestamp_after(now, *every), *every))?;
        Ok(polling)
    }
}

#[cfg(feature = "async")]
impl Drop for Polling<'_> {
    fn drop(&mut self) {
        if let Some(deadline) = self.0 {
            deadline.clear();
            deadline.end_call();
        }
    }
}

/// An async call, which the deadlines of groups can end while it waits.
#[cfg(feature = "async")]
struct WaitingCall<'a>(&'a Deadlines);

#[cfg(feature = "async")]
impl<'a> WaitingCall<'a> {
    fn new(deadlines: &'a Deadlines) -> Self {
        let waiting = Self(deadlines);
        for deadline in waiting.deadlines() {
            let _ = deadline.begin_call();
        }
        waiting
    }

    fn deadlines(&self) -> impl Iterator<Item = &Arc<CallDeadline>> {
        self.0.groups.iter().map(Group::deadline)
    }

    fn alarm(&self, waker: &Waker) -> Option<Alarm> {
        let is_needed = !self.0.groups.is_empty();
        is_needed.then(|| self.0.timer.alarms.set(self.deadlines().cloned(), waker))
    }
}

#[cfg(feature = "async")]
impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.deadlines().for_each(|deadline| deadline.end_call());
    }
}
