//! `sleep_until`: waits without an executor's clock.

use super::alarm::Alarm;
use super::deadline::{CallDeadline, Timestamp, now};
use super::timer::EpochTimer;
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

/// The timer of waits that belong to no engine.
static TIMER: LazyLock<Arc<EpochTimer>> = LazyLock::new(|| Arc::new(EpochTimer::of_no_engine()));

/// Waits until `expires`.
///
/// # Errors
///
/// Fails if the timer's thread cannot be started.
pub(crate) async fn sleep_until(expires: Timestamp) -> std::io::Result<()> {
    let sleep = Sleep::new(expires);
    let mut alarm: Option<Alarm> = None;
    std::future::poll_fn(|context| {
        // Before the check, so that the time does not pass unnoticed.
        alarm = Some(TIMER.alarms.set([Arc::clone(&sleep.0)], context.waker()));
        if now() >= expires {
            return Poll::Ready(Ok(()));
        }
        match TIMER.wake_by(expires) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

/// A deadline that counts until it is dropped.
struct Sleep(Arc<CallDeadline>);

impl Sleep {
    fn new(expires: Timestamp) -> Self {
        let deadline = Arc::<CallDeadline>::default();
        deadline.set(expires, Duration::ZERO);
        deadline.begin_call();
        TIMER.register(&deadline);
        Self(deadline)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.end_call();
    }
}
