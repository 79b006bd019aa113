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
            memories: 10_000,
            tables: 10_000,
            instances: 10_000,
            fuel: None,
            time: None,
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
    pub(crate) const fn new(setting: &'static str, asked: u64, allowed: u64) -> Self {
        Self { setting, asked, allowed }
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, asked, allowed } = self;
        write!(f, "the guest needs {asked} where `limits.{setting}` allows {allowed}")
    }
}
