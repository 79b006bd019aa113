//! `Replaced`: the report of a replacement.

use crate::digest::Digest;
use std::fmt;
use std::time::Duration;

/// The report of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// The name of the new code.
    pub asset: String,
    /// The number of the new code: 1 is the first.
    pub generation: u64,
    /// The digest of its source.
    pub source: Digest,
    /// The digest of the source of the code before; none if the slot was empty.
    pub previous: Option<Digest>,
    /// The time that checking, linking and accepting it took.
    pub took: Duration,
}

impl Replaced {
    /// Returns whether the source is another one than before.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.previous != Some(self.source)
    }
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asset, generation, took, .. } = self;
        write!(f, "`{asset}` is code {generation} of its slot, accepted in {took:.1?}")
    }
}
