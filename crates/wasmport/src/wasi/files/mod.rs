//! Virtual files behind WASI.

mod device;
#[cfg(test)]
#[cfg(unix)]
mod differential;
mod fd;
pub(super) mod listing;
pub(super) mod open_file;
mod poll;
mod preview1;
mod session;
pub(super) mod slots;

pub(super) use fd::Fds;
pub(super) use preview1::Preview1;
pub(super) use session::SessionDevices;
#[cfg(feature = "component-model")]
pub(super) use slots::Slots;
