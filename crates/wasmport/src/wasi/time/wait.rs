//! Waiting: it obeys the guest's clock, and ends with the deadlines of the session.
//!
//! Wasmtime's functions wait as long as the guest wants. Async calls need no deadline here: the session
//! stops to poll them.

use super::Clock;
use crate::limits::{has_deadlines, now, sleep_until, timestamp_after, until_deadline};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use wasmtime::Result;
use wasmtime_wasi::runtime::in_tokio;

/// Shortest sleep: a clock that expects less is compared after it, so that no clock can keep a thread busy.
const SHORTEST: Duration = Duration::from_micros(1);

/// Longest sleep of a thread if the timer cannot wake calls.
const WITHOUT_TIMER: Duration = Duration::from_millis(10);

/// Runs a call that blocks, in Tokio, at most until a deadline of the running calls.
pub(in crate::wasi) fn block<R>(call: impl Future<Output = Result<R>>) -> Result<R> {
    if has_deadlines() { in_tokio(until_deadline(call))? } else { in_tokio(call) }
}

/// Runs a call that blocks and needs no Tokio, at most until a deadline of the running calls.
pub(in crate::wasi) fn block_here<R>(call: impl Future<Output = Result<R>>) -> Result<R> {
    if has_deadlines() { park(until_deadline(call))? } else { park(call) }
}

/// Waits for a future, and parks the thread meanwhile.
pub(in crate::wasi) fn park<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        thread::park();
    }
}

/// Continues a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits until the monotonic clock shows `until`. A clock that stands still is advanced.
pub(in crate::wasi) async fn wait_until(clock: &dyn Clock, until: u64) {
    while clock.monotonic() < until {
        match clock.real_time_until(until) {
            Some(time) => sleep(time).await,
            None => return clock.advance_to(until),
        }
    }
}

/// Blocks the thread until the monotonic clock shows `until`, if the running calls have no deadline: the
/// system's sleep is more precise than a timer.
pub(in crate::wasi) fn sleep_without_deadline(clock: &dyn Clock, until: u64) {
    while !has_deadlines() && clock.monotonic() < until {
        match clock.real_time_until(until) {
            Some(time) => thread::sleep(time.max(SHORTEST)),
            None => return clock.advance_to(until),
        }
    }
}

/// Sleeps for a real time, without an executor's timer: a resumable call has no executor.
pub(in crate::wasi) async fn sleep(time: Duration) {
    let end = timestamp_after(now(), time.max(SHORTEST));
    if sleep_until(end).await.is_err() {
        // The timer's thread cannot be started.
        thread::sleep(time.min(WITHOUT_TIMER));
        yield_now().await;
    }
}

/// Lets the executor, or the program that resumes the call, run something else.
pub(in crate::wasi) async fn yield_now() {
    let mut has_yielded = false;
    std::future::poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
