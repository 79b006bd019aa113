//! Preview 1 for guests with virtual files: calls for these are answered here, all others by Wasmtime.

mod bytes;
mod calls;
mod context;
mod descriptors;
mod devices;
mod macros;
mod names;
mod readdir;
mod values;

pub(crate) use context::Preview1;
