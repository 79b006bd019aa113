//! `Auditor`: the audit of one store.

use super::call::{AuditedCall, Capability, Denied, Verdict};
use super::handles::Handles;
use crate::trace::GuestCall;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The function of the program.
pub(crate) type Hook = Arc<dyn Fn(&AuditedCall<'_>) -> Verdict + Send + Sync>;

/// The audit of one store. Clones are the same.
#[derive(Clone)]
pub(crate) struct Auditor {
    hook: Hook,
    /// Names of preview 1's descriptors.
    descriptors: Arc<Mutex<Handles>>,
    /// Names of the resources of components.
    #[cfg(feature = "component-model")]
    resources: Arc<Mutex<Handles>>,
}

impl Auditor {
    /// Creates the audit of a store whose guest sees these folders.
    pub fn new(hook: &Hook, folders: impl IntoIterator<Item = String>) -> Self {
        let mut descriptors = Handles::default();
        for (number, stream) in (0..).zip(["stdin", "stdout", "stderr"]) {
            descriptors.keep(number, Capability::Streams, Some(stream));
        }
        for (number, folder) in (3..).zip(folders) {
            descriptors.keep(number, Capability::Files, Some(&folder));
        }
        let descriptors = Arc::new(Mutex::new(descriptors));
        Self {
            hook: Arc::clone(hook),
            descriptors,
            #[cfg(feature = "component-model")]
            resources: Arc::default(),
        }
    }

    pub(in crate::wasi) fn descriptors(&self) -> MutexGuard<'_, Handles> {
        lock(&self.descriptors)
    }

    #[cfg(feature = "component-model")]
    pub(in crate::wasi) fn resources(&self) -> MutexGuard<'_, Handles> {
        lock(&self.resources)
    }

    /// Asks about a call.
    ///
    /// # Errors
    ///
    /// Fails if it is denied.
    pub fn ask(&self, call: &AuditedCall<'_>) -> Result<(), Denied> {
        match (self.hook)(call) {
            Verdict::Allow => Ok(()),
            Verdict::Log => {
                crate::trace::audited(&GuestCall {
                    interface: call.interface,
                    function: call.function,
                    capability: call.capability.name(),
                    subject: call.subject,
                    target: call.target,
                    writes: call.writes,
                });
                Ok(())
            }
            Verdict::Deny => Err(call.into()),
        }
    }

    /// Asks about a request of HTTP.
    #[cfg(feature = "wasi-http")]
    pub fn permits_request(&self, uri: &str) -> bool {
        let call = AuditedCall {
            interface: "wasi:http/outgoing-handler",
            function: "handle",
            capability: Capability::Network,
            subject: Some(uri),
            target: None,
            writes: true,
        };
        self.ask(&call).is_ok()
    }
}

/// Locks names, also after a panic: each change of them is a single one.
fn lock(handles: &Mutex<Handles>) -> MutexGuard<'_, Handles> {
    handles.lock().unwrap_or_else(PoisonError::into_inner)
}
