//! `Generations`: how many sessions of each code of a slot run.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The sessions that run, counted by the number of their code.
#[derive(Debug, Default)]
pub(super) struct Generations {
    running: Mutex<BTreeMap<u64, usize>>,
    ended: Condvar,
}

/// A session that runs.
#[derive(Debug)]
pub(super) struct Running {
    generations: Arc<Generations>,
    generation: u64,
}

impl Generations {
    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, usize>> {
        // Nothing under this lock panics.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(generations: &Arc<Self>, generation: u64) -> Running {
        *generations.running().entry(generation).or_default() += 1;
        Running { generations: Arc::clone(generations), generation }
    }

    pub fn older_than(&self, generation: u64) -> usize {
        older(&self.running(), generation)
    }

    /// Waits until none is older, and returns how many are.
    pub fn wait(&self, generation: u64, timeout: Duration) -> usize {
        let has_older = |running: &mut BTreeMap<_, _>| older(running, generation) > 0;
        let waited = self.ended.wait_timeout_while(self.running(), timeout, has_older);
        let (running, _) = waited.unwrap_or_else(PoisonError::into_inner);
        older(&running, generation)
    }
}

fn older(running: &BTreeMap<u64, usize>, generation: u64) -> usize {
    running.range(..generation).map(|(_, count)| count).sum()
}

impl Running {
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.generations.running();
        if let Some(count) = running.get_mut(&self.generation) {
            *count -= 1;
            if *count == 0 {
                let _ = running.remove(&self.generation);
            }
        }
        drop(running);
        self.generations.ended.notify_all();
    }
}
