//! What guests and hosts pass each other beside parameters and results.

mod extism_functions;
mod extism_memory;
mod place;

pub use extism_functions::{EXTISM_FUNCTIONS, add_extism_to_linker};
pub use place::{Exchange, GuestExchange};
