//! Virtual files: directories, files and links in memory, which guests see through WASI.

mod archive;
mod content;
mod device;
mod devices;
mod disk;
mod edit;
mod error;
mod files;
mod folder;
#[cfg(feature = "snapshot")]
mod items;
mod limits;
mod mount;
mod names;
mod node;
mod pages;
mod path;
mod place;
mod reach;
mod read;
mod shared;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use archive::{Archive, ArchiveError};
#[cfg(feature = "snapshot")]
pub(crate) use content::Content;
pub use device::{Device, DeviceKind, DeviceSession, OpenDevice, StandardStream};
pub(crate) use disk::{Disk, Handle, State};
pub use error::FileError;
pub use files::{Entry, Files, FilesError};
pub use folder::FolderError;
#[cfg(feature = "snapshot")]
pub(crate) use items::{Item, ItemKind};
pub use limits::FileLimits;
pub(crate) use node::Inode;
pub use node::{FileType, Stat, Times};
pub use shared::SharedFiles;
pub use source::FileSource;
pub(crate) use tree::{NewTime, OpenOptions, ROOT};
