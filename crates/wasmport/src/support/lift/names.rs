//! `Names`: the exports that a convention uses.

/// The names of a guest's memory and of the functions around it; empty if there is none.
pub struct Names {
    /// The memory.
    pub memory: &'static str,
    /// The function that allocates.
    pub alloc: &'static str,
    /// The function that frees.
    pub free: &'static str,
    /// The function or global with the address of the buffer for arguments.
    pub buffer: &'static str,
    /// The size of the buffer.
    pub buffer_size: BufferSize,
}

/// The size of a buffer for arguments.
#[derive(Clone, Copy)]
pub enum BufferSize {
    /// The number of bytes.
    Bytes(u32),
    /// The function or global that has it.
    Export(&'static str),
}
