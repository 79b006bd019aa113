//! Limits in a store: no deadline, the bounds on resources, and the errors of calls that exceeded one.

use super::budget::MemoryBudget;
use super::deadline::Ended;
use crate::engine::{LimitReached, Limits};
use crate::error::{Callee, Error};
#[cfg(feature = "replay")]
use std::sync::Arc;
#[cfg(feature = "replay")]
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::{ResourceLimiter, Result, Store, Trap};

/// Removes the deadline of a store's calls. A new store of Wasmtime's has one that has expired.
pub(crate) fn disable_deadline<T: 'static>(store: &mut Store<T>) {
    store.epoch_deadline_trap();
    // Far away, but an epoch added to it does not overflow.
    store.set_epoch_deadline(u64::MAX >> 1);
}

/// Converts the error of a failed call. `limit` refused the guest a resource before.
#[cold]
pub(crate) fn call_error(
    callee: Callee<'_>,
    limit: Option<LimitReached>,
    error: wasmtime::Error,
) -> Error {
    let error = callee.with_frames(error);
    // It may be the error of another session, called by a host function.
    if error.is::<Error>() {
        return callee.call_error(limit, error);
    }
    let (asset, function) = callee.names();
    let trap = error.downcast_ref();
    match (error.downcast_ref(), trap) {
        (Some(&Ended::TimeLimit(limit)), _) => {
            Error::TimedOut { asset, function, limit, source: Some(error) }
        }
        (Some(Ended::Interrupted), _) | (_, Some(Trap::Interrupt)) => {
            Error::Interrupted { asset, function, source: Some(error) }
        }
        (_, Some(Trap::OutOfFuel)) => Error::OutOfFuel { asset, function, source: error },
        _ => callee.call_error(limit, error),
    }
}

/// Returns whether a deadline or the program ended a call.
#[cfg(feature = "replay")]
pub(crate) fn is_ended(error: &wasmtime::Error) -> bool {
    error.is::<Ended>()
}

/// The bounds on the resources of a store's guests.
#[derive(Debug)]
pub(crate) struct Bounds {
    limits: Limits,
    /// The last limit that refused a guest a resource.
    reached: Option<LimitReached>,
    /// The bytes of all linear memories.
    memory: u64,
    /// The bytes by which a memory was allowed to grow last.
    growth: u64,
    /// The budgets that have these bytes.
    budgets: Vec<MemoryBudget>,
    #[cfg(feature = "replay")]
    watch: Option<GrowthWatch>,
}

/// Notes that a memory did not grow, although the recorded limits allow it.
#[cfg(feature = "replay")]
#[derive(Debug)]
struct GrowthWatch {
    /// The largest memory that these limits allow, in bytes.
    most: usize,
    /// The size that was asked for last.
    asked: usize,
    has_failed: Arc<AtomicBool>,
}

impl Drop for Bounds {
    fn drop(&mut self) {
        self.budgets.iter().for_each(|budget| budget.give_back(self.memory));
    }
}

impl Bounds {
    pub fn new(limits: Limits, budgets: &[MemoryBudget]) -> Self {
        Self {
            limits,
            reached: None,
            memory: 0,
            growth: 0,
            budgets: budgets.to_vec(),
            #[cfg(feature = "replay")]
            watch: None,
        }
    }

    /// Sets `has_failed` when a memory does not grow, although it has at most `most` bytes then.
    #[cfg(feature = "replay")]
    pub fn watch_growth(&mut self, most: usize, has_failed: &Arc<AtomicBool>) {
        self.watch = Some(GrowthWatch { most, asked: 0, has_failed: Arc::clone(has_failed) });
    }

    /// Shares a budget from now on, which counts the memories that are there.
    pub fn share(&mut self, budget: &MemoryBudget) {
        budget.take_used(self.memory);
        self.budgets.push(budget.clone());
    }

    /// Leaves the budgets that it did not begin with, and forgets the limit that was reached.
    pub fn renew(&mut self, budgets: usize) {
        let later = self.budgets.drain(budgets.min(self.budgets.len())..);
        later.for_each(|budget| budget.give_back(self.memory));
        self.reached = None;
    }

    /// Takes bytes of all budgets, or of none.
    fn take(&mut self, bytes: u64) -> bool {
        for (index, budget) in self.budgets.iter().enumerate() {
            if let Err(reached) = budget.take(bytes) {
                self.budgets[..index].iter().for_each(|taken| taken.give_back(bytes));
                self.reached = Some(reached);
                return false;
            }
        }
        (self.memory, self.growth) = (self.memory.saturating_add(bytes), bytes);
        true
    }

    /// Returns the limit that refused a guest a resource, if one did.
    pub fn reached(&self) -> Option<LimitReached> {
        self.reached
    }

    /// Returns the limit because of which an instance was not created, if one was the reason.
    #[cold]
    pub fn refused(&self, error: &wasmtime::Error) -> Option<LimitReached> {
        let reason = error.root_cause().to_string();
        // Wasmtime compares the counts itself, and names the one in the text alone.
        let counts = [
            ("instance", "instances", self.limits.instances),
            ("memory", "memories", self.limits.memories),
            ("table", "tables", self.limits.tables),
        ];
        let refused = counts.into_iter().find_map(|(what, setting, allowed)| {
            let prefix = format!("resource limit exceeded: {what} count too high at ");
            let asked = reason.strip_prefix(&prefix)?.parse().ok()?;
            Some(LimitReached::new(setting, asked, allowed as u64))
        });
        let is_minimum = reason.contains(" minimum size of ");
        refused.or_else(|| self.reached.filter(|_| is_minimum))
    }

    fn check(&mut self, setting: &'static str, asked: usize, allowed: usize) -> bool {
        if asked <= allowed {
            return true;
        }
        self.reached = Some(LimitReached::new(setting, asked as u64, allowed as u64));
        false
    }
}

/// Wasmtime's error of a growth to a size that the type of the memory forbids.
const FORBIDDEN_BY_TYPE: &str = "memory growth exceeds memory type's limits";

impl ResourceLimiter for Bounds {
    fn memory_growing(&mut self, now: usize, asked: usize, most: Option<usize>) -> Result<bool> {
        self.growth = 0;
        #[cfg(feature = "replay")]
        if let Some(watch) = &mut self.watch {
            watch.asked = asked;
        }
        // The guest's own maximum is no limit of the session's.
        let is_allowed = most.is_none_or(|most| asked <= most);
        Ok(is_allowed
            && self.check("memory_bytes", asked, self.limits.memory_bytes)
            && self.take(asked.saturating_sub(now) as u64))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        // Wasmtime asks nobody about a size that the memory's type forbids: the last growth is another one.
        if error.to_string() == FORBIDDEN_BY_TYPE {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.growth);
        #[cfg(feature = "replay")]
        if let Some(watch) =
            self.watch.as_ref().filter(|watch| bytes > 0 && watch.asked <= watch.most)
        {
            watch.has_failed.store(true, Ordering::Relaxed);
        }
        self.memory = self.memory.saturating_sub(bytes);
        self.budgets.iter().for_each(|budget| budget.give_back(bytes));
        Ok(())
    }

    fn table_growing(&mut self, _: usize, asked: usize, most: Option<usize>) -> Result<bool> {
        let is_allowed = most.is_none_or(|most| asked <= most);
        Ok(is_allowed && self.check("table_elements", asked, self.limits.table_elements))
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}
