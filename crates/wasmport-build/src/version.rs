//! The version of this crate, which is part of everything that it generates.

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
