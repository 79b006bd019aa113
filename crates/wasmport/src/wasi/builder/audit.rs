//! The audit of calls in the builder.

use super::Wasi;
use crate::wasi::WasiCtx;
use crate::wasi::audit::{AuditedCall, Auditor, Verdict};
use std::sync::Arc;

impl Wasi {
    /// Calls `hook` before each call of a guest that touches its environment, streams, files, clocks,
    /// randomness, network or exit, and does what it decides.
    ///
    /// It sees all functions of preview 1, those of the interfaces of 0.2, and requests of HTTP. Linkers of
    /// this `Wasi` then have a layer of their own, in which the calls of contexts without an audit are denied.
    /// Without an audit there is no layer: a linker of another `Wasi` asks no hook. Other threads that share the
    /// guest's memory can change a path after `hook` has seen it.
    ///
    /// ```
    /// # #[cfg(feature = "wasi")]
    /// # fn wasi() -> wasmport::wasi::Wasi {
    /// use wasmport::wasi::{Capability, Verdict, Wasi};
    ///
    /// Wasi::new().audit(|call| match call.capability {
    ///     Capability::Network => Verdict::Deny,
    ///     Capability::Files if call.writes => Verdict::Log,
    ///     _ => Verdict::Allow,
    /// })
    /// # }
    /// ```
    pub fn audit(
        mut self,
        hook: impl Fn(&AuditedCall<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.audit = Some(Arc::new(hook));
        self
    }

    /// Audits a context.
    pub(super) fn audited(&self, context: WasiCtx) -> WasiCtx {
        let Some(hook) = &self.audit else { return context };
        let folders = self.folders.iter().map(|folder| folder.guest.clone());
        // In the order of their descriptors.
        #[cfg(feature = "vfs")]
        let folders = folders
            .chain(self.files.iter().map(|(path, _)| path.clone()))
            .chain(self.devices.clone());
        context.with_auditor(Auditor::new(hook, folders))
    }
}
