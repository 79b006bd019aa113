//! Readiness of descriptors, for which `poll_oneoff` waits.

/// An operation for which a descriptor is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interest {
    Read,
    Write,
}

/// A virtual file that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Readiness {
    /// Whether there is nothing left to read.
    pub is_end: bool,
}
