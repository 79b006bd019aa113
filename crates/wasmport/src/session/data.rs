//! `SessionData`: the data of a session's store.

use crate::error::Result;
use crate::limits::disable_deadline;
use crate::runtime::Runtime;
#[cfg(feature = "wasi")]
use crate::wasi::WasiCtx;
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};

/// The data of a session's store: the program's own, and the session's limits.
#[derive(Debug)]
pub struct SessionData<T> {
    data: T,
    limits: StoreLimits,
    #[cfg(feature = "wasi")]
    wasi: Option<Box<WasiCtx>>,
}

impl<T> SessionData<T> {
    /// Returns the program's data.
    pub fn get(&self) -> &T {
        &self.data
    }

    /// Returns the program's data for writing.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }

    pub(super) fn into_inner(self) -> T {
        self.data
    }

    /// Returns the system that the guest sees: that of an empty [`Wasi`](crate::wasi::Wasi) if none was
    /// set.
    #[cfg(feature = "wasi")]
    pub fn wasi(&mut self) -> &mut WasiCtx {
        self.wasi.get_or_insert_default()
    }

    /// Sets the system that the guest sees. Call it before instantiation: open files and streams of the
    /// guest belong to the former system.
    #[cfg(feature = "wasi")]
    pub fn set_wasi(&mut self, wasi: WasiCtx) {
        self.wasi = Some(Box::new(wasi));
    }
}

/// Creates a store with the limits of the runtime.
pub(super) fn new_store<T: 'static>(runtime: &Runtime, data: T) -> Result<Store<SessionData<T>>> {
    let bounds = runtime.limits();
    let limits = StoreLimitsBuilder::new()
        .memory_size(bounds.memory_bytes)
        .table_elements(bounds.table_elements)
        .memories(bounds.memories)
        .tables(bounds.tables)
        .instances(bounds.instances)
        .build();
    let data = SessionData {
        data,
        limits,
        #[cfg(feature = "wasi")]
        wasi: None,
    };
    let mut store = Store::new(runtime.engine(), data);
    store.limiter(|data| &mut data.limits);
    // Wasmtime's stores start without fuel and with an expired deadline.
    if runtime.config().fuel {
        store.set_fuel(bounds.fuel.unwrap_or(u64::MAX))?;
    }
    if runtime.config().epoch_interruption {
        disable_deadline(&mut store);
    }
    Ok(store)
}
