//! Virtual files for components.

mod clock;
mod convert;
pub(crate) mod p2;
#[cfg(feature = "wasi-p3")]
pub(crate) mod p3;
mod view;

pub(crate) use view::{FilesImpl, FilesView};
