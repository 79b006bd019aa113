//! `Names`: the exports that a convention uses.

/// The names of a guest's memory and allocator.
pub struct Names {
    /// The memory.
    pub memory: &'static str,
    /// The function that allocates.
    pub alloc: &'static str,
    /// The function that frees; empty if there is none.
    pub free: &'static str,
}
