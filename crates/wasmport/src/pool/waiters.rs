//! Futures that wait for a permit.

use crate::semaphore::{Acquired, Semaphore, Waiters};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Waits for a permit.
pub(super) fn acquire_async(
    semaphore: &Arc<Semaphore>,
) -> impl Future<Output = Acquired> + Send + use<> {
    Acquire { semaphore: Arc::clone(semaphore), ticket: None }
}

impl Waiters {
    /// Removes the future with this ticket, and returns whether it was waiting.
    fn remove(&mut self, ticket: u64) -> bool {
        let position = self.queue.iter().position(|(other, _)| *other == ticket);
        position.is_some_and(|position| self.queue.remove(position).is_some())
    }
}

struct Acquire {
    semaphore: Arc<Semaphore>,
    /// Ticket in the queue, once it has waited.
    ticket: Option<u64>,
}

impl Future for Acquire {
    type Output = Acquired;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Acquired> {
        let semaphore = Arc::clone(&self.semaphore);
        let mut counts = semaphore.lock();
        if let Some(ticket) = self.ticket {
            counts.waiters.remove(ticket);
        }
        if counts.free > 0 {
            self.ticket = None;
            return Poll::Ready(Semaphore::take(&semaphore, &mut counts));
        }
        let waiters = &mut counts.waiters;
        let ticket = self.ticket.unwrap_or_else(|| {
            waiters.last_ticket += 1;
            waiters.last_ticket
        });
        self.ticket = Some(ticket);
        // Sorted by ticket: the longest wait is first, even after it was woken in vain.
        let place = waiters.queue.partition_point(|(other, _)| *other < ticket);
        waiters.queue.insert(place, (ticket, context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Acquire {
    /// Wakes the next future if this one was woken but not polled.
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut counts = self.semaphore.lock();
        if !counts.waiters.remove(ticket) && counts.free > 0 {
            self.semaphore.wake(counts);
        }
    }
}
