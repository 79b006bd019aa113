//! Watchdog: a thread that finds imports of this process that exceed their limits.

use crate::settings::ImportLimits;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The interval between two checks.
const INTERVAL: Duration = Duration::from_millis(20);

/// The time that an import may exceed its limit: a program that a stage runs is killed at the limit, and
/// its error says more.
const SLACK: Duration = Duration::from_secs(1);

/// An asset whose import exceeds a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Overrun {
    pub source: String,
    pub message: String,
    /// The setting that holds the limit.
    pub key: String,
}

/// The watchdog. It stops when it is dropped.
pub(crate) struct Watchdog(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<Watchlist>,
    ended: Condvar,
}

#[derive(Default)]
struct Watchlist {
    running: Vec<Running>,
    ended: bool,
}

struct Running {
    source: String,
    start: Instant,
    time: Duration,
    memory: u64,
}

/// An import that is watched until this is dropped.
pub(crate) struct Watched<'a> {
    watchdog: &'a Watchdog,
    source: &'a str,
}

impl Watchdog {
    /// Starts the thread. It calls `act` with the assets that exceed a limit. If several are imported at
    /// once, an asset may be named for the memory of another.
    pub fn start(act: impl Fn(&[Overrun]) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut state = theirs.state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.ended {
                let overruns = state.overruns();
                if !overruns.is_empty() {
                    act(&overruns);
                }
                let waited = theirs.ended.wait_timeout(state, INTERVAL);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        });
        Self(shared)
    }

    /// Watches one import.
    pub fn watch<'a>(&'a self, source: &'a str, limits: &ImportLimits) -> Watched<'a> {
        let (time, memory) = (limits.time(), limits.memory());
        let running = Running { source: source.into(), start: Instant::now(), time, memory };
        self.state().running.push(running);
        Watched { watchdog: self, source }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Watchlist> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watchdog.state().running.retain(|running| running.source != self.source);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.state().ended = true;
        self.0.ended.notify_all();
    }
}

impl Watchlist {
    fn overruns(&self) -> Vec<Overrun> {
        let Some(memory) = self.running.iter().map(|running| running.memory).max() else {
            return Vec::new();
        };
        let used = memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64);
        let overrun = |running: &Running| {
            let source = running.source.clone();
            let took = running.start.elapsed();
            if used > memory {
                let message = format!("took more than {} MiB of memory", memory >> 20);
                Some(Overrun { source, message, key: "limits.max-memory-mib".into() })
            } else if took > running.time + SLACK {
                let message = format!("took longer than {} s", running.time.as_secs());
                Some(Overrun { source, message, key: "limits.max-seconds".into() })
            } else {
                None
            }
        };
        self.running.iter().filter_map(overrun).collect()
    }
}
