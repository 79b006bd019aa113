//! The targets, each a function of any bytes.

mod artifact;
mod assets;
mod outputs;
mod settings;
mod store;
mod worlds;

pub use artifact::artifact;
pub use assets::{binary, text};
pub use outputs::{lock, manifest};
pub use settings::{settings, signatures};
pub use store::{functions, records};
pub use worlds::worlds;
