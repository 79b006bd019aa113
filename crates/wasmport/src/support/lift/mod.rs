//! What signatures beyond numbers stand on: room in the guest for what is passed to it, and who
//! frees it.

mod convention;
mod guest;
mod host;
mod layout;
mod text;

pub use convention::{AssemblyScript, C, CabiRealloc, Convention, WasmBindgen};
pub use guest::{Allocator, Guest};
pub use host::{host_alloc, host_free, host_write_str};
#[cfg(feature = "async")]
pub use host::{host_alloc_async, host_free_async};
pub use layout::{Layout, element_size};
pub use text::{
    c_string, char_of, not_null, object_size, read_c_str, read_c_text, read_str, read_utf16,
};

/// The names of a guest's memory and allocator.
pub struct Names {
    /// The memory.
    pub memory: &'static str,
    /// The function that allocates.
    pub alloc: &'static str,
    /// The function that frees; empty where there is none.
    pub free: &'static str,
}
