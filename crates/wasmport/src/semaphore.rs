//! `Semaphore`: counts free permits, and lets threads and futures wait for one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A counter of free permits.
#[derive(Debug)]
pub(crate) struct Semaphore {
    counts: Mutex<Counts>,
    freed: Condvar,
}

#[derive(Debug)]
pub(crate) struct Counts {
    pub free: usize,
    /// Number of waiting threads. Waking one needs a system call, so it is skipped when none waits.
    waiting_threads: usize,
    #[cfg(feature = "async")]
    pub waiters: Waiters,
}

/// Futures that wait, the longest first.
#[cfg(feature = "async")]
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    pub queue: std::collections::VecDeque<(u64, std::task::Waker)>,
    pub last_ticket: u64,
}

/// A permit in use, until it is dropped.
#[derive(Debug)]
pub(crate) struct Acquired(Arc<Semaphore>);

impl Drop for Acquired {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Semaphore {
    pub fn new(free: usize) -> Arc<Self> {
        let counts = Counts {
            free,
            waiting_threads: 0,
            #[cfg(feature = "async")]
            waiters: Waiters::default(),
        };
        Arc::new(Self { counts: Mutex::new(counts), freed: Condvar::new() })
    }

    pub fn free(&self) -> usize {
        self.lock().free
    }

    pub fn acquire(semaphore: &Arc<Self>) -> Acquired {
        let mut counts = semaphore.lock();
        if counts.free == 0 {
            counts.waiting_threads += 1;
            let free = semaphore.freed.wait_while(counts, |counts| counts.free == 0);
            counts = free.unwrap_or_else(PoisonError::into_inner);
            counts.waiting_threads -= 1;
        }
        Self::take(semaphore, &mut counts)
    }

    pub fn acquire_timeout(semaphore: &Arc<Self>, timeout: Duration) -> Option<Acquired> {
        let mut counts = semaphore.lock();
        if counts.free == 0 && !timeout.is_zero() {
            counts.waiting_threads += 1;
            let wait = semaphore.freed.wait_timeout_while(counts, timeout, |c| c.free == 0);
            (counts, _) = wait.unwrap_or_else(PoisonError::into_inner);
            counts.waiting_threads -= 1;
        }
        (counts.free > 0).then(|| Self::take(semaphore, &mut counts))
    }

    /// Takes a permit that is free.
    pub fn take(semaphore: &Arc<Self>, counts: &mut Counts) -> Acquired {
        counts.free -= 1;
        Acquired(Arc::clone(semaphore))
    }

    fn release(&self) {
        let mut counts = self.lock();
        counts.free += 1;
        self.wake(counts);
    }

    /// Wakes a waiter because a permit is free: a thread and a future if both wait, of which one then
    /// waits again.
    pub fn wake(&self, counts: MutexGuard<'_, Counts>) {
        #[cfg(feature = "async")]
        let mut counts = counts;
        #[cfg(feature = "async")]
        let waker = counts.waiters.queue.pop_front().map(|(_, waker)| waker);
        let has_threads = counts.waiting_threads > 0;
        // The waiter needs the lock.
        drop(counts);
        if has_threads {
            self.freed.notify_one();
        }
        #[cfg(feature = "async")]
        waker.inspect(std::task::Waker::wake_by_ref);
    }

    /// Locks the counts, which a panicking thread left consistent.
    pub fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
