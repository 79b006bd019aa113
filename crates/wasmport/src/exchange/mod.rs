//! Contents that guests and hosts pass each other beside parameters and results.

mod extism_functions;
mod extism_memory;
mod store_exchange;

pub use extism_functions::{EXTISM_FUNCTIONS, add_extism_to_linker};
pub use store_exchange::{Exchange, GuestExchange};
