//! Archives: tar and zip as bases of virtual files, and tar as what saves and restores them.

mod data;
mod error;
mod pax;
mod save;
mod tar;
#[cfg(test)]
mod tests;
mod unpack;
#[cfg(feature = "vfs-zip")]
mod zip;

pub use data::Archive;
pub use error::ArchiveError;
