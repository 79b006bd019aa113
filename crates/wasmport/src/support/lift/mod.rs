//! Signatures beyond numbers: memory in the guest for values, and the convention who frees it.

mod convention;
mod guest;
mod host;
mod layout;
mod names;
mod text;

pub use convention::{AssemblyScript, C, CabiRealloc, Convention, WasmBindgen};
pub use guest::{Allocator, Guest};
pub use host::{host_alloc, host_free, host_write_str};
#[cfg(feature = "async")]
pub use host::{host_alloc_async, host_free_async};
pub use layout::{Layout, element_size};
pub use names::Names;
pub use text::{
    c_string, char_of, not_null, object_size, read_c_str, read_c_text, read_str, read_utf16,
};
