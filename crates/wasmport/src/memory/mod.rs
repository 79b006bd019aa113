//! Guest memory: bounds-checked, little-endian reads and writes, and typed pointers.

mod address;
mod guest;
mod plain;
mod pointer;
#[cfg(feature = "threads")]
mod shared;

pub use address::GuestAddress;
pub use guest::GuestMemory;
pub use plain::Plain;
pub use pointer::{GuestPtr, GuestSlice, GuestStr};
#[cfg(feature = "threads")]
pub use shared::SharedMemory;
