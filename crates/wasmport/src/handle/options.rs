//! `HandleOptions`: the thread, the queue and the failures of a handle.

use std::time::Duration;

/// The thread, the queue and the failures of a [`Handle`](super::Handle); the queue and the failures of an `AsyncHandle`.
#[derive(Clone, Debug)]
pub struct HandleOptions {
    pub(super) name: String,
    pub(super) stack_bytes: Option<usize>,
    pub(super) queue: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) restart: Restart,
}

impl HandleOptions {
    /// Names the handle and its thread; errors have the name too.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            stack_bytes: None,
            queue: 64,
            timeout: None,
            restart: Restart::Never,
        }
    }

    /// Sets the size of the thread's stack in bytes. It holds the guest's stack too: it is larger than
    /// [`RuntimeOptions::max_wasm_stack`](crate::RuntimeOptions::max_wasm_stack). Default: that of Rust's threads, 2 MiB.
    #[must_use]
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = Some(bytes);
        self
    }

    /// Limits how many calls wait; a further one fails. Default: 64.
    #[must_use]
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls.max(1);
        self
    }

    /// Limits the time of each call, in the queue and in the guest together. A call that ran out of time in the queue does
    /// not run. The guest of one that runs is interrupted if the engine meters time; else it runs on while its caller goes
    /// on. So does a host function, but in a task a call that waits is dropped. The session's own
    /// [time limit](crate::Limits::time) holds too. Default: no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says what follows a failure. Default: [`Restart::Never`].
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }
}

/// What follows when a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restart {
    /// The handle ends: further calls fail.
    Never,
    /// A new session starts, after a pause if failures follow each other.
    Always(Backoff),
}

impl Restart {
    /// Starts a new session at once, and after pauses from 10 milliseconds to 10 seconds if failures follow each other.
    #[must_use]
    pub const fn always() -> Self {
        Self::Always(Backoff {
            first: Duration::from_millis(10),
            longest: Duration::from_secs(10),
            failures: u32::MAX,
        })
    }

    /// Returns the pause before the next session, after so many failures in a row; none if the handle ends.
    pub(super) fn pause(&self, failures: u32) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Always(backoff) => (failures < backoff.failures).then(|| backoff.pause(failures)),
        }
    }
}

/// The pauses between failures that follow each other: each is twice as long as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the second failure in a row. There is none after the first.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// The failures in a row after which the handle ends.
    pub failures: u32,
}

impl Backoff {
    /// Returns the pause after so many failures in a row.
    fn pause(&self, failures: u32) -> Duration {
        match failures {
            0 | 1 => Duration::ZERO,
            failures => {
                let doubled = 1_u32.checked_shl(failures - 2).unwrap_or(u32::MAX);
                self.first.saturating_mul(doubled).min(self.longest)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let Restart::Always(backoff) = Restart::always() else { panic!("it restarts") };
        let pauses = [0, 1, 2, 3, 4, 20, 40, u32::MAX].map(|failures| backoff.pause(failures));
        let millis = [0, 0, 10, 20, 40, 10_000, 10_000, 10_000];
        assert_eq!(pauses, millis.map(Duration::from_millis));
    }
}
