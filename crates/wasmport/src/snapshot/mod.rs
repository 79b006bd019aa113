//! `Snapshot`: the state of a module's session, from which other sessions start.

mod baseline;
mod bytes;
mod files;
mod functions;
mod global;
mod image;
mod layout;
mod memory;
mod runs;
mod table;
#[cfg(test)]
#[cfg(feature = "compile")]
mod tests;
#[cfg(test)]
#[cfg(feature = "compile")]
#[cfg(feature = "vfs")]
mod tests_files;

pub(crate) use image::Mounted;
pub use image::Snapshot;
