//! The files of WASI 0.2: virtual ones answer like Wasmtime's.

mod calls;
mod devices;
#[cfg(feature = "compile")]
mod guest;
mod random;
mod system;
