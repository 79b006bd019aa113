//! Fuel, time limit and groups of a session.

use super::record::end_for_budget;
use super::start::new_deadlines;
use super::state::Session;
use crate::engine::LimitReached;
use crate::error::{Error, Result};
use crate::limits::{Deadlines, EpochTimer, Group, MemoryBudget, disable_deadline};
use crate::runtime::Runtime;
use std::sync::Arc;
use std::time::Duration;

/// Fuel and time. Both need engine settings, because the code itself counts fuel and checks epochs:
/// `fuel` and `epoch-interruption` below `[engine]`.
impl<T: 'static, W> Session<T, W> {
    /// Returns the remaining fuel. Most instructions consume 1.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not count fuel.
    pub fn fuel(&self) -> Result<u64> {
        self.store.get_fuel().map_err(|_| NO_FUEL)
    }

    /// Sets the remaining fuel. A guest without fuel ends with [`Error::OutOfFuel`].
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not count fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel).map_err(|_| NO_FUEL)
    }

    /// Adds to the remaining fuel.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not count fuel.
    pub fn add_fuel(&mut self, fuel: u64) -> Result<()> {
        self.set_fuel(self.fuel()?.saturating_add(fuel))
    }

    /// Returns the last limit that refused its guests a resource, also if they went on: a refused `memory.grow` returns
    /// -1 to the guest.
    #[must_use]
    pub fn limit_reached(&self) -> Option<LimitReached> {
        self.store.data().bounds().reached()
    }

    /// Makes its memories share a budget, which counts those that are there.
    pub fn share(&mut self, budget: &MemoryBudget) {
        end_for_budget(&mut self.store);
        self.store.data_mut().bounds_mut().share(budget);
    }

    /// Returns the time limit of each call, if there is one.
    pub fn time_limit(&self) -> Option<Duration> {
        self.deadlines.as_ref().and_then(|deadlines| deadlines.limit)
    }

    /// Sets the time limit of each call through this session. A guest that exceeds it ends with
    /// [`Error::TimedOut`] at its next loop or call. A sleep of WASI ends too. Another host function does
    /// not end, but its time counts, and a call that returns late is an error as well. The time in which an
    /// `async` call waits or is suspended does not count: set the deadline of a [`Group`] for that.
    ///
    /// Calls made with [`store_mut`](Self::store_mut) or [`parts`](Self::parts) have no limit.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not check epochs.
    pub fn set_time_limit(&mut self, limit: Option<Duration>) -> Result<()> {
        self.change_deadlines(|deadlines| deadlines.limit = limit).map(drop)
    }

    /// Adds the session to a group, whose deadline and interruption end its calls. It stays in the group,
    /// and can join others besides.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::NotMetered`] if the engine does not check epochs.
    pub fn join(&mut self, group: &Group) -> Result<()> {
        self.change_deadlines(|deadlines| deadlines.join(group)).map(drop)
    }

    /// Gives it the fuel, deadlines, groups and budgets of a new session of its runtime.
    pub(crate) fn renew(&mut self, runtime: &Runtime) {
        self.renew_fuel();
        self.deadlines = new_deadlines(runtime, &mut self.store);
        if self.deadlines.is_none() && self.timer.is_some() {
            disable_deadline(&mut self.store);
        }
        self.store.data_mut().bounds_mut().renew(runtime.memory_budgets().len());
    }

    /// Gives it the fuel of a new session.
    pub(crate) fn renew_fuel(&mut self) {
        if let Some(fuel) = self.fuel {
            // An engine that gave it fuel meters it.
            let _ = self.store.set_fuel(fuel);
        }
    }

    /// Changes the deadlines of calls. Returns the timer.
    pub(super) fn change_deadlines(
        &mut self,
        change: impl FnOnce(&mut Deadlines),
    ) -> Result<Arc<EpochTimer>> {
        let timer = self.timer.as_ref().ok_or(NO_EPOCHS)?;
        let mut deadlines = match self.deadlines.take() {
            Some(deadlines) => Deadlines::clone(&deadlines),
            None => Deadlines::new(timer, None),
        };
        change(&mut deadlines);
        if deadlines.is_empty() {
            disable_deadline(&mut self.store);
        } else {
            let deadlines = Arc::new(deadlines);
            deadlines.install(&mut self.store);
            self.deadlines = Some(deadlines);
        }
        Ok(Arc::clone(timer))
    }
}

pub(super) const NO_FUEL: Error = Error::NotMetered { knob: "fuel" };
const NO_EPOCHS: Error = Error::NotMetered { knob: "epoch_interruption" };
