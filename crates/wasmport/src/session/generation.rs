//! `Generation`: the place of code in a slot, by which the slot counts the sessions that run it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The sessions of a slot that run, counted by the number of their code.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    running: Mutex<BTreeMap<u64, usize>>,
    ended: Condvar,
}

/// The place of one code in a slot.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    generations: Arc<Generations>,
    number: u64,
}

/// A session that runs, which its slot counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Running(Generation);

impl Generations {
    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        // Nothing under this lock panics.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn older_than(&self, number: u64) -> usize {
        older(&self.running(), number)
    }

    /// Waits until none is older, and returns how many are.
    pub fn wait(&self, number: u64, timeout: Duration) -> usize {
        let has_older = |running: &mut BTreeMap<_, _>| older(running, number) > 0;
        let waited = self.ended.wait_timeout_while(self.running(), timeout, has_older);
        let (running, _) = waited.unwrap_or_else(PoisonError::into_inner);
        older(&running, number)
    }
}

fn older(running: &BTreeMap<u64, usize>, number: u64) -> usize {
    running.range(..number).map(|(_, count)| count).sum()
}

impl Generation {
    pub fn new(generations: &Arc<Generations>, number: u64) -> Self {
        Self { generations: Arc::clone(generations), number }
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// Counts a session.
    pub fn begin(&self) -> Running {
        *self.generations.running().entry(self.number).or_default() += 1;
        Running(self.clone())
    }
}

impl Running {
    pub fn generation(&self) -> u64 {
        self.0.number
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Self(Generation { generations, number }) = self;
        let mut running = generations.running();
        if let Some(count) = running.get_mut(number) {
            *count -= 1;
            if *count == 0 {
                let _ = running.remove(number);
            }
        }
        drop(running);
        generations.ended.notify_all();
    }
}
