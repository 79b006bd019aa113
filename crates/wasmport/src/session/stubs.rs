//! `Stubs`: the imports of a plug-in that is looked at without its host.

/// The imports of code that runs without its host, to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stubs {
    /// A call of an import is a trap. Memories, tables and globals are new, and zero.
    Trap,
    /// A call of an import returns zeros and null references. Memories, tables and globals are new, and zero.
    /// Components trap instead: not every type of theirs has a zero.
    Zero,
}
