//! `Profile`: whether an import is for a release or for development, and what differs.

use serde::{Deserialize, Serialize};
use wasmport::EngineConfig;
use wasmport::engine::{OptLevel, RegallocAlgorithm};

/// The purpose of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// For a program that others run: the engine configuration as it is.
    #[default]
    Release,
    /// For development: the engine configuration with the settings of [`DebugProfile`].
    Debug,
}

/// `[profile.debug]`: the settings of the engine that development imports replace, to compile in less time. Others are
/// as in `[engine]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DebugProfile {
    /// Optimization level of the compiler.
    pub opt_level: Option<OptLevel>,
    /// Allocation of registers by the compiler.
    pub regalloc_algorithm: Option<RegallocAlgorithm>,
}

impl DebugProfile {
    /// The fields.
    #[cfg(feature = "schema")]
    pub(super) const FIELDS: [&str; 2] = ["opt_level", "regalloc_algorithm"];

    /// Returns the settings with which compiling takes the least time.
    #[must_use]
    pub const fn fastest() -> Self {
        Self {
            opt_level: Some(OptLevel::None),
            regalloc_algorithm: Some(RegallocAlgorithm::SinglePass),
        }
    }

    /// Sets the optimization level.
    #[must_use]
    pub const fn opt_level(mut self, level: OptLevel) -> Self {
        self.opt_level = Some(level);
        self
    }

    /// Sets the allocation of registers.
    #[must_use]
    pub const fn regalloc_algorithm(mut self, algorithm: RegallocAlgorithm) -> Self {
        self.regalloc_algorithm = Some(algorithm);
        self
    }

    /// Returns the engine configuration of a development import.
    pub(super) fn applied_to(self, engine: EngineConfig) -> EngineConfig {
        let Self { opt_level, regalloc_algorithm } = self;
        engine
            .opt_level(opt_level.unwrap_or(engine.opt_level))
            .regalloc_algorithm(regalloc_algorithm.unwrap_or(engine.regalloc_algorithm))
    }
}

/// The tables `[profile.…]` of the settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProfileTables {
    pub debug: DebugProfile,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_profile_replaces_what_it_sets() {
        let engine = EngineConfig::new().fuel(true);
        assert_eq!(DebugProfile::default().applied_to(engine), engine);
        let fast = engine.opt_level(OptLevel::None);
        assert_eq!(DebugProfile::default().opt_level(OptLevel::None).applied_to(engine), fast);
        let fastest = fast.regalloc_algorithm(RegallocAlgorithm::SinglePass);
        assert_eq!(DebugProfile::fastest().applied_to(engine), fastest);
    }
}
