//! `PoolingMisfit`: a contradiction between the pooling allocator and its users.

use std::fmt;

/// A setting that the pooling allocator cannot work with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolingMisfit {
    /// A setting of [`Pooling`](super::Pooling) is too small for an asset or a pool.
    TooSmall {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// The smallest value that suffices.
        needed: u64,
    },
    /// A setting of [`Pooling`](super::Pooling) is larger than the engine configuration allows.
    TooLarge {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// The knob of the engine configuration.
        knob: &'static str,
        /// Its value.
        most: u64,
    },
    /// Two knobs of the engine configuration must be equal and differ: GC heaps use the space of
    /// memories.
    Unequal {
        /// The knobs' names.
        knobs: [&'static str; 2],
    },
}

impl PoolingMisfit {
    /// Returns the advice on what to change.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooSmall { setting, needed, .. } => {
                format!("set `{setting}` of `RuntimeOptions::pooling` to {needed} or more")
            }
            Self::TooLarge { setting, knob, most, .. } => format!(
                "set `{setting}` of `RuntimeOptions::pooling` to {most} or less, or import with a larger `{knob}`"
            ),
            Self::Unequal { knobs: [one, other] } => {
                format!(
                    "set `{one}` and `{other}` below `[engine]` to the same value, and import again"
                )
            }
        }
    }
}

impl fmt::Display for PoolingMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { setting, value, needed } => {
                write!(f, "`{setting}` is {value}, at least {needed} is needed")
            }
            Self::TooLarge { setting, value, knob, most } => {
                write!(
                    f,
                    "`{setting}` is {value}, more than the engine configuration's `{knob}` of {most}"
                )
            }
            Self::Unequal { knobs: [one, other] } => write!(
                f,
                "the engine configuration's `{one}` and `{other}` differ, which the `gc` feature does not allow"
            ),
        }
    }
}
