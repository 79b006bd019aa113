//! WASI 0.2 for guests whose calls are audited: Wasmtime's generated traits for any view that implements them.
//!
//! The following are not asked about: dropping a resource, subscribing to one, waiting for pollables, as an earlier
//! call opened what they wait for, and reading an error.

#[macro_use]
mod macros;
mod files;
mod io;
mod refusal;
mod simple;
mod sockets;
mod subject;

use crate::wasi::audit::auditor::Auditor;
use crate::wasi::audit::call::{AuditedCall, Capability, Denied};
use std::marker::PhantomData;
use std::sync::Arc;
use subject::Subject;
use wasmtime::component::HasData;
#[cfg(feature = "async")]
use wasmtime::component::ResourceTable;

/// The audited form of the data `D` of a linker.
pub(crate) struct Audits<D>(PhantomData<fn() -> D>);

impl<D: HasData> HasData for Audits<D> {
    type Data<'a> = Audited<D::Data<'a>>;
}

/// The resources of a store: the data of the interfaces of `wasi:io`.
#[cfg(feature = "async")]
pub(crate) struct IoTable;

#[cfg(feature = "async")]
impl HasData for IoTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// A view that implements interfaces, and the audit of its store.
pub(crate) struct Audited<V> {
    pub auditor: Option<Auditor>,
    pub view: V,
}

/// A call that is allowed: the capability and the name of its subject.
type Asked = (Capability, Option<Arc<str>>);

impl<V> Audited<V> {
    /// Asks about a call. Without an audit all are denied: the context is of another `Wasi`.
    fn ask(
        &self,
        interface: &'static str,
        function: &'static str,
        capability: Capability,
        subject: impl FnOnce() -> Subject,
    ) -> Result<Asked, Denied> {
        let Some(auditor) = &self.auditor else {
            return Err(Denied::new(interface, function));
        };
        let subject = subject();
        let resolved = subject.resolve(&auditor.resources());
        let capability = resolved.capability.unwrap_or(capability);
        auditor.ask(&AuditedCall {
            interface,
            function,
            capability,
            subject: resolved.subject.as_deref(),
            target: resolved.target.as_deref(),
            writes: subject.writes,
        })?;
        Ok((capability, resolved.subject))
    }

    /// Names resources after the subject of a call.
    fn keep(&self, (capability, name): &Asked, resources: &[u32]) {
        let Some(auditor) = self.auditor.as_ref().filter(|_| !resources.is_empty()) else { return };
        let mut known = auditor.resources();
        for resource in resources {
            known.keep(*resource, *capability, name.as_deref());
        }
    }

    /// Forgets the name of a resource that is dropped.
    fn forget(&self, resource: u32) {
        if let Some(auditor) = &self.auditor {
            auditor.resources().forget(resource);
        }
    }
}
