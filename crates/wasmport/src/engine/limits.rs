//! `Limits`: bounds on the resources of a session's guests.

use super::config::EngineConfig;
use std::time::Duration;

/// Bounds on the resources that the guests of one [`Session`](crate::Session) may use. They apply from
/// instantiation on.
///
/// Wasmtime's own default has no bound on memory and table sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest size of each linear memory, in bytes. Default: 1 GiB.
    pub memory_bytes: usize,
    /// Largest size of each table, in elements. Default: 1,000,000.
    pub table_elements: usize,
    /// Memories of one session. Default: 100.
    pub memories: usize,
    /// Tables of one session. Default: 100.
    pub tables: usize,
    /// Instances of one session. Default: 100.
    pub instances: usize,
    /// Fuel of a new session; its start function consumes it too. Needs
    /// [`EngineConfig::fuel`]. Default: no bound.
    pub fuel: Option<u64>,
    /// Time limit of the instantiation, and of each call until the session sets its own. Needs
    /// [`EngineConfig::epoch_interruption`]. Default: no bound.
    pub time: Option<Duration>,
}

impl Limits {
    /// Returns the first knob that these limits need and `config` has off.
    pub(crate) fn missing_knob(&self, config: &EngineConfig) -> Option<&'static str> {
        if self.fuel.is_some() && !config.fuel {
            return Some("fuel");
        }
        if self.time.is_some() && !config.epoch_interruption {
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
            memories: 100,
            tables: 100,
            instances: 100,
            fuel: None,
            time: None,
        }
    }
}
