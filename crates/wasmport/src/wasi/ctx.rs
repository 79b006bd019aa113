//! `WasiCtx`: the part of a `Wasi` that belongs to one store.

use super::audit::Auditor;
#[cfg(feature = "wasi-http")]
use super::http::{Grant, HttpContext};
use super::random::RandomSource;
use super::sources::Sources;
use super::time::Clock;
#[cfg(feature = "component-model")]
use super::time::sleeps::Sleeps;
use crate::exit::Exit;
use std::fmt;
use std::sync::Arc;
use wasmtime::{Module, ModuleExport};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

/// Preview 1: Wasmtime's, with virtual files in front of it.
#[cfg(feature = "vfs")]
pub(super) use super::files::Preview1;
#[cfg(not(feature = "vfs"))]
pub(super) type Preview1 = WasiP1Ctx;

/// Descriptors, streams and clocks of one store, built by a [`Wasi`](super::Wasi). A part of the
/// store's data.
pub struct WasiCtx {
    pub(super) preview1: Preview1,
    /// The memory of the module with which the session began: finding it by its name takes longer than many calls.
    pub(super) memory: Option<ModuleExport>,
    /// The virtual files by their paths.
    #[cfg(feature = "vfs")]
    disks: Vec<(String, crate::vfs::Disk)>,
    auditor: Option<Auditor>,
    #[cfg(feature = "component-model")]
    sockets: Option<Arc<dyn super::network::Sockets>>,
    /// The number of descriptors of a component for them.
    #[cfg(all(feature = "vfs", feature = "component-model"))]
    slots: super::files::Slots,
    sources: Sources,
    #[cfg(feature = "component-model")]
    sleeps: Sleeps,
    #[cfg(feature = "wasi-http")]
    http: HttpContext,
}

impl WasiCtx {
    pub(super) fn new(preview1: WasiP1Ctx, sources: Sources) -> Self {
        Self {
            #[cfg(feature = "vfs")]
            preview1: Preview1::new(preview1, &[], sources.clone()),
            #[cfg(not(feature = "vfs"))]
            preview1,
            memory: None,
            #[cfg(feature = "vfs")]
            disks: Vec::new(),
            auditor: None,
            #[cfg(feature = "component-model")]
            sockets: None,
            #[cfg(all(feature = "vfs", feature = "component-model"))]
            slots: super::files::Slots::new(&[]),
            sources,
            #[cfg(feature = "component-model")]
            sleeps: Sleeps::default(),
            #[cfg(feature = "wasi-http")]
            http: HttpContext::new(Grant::default()),
        }
    }

    /// Notes the module with which the session begins.
    pub(crate) fn set_module(&mut self, module: &Module) {
        if self.memory.is_none() {
            self.memory = module.get_export_index("memory");
        }
    }

    /// Mounts virtual files, whose devices use `devices`.
    #[cfg(feature = "vfs")]
    pub(super) fn with_disks(
        mut self,
        disks: Vec<(String, crate::vfs::Disk)>,
        devices: super::files::SessionDevices,
    ) -> Self {
        self.preview1 = Preview1::new(self.preview1.real, &disks, self.sources.clone());
        self.preview1.set_devices(devices);
        #[cfg(feature = "component-model")]
        {
            self.slots = super::files::Slots::new(&disks);
        }
        self.disks = disks;
        self
    }

    #[cfg(all(feature = "vfs", feature = "component-model"))]
    pub(super) fn slots(&self) -> &super::files::Slots {
        &self.slots
    }

    /// Returns what the devices of virtual files use.
    #[cfg(all(feature = "vfs", feature = "component-model"))]
    pub(super) fn devices(&self) -> Option<&dyn crate::vfs::DeviceSession> {
        self.preview1.devices()
    }

    /// Returns the virtual files that are mounted at a path, as the session has changed them until now.
    #[cfg(feature = "vfs")]
    #[must_use]
    pub fn files(&self, path: &str) -> Option<crate::vfs::Files> {
        let (_, disk) = self.disks.iter().find(|(mounted, _)| mounted == path)?;
        Some(disk.lock().files())
    }

    /// Returns the virtual files by their paths.
    #[cfg(all(feature = "vfs", any(feature = "component-model", feature = "snapshot")))]
    pub(crate) fn disks(&self) -> &[(String, crate::vfs::Disk)] {
        &self.disks
    }

    /// Returns Wasmtime's context.
    #[cfg(feature = "component-model")]
    fn real(&mut self) -> &mut WasiP1Ctx {
        #[cfg(feature = "vfs")]
        return &mut self.preview1.real;
        #[cfg(not(feature = "vfs"))]
        return &mut self.preview1;
    }

    /// Returns the part of it that components share.
    #[cfg(feature = "component-model")]
    pub(crate) fn preview_2(&mut self) -> wasmtime_wasi::WasiCtxView<'_> {
        wasmtime_wasi::WasiView::ctx(self.real())
    }

    #[cfg(feature = "wasi-http")]
    pub(super) fn with_http(self, grant: Grant) -> Self {
        Self { http: HttpContext::new(grant), ..self }
    }

    /// Returns the part of it that `wasi:http` uses.
    #[cfg(feature = "wasi-http")]
    pub(crate) fn http(&mut self) -> wasmtime_wasi_http::WasiHttpCtxView<'_> {
        #[cfg(feature = "vfs")]
        let real = &mut self.preview1.real;
        #[cfg(not(feature = "vfs"))]
        let real = &mut self.preview1;
        self.http.view(wasmtime_wasi::WasiView::ctx(real).table)
    }

    /// Returns the most bytes in a body of HTTP.
    #[cfg(feature = "wasi-http")]
    pub(crate) fn http_body_bytes(&self) -> Option<u64> {
        self.http.body_bytes()
    }

    /// Audits the calls.
    pub(super) fn with_auditor(mut self, auditor: Auditor) -> Self {
        #[cfg(feature = "wasi-http")]
        self.http.audit(auditor.clone());
        self.auditor = Some(auditor);
        self
    }

    /// Returns the audit of the calls.
    pub(crate) fn auditor(&self) -> Option<&Auditor> {
        self.auditor.as_ref()
    }

    /// Uses a network in place of the operating system's.
    #[cfg(feature = "component-model")]
    pub(super) fn with_sockets(self, sockets: Arc<dyn super::network::Sockets>) -> Self {
        Self { sockets: Some(sockets), ..self }
    }

    #[cfg(feature = "component-model")]
    pub(super) fn sockets(&self) -> Option<&Arc<dyn super::network::Sockets>> {
        self.sockets.as_ref()
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.sources.clock
    }

    /// Returns its clock and its randomness.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    #[cfg(feature = "component-model")]
    pub(super) fn sleeps(&self) -> &Sleeps {
        &self.sleeps
    }
}

/// The context of an empty [`Wasi`](super::Wasi).
impl Default for WasiCtx {
    fn default() -> Self {
        let mut builder = WasiCtxBuilder::new();
        let sources = Sources::start(&mut builder, None, &RandomSource::System);
        Self::new(builder.build_p1(), sources)
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx").field("time", &self.clock().unix_time()).finish_non_exhaustive()
    }
}

/// Returns the exit code in an error of Wasmtime's own `exit`, which components call.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Option<Exit> {
    error.downcast_ref::<wasmtime_wasi::I32Exit>().map(|exit| Exit::new(exit.0))
}
