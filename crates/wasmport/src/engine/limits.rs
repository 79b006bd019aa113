//! `Limits`: bounds on the resources of a session's guests.

use super::config::EngineConfig;
use std::fmt;
use std::time::Duration;

/// Bounds on the resources that the guests of one [`Session`](crate::Session) may use. They apply from
/// instantiation on.
///
/// The default numbers of memories, tables and instances are Wasmtime's: a component that is composed of
/// others, or links its libraries when it starts, has several of each. The default sizes are bounds of
/// wasmport's, because Wasmtime has none. All memories together may reach `memories` times
/// `memory_bytes`: set both for guests that you do not trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest size of each linear memory, in bytes. Default: 1 GiB.
    pub memory_bytes: usize,
    /// Largest size of each table, in elements. Default: 1,000,000.
    pub table_elements: usize,
    /// Memories of one session. Default: 10,000.
    pub memories: usize,
    /// Tables of one session. Default: 10,000.
    pub tables: usize,
    /// Instances of core modules in one session. A component has one for each module in it and for each
    /// adapter between two of them. Default: 10,000.
    pub instances: usize,
    /// Fuel of a new session; its start function consumes it too. Needs
    /// [`EngineConfig::fuel`]. Default: no bound.
    pub fuel: Option<u64>,
    /// Time limit of the instantiation, and of each call until the session sets its own. Needs
    /// [`EngineConfig::epoch_interruption`]. Default: no bound.
    pub time: Option<Duration>,
    /// Time after which a call of an async session lets the executor's other tasks run, and then goes on. The session
    /// stays with the call. Other sessions ignore it. Needs [`EngineConfig::epoch_interruption`]. Default: a call yields
    /// only where a host function waits.
    pub yield_every: Option<Duration>,
}

impl Limits {
    /// Returns the first knob that these limits need and `config` has off.
    pub(crate) fn missing_knob(&self, config: &EngineConfig) -> Option<&'static str> {
        if self.fuel.is_some() && !config.fuel {
            return Some("fuel");
        }
        let needs_epochs = self.time.is_some() || self.yield_every.is_some();
        if needs_epochs && !config.epoch_interruption {
            return Some("epoch_interruption");
        }
        None
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            table_elements: 1_000_000,
            memories: 10_000,
            tables: 10_000,
            instances: 10_000,
            fuel: None,
            time: None,
            yield_every: None,
        }
    }
}

/// A bound of [`Limits`] that refused a guest a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitReached {
    /// The field of [`Limits`].
    pub setting: &'static str,
    /// The size or number that the guest needs.
    pub asked: u64,
    /// The size or number that the limit allows.
    pub allowed: u64,
}

impl LimitReached {
    /// The setting that stands for a [`MemoryBudget`](crate::MemoryBudget).
    pub(crate) const BUDGET: &'static str = "memory_budget";

    pub(crate) const fn new(setting: &'static str, asked: u64, allowed: u64) -> Self {
        Self { setting, asked, allowed }
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, asked, allowed } = self;
        if *setting == Self::BUDGET {
            return write!(
                f,
                "the sessions need {asked} bytes where their memory budget allows {allowed}"
            );
        }
        write!(f, "the guest needs {asked} where `limits.{setting}` allows {allowed}")
    }
}
