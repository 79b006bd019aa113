//! `Slots`: counts what is in use, and lets threads and futures wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Slots {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Threads that wait: waking asks the system, so nobody is woken where none does.
    threads: usize,
    #[cfg(feature = "async")]
    futures: future::Queue,
}

/// A slot in use, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<Slots>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl Slots {
    pub fn new(free: usize) -> Arc<Self> {
        let state = State {
            free,
            threads: 0,
            #[cfg(feature = "async")]
            futures: future::Queue::default(),
        };
        Arc::new(Self { state: Mutex::new(state), freed: Condvar::new() })
    }

    pub fn free(&self) -> usize {
        self.lock().free
    }

    pub fn acquire(slots: &Arc<Self>) -> Permit {
        let mut state = slots.lock();
        if state.free == 0 {
            state.threads += 1;
            let free = slots.freed.wait_while(state, |state| state.free == 0);
            state = free.unwrap_or_else(PoisonError::into_inner);
            state.threads -= 1;
        }
        Self::take(slots, &mut state)
    }

    pub fn acquire_timeout(slots: &Arc<Self>, timeout: Duration) -> Option<Permit> {
        let mut state = slots.lock();
        if state.free == 0 && !timeout.is_zero() {
            state.threads += 1;
            let free = slots.freed.wait_timeout_while(state, timeout, |state| state.free == 0);
            (state, _) = free.unwrap_or_else(PoisonError::into_inner);
            state.threads -= 1;
        }
        (state.free > 0).then(|| Self::take(slots, &mut state))
    }

    fn take(slots: &Arc<Self>, state: &mut State) -> Permit {
        state.free -= 1;
        Permit(Arc::clone(slots))
    }

    fn release(&self) {
        let mut state = self.lock();
        state.free += 1;
        self.wake(state);
    }

    /// Tells one that waits that a slot is free; where threads and futures do, one of each, of which
    /// one goes on waiting.
    fn wake(&self, state: MutexGuard<'_, State>) {
        #[cfg(feature = "async")]
        let mut state = state;
        #[cfg(feature = "async")]
        let waker = state.futures.next();
        let threads = state.threads > 0;
        // Whoever is woken wants the lock.
        drop(state);
        if threads {
            self.freed.notify_one();
        }
        #[cfg(feature = "async")]
        waker.inspect(std::task::Waker::wake_by_ref);
    }

    /// A thread that panicked while it held the lock left the numbers as they were.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "async")]
mod future {
    use super::{Permit, Slots};
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    /// Futures that wait, the longest first.
    #[derive(Debug, Default)]
    pub(super) struct Queue {
        waiting: VecDeque<(u64, Waker)>,
        tickets: u64,
    }

    impl Queue {
        pub fn next(&mut self) -> Option<Waker> {
            self.waiting.pop_front().map(|(_, waker)| waker)
        }

        /// Whether the future with this ticket was waiting.
        fn remove(&mut self, ticket: u64) -> bool {
            let position = self.waiting.iter().position(|(other, _)| *other == ticket);
            position.is_some_and(|position| self.waiting.remove(position).is_some())
        }
    }

    impl Slots {
        pub fn acquire_async(slots: &Arc<Self>) -> impl Future<Output = Permit> + Send + use<> {
            Acquire { slots: Arc::clone(slots), ticket: None }
        }
    }

    struct Acquire {
        slots: Arc<Slots>,
        /// Of its place in the queue, once it had one.
        ticket: Option<u64>,
    }

    impl Future for Acquire {
        type Output = Permit;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
            let slots = Arc::clone(&self.slots);
            let mut state = slots.lock();
            if let Some(ticket) = self.ticket {
                state.futures.remove(ticket);
            }
            if state.free > 0 {
                self.ticket = None;
                return Poll::Ready(Slots::take(&slots, &mut state));
            }
            let queue = &mut state.futures;
            let ticket = self.ticket.unwrap_or_else(|| {
                queue.tickets += 1;
                queue.tickets
            });
            self.ticket = Some(ticket);
            // The longest wait has the smallest ticket, also after it was woken in vain.
            let place = queue.waiting.partition_point(|(other, _)| *other < ticket);
            queue.waiting.insert(place, (ticket, context.waker().clone()));
            Poll::Pending
        }
    }

    impl Drop for Acquire {
        /// One that was woken and is dropped before it is polled passes that on.
        fn drop(&mut self) {
            let Some(ticket) = self.ticket else { return };
            let mut state = self.slots.lock();
            if !state.futures.remove(ticket) && state.free > 0 {
                self.slots.wake(state);
            }
        }
    }
}
