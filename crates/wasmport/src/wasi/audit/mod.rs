//! The audit of a guest's calls: a function of the program sees each and decides about it.

pub(super) mod auditor;
pub(super) mod call;
pub(super) mod handles;
mod log;
pub(super) mod subject;
#[cfg(test)]
#[cfg(feature = "compile")]
mod tests;

pub(crate) use auditor::{Auditor, Hook};
pub use call::{AuditedCall, Capability, Denied, Verdict};
pub use log::{AuditEntry, AuditLog};
