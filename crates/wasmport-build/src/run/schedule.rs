//! Schedule: assets in parallel, the largest first, within a bound on memory.

use std::sync::{Condvar, Mutex, PoisonError};

/// The weight of the items that run at once, in tenths of the heaviest item. With less, processors wait
/// while a large module is validated, linked and written; with more, the peak memory rises.
const SHARE: u64 = 16;
/// The weight that may always run at once, in bytes of modules.
const FLOOR: u64 = 1 << 20;
/// The memory that compiling takes, in bytes per byte of a module: 90 to 230 for large ones.
const MEMORY_PER_BYTE: u64 = 230;

/// Calls `work` for every item on `threads` threads, the heaviest first. The items that run at once weigh
/// no more than `memory` bytes allow; by default little more than the heaviest, so that a run takes
/// little more memory than its largest asset. Results are in the order of the items.
pub(crate) fn heaviest_first<T: Sync, R: Send>(
    items: &[T],
    weight: impl Fn(&T) -> u64,
    threads: usize,
    memory: Option<u64>,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut waiting: Vec<(u64, usize)> =
        items.iter().enumerate().map(|(index, item)| (weight(item).max(1), index)).collect();
    waiting.sort_by_key(|(weight, index)| (std::cmp::Reverse(*weight), *index));
    let most = waiting.first().map_or(0, |(weight, _)| weight.saturating_mul(SHARE) / 10);
    let most = memory.map_or(most.max(FLOOR), |memory| memory / MEMORY_PER_BYTE);
    let gate = Gate { state: Mutex::new(Queue { waiting, running: 0 }), changed: Condvar::new() };
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                while let Some((weight, index)) = gate.take(most) {
                    let result = work(&items[index]);
                    *results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    gate.release(weight);
                }
            });
        }
    });
    // Each item was taken once, and a panic of `work` ends the scope.
    results
        .into_iter()
        .filter_map(|r| r.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

struct Gate {
    state: Mutex<Queue>,
    changed: Condvar,
}

struct Queue {
    /// Weights and indices, the heaviest first.
    waiting: Vec<(u64, usize)>,
    running: u64,
}

impl Gate {
    /// Takes the heaviest item that fits beside the running ones, or returns `None` if all are taken.
    fn take(&self, most: u64) -> Option<(u64, usize)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.waiting.is_empty() {
                return None;
            }
            let running = state.running;
            // Any item runs alone, however heavy it is.
            let fits = |(weight, _): &(u64, usize)| running == 0 || running + weight <= most;
            if let Some(next) = state.waiting.iter().position(fits) {
                let taken = state.waiting.remove(next);
                state.running += taken.0;
                return Some(taken);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn release(&self, weight: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).running -= weight;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOOR, MEMORY_PER_BYTE, heaviest_first};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The most that ran at once.
    fn most_at_once(items: &[u64], memory: Option<u64>) -> u64 {
        let (running, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = |weight: &u64| {
            let now = running.fetch_add(*weight, Ordering::SeqCst) + weight;
            most.fetch_max(now, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(*weight, Ordering::SeqCst);
            *weight
        };
        assert_eq!(heaviest_first(items, |weight| *weight, 8, memory, work), items);
        most.into_inner()
    }

    #[test]
    fn what_runs_at_once_is_bounded_and_results_are_in_order() {
        let items: Vec<u64> = (1..=200).map(|i| (i * 37 % 101) * FLOOR).collect();
        assert!(most_at_once(&items, None) <= 160 * FLOOR, "the heaviest is 100");
        let memory = |floors: u64| Some(floors * FLOOR * MEMORY_PER_BYTE);
        assert!(most_at_once(&items, memory(120)) <= 120 * FLOOR);
        assert!(most_at_once(&items, memory(20)) <= 100 * FLOOR, "the heaviest runs alone");
        assert!(heaviest_first(&[], |()| 1, 8, None, |()| ()).is_empty());
    }
}
