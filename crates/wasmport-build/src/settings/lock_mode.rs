//! `LockMode`: what a run does with the lock file.

/// The use that a run makes of the lock file, which lies beside the settings file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockMode {
    /// Ignores it.
    #[default]
    Ignore,
    /// An import writes the imported assets into it. A check ignores it.
    Update,
    /// Imports and checks refuse what differs from it, and never write it.
    Locked,
}
