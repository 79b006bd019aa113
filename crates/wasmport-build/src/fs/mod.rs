//! File access; errors name the path. `clippy.toml` forbids to bypass this module.
#![expect(clippy::disallowed_methods, reason = "the one module that touches files")]

#[cfg(feature = "audit")]
mod audited;
mod content;
mod crash;
mod files;
#[cfg(feature = "compiler")]
mod heap;
#[cfg(feature = "compiler")]
mod lock;
mod permissions;
mod persist;
#[cfg(feature = "compiler")]
mod private;
#[cfg(feature = "compiler")]
mod process;
mod regular;
#[cfg(feature = "compiler")]
mod shared;
mod stamp;
mod tree;

#[cfg(feature = "audit")]
pub(crate) use audited::{open_regular, regular_files_below, temporary_file, unreadable};
pub(crate) use content::{content_digest, content_digest_of};
pub(crate) use files::*;
#[cfg(feature = "compiler")]
pub(crate) use heap::Heap;
#[cfg(feature = "compiler")]
pub(crate) use lock::FolderLock;
#[cfg(feature = "compiler")]
pub(crate) use private::*;
#[cfg(feature = "compiler")]
pub(crate) use process::memory_of_group;
#[cfg(feature = "compiler")]
pub(crate) use shared::*;
pub(crate) use stamp::Stamp;
#[cfg(feature = "compiler")]
pub(crate) use std::fs::File;
pub(crate) use tree::*;
