//! Signatures beyond numbers: arguments and results in guest memory, and who frees them.

mod abi;
mod buffer;
mod buffered;
mod form;
mod guest;
mod host;
mod layout;
mod names;
mod output;
mod pass;
mod post_return;
mod status;
mod text;

pub use abi::{Abi, Block};
pub use form::{pack, prefixed, unpack, with_prefix};
pub use guest::{Allocator, Guest, lift};
pub use host::{give_c_str, give_c_text, give_prefixed, give_slice, give_str, host_free};
#[cfg(feature = "async")]
pub use host::{
    give_c_str_async, give_c_text_async, give_prefixed_async, give_slice_async, give_str_async,
    host_free_async,
};
pub use layout::Layout;
pub use names::{BufferSize, Names};
pub use output::{Extism, read_output, read_output_str, store_output, to_bytes};
pub use status::{failure, negative, negative_failure, not_negative, status};
pub use text::{c_size, char_of, not_null, read_c_str, read_object_slice, read_str, read_utf16};
