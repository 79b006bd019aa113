//! Plug-ins of [Extism](https://extism.org): guests that exchange contents through a memory of the host's.

mod functions;
mod memory;

pub use functions::{FUNCTIONS, add_to_linker};
pub use memory::ExtismMemory;
