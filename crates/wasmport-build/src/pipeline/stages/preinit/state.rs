//! The data of a guest's store: WASI, the bound on memory, and the files that the guest has met.

use super::seen_files::SeenFiles;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::{ResourceLimiter, Result};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtxView, WasiView};

/// The most elements of a table.
const MAX_TABLE: usize = 1_000_000;

/// The data of a guest's store.
pub(super) struct GuestState {
    pub wasi: WasiP1Ctx,
    pub memory: Memory,
    pub files: SeenFiles,
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

/// The size and the limit of all linear memories, in bytes.
pub(super) struct Memory {
    pub used: usize,
    pub most: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.used = self.used.saturating_sub(current).saturating_add(desired);
        wasmtime::ensure!(
            self.used <= self.most,
            "it needs more memory than the {} MiB that `preinit.max-memory-mib` allows",
            self.most >> 20
        );
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= MAX_TABLE)
    }
}

/// Returns the result of a future that never waits.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => wasmtime::bail!("Wizer waits"),
    }
}
