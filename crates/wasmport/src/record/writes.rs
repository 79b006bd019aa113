//! Writes of the host to memories, which are read before the guest runs.

use wasmtime::Memory;

/// A range of a memory that the host wrote to.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    pub memory: Memory,
    pub address: usize,
    pub len: usize,
}

/// The bytes of a memory before the host may change any of them.
pub(crate) struct Copy {
    pub memory: Memory,
    /// The address at which the memory began.
    pub start: usize,
    pub bytes: Vec<u8>,
}

/// Returns the part of a range that is in a memory.
pub(super) fn part(memory: &[u8], (start, len): (u32, u32)) -> &[u8] {
    let start = (start as usize).min(memory.len());
    let end = start.saturating_add(len as usize).min(memory.len());
    memory.get(start..end).unwrap_or_default()
}
