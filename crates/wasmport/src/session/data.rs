//! `SessionData`: the data of a session's store.

use crate::code::Code;
use crate::exchange::{Exchange, GuestExchange};
use crate::limits::{Bounds, disable_deadline};
use crate::runtime::Runtime;
#[cfg(feature = "wasi")]
use crate::wasi::WasiCtx;
use wasmtime::Store;

/// Linker of a wrapper's kind, for the stores of sessions with data `T`.
pub(super) type LinkerOf<C, T> = <C as Code>::Linker<SessionData<T>>;

/// The data of a session's store: the program's own, and the session's limits.
#[derive(Debug)]
pub struct SessionData<T> {
    data: T,
    bounds: Bounds,
    /// Whether a component can be called again after Wasmtime refused arguments.
    reenters: bool,
    exchange: Exchange,
    #[cfg(feature = "wasi")]
    wasi: Option<Box<WasiCtx>>,
    /// The recording, if the session is recorded.
    #[cfg(feature = "replay")]
    pub(super) log: Option<Box<crate::record::Log>>,
}

#[cfg(feature = "replay")]
impl<T: 'static> crate::record::HasLog for SessionData<T> {
    #[inline]
    fn log(&mut self) -> Option<&mut crate::record::Log> {
        self.log.as_deref_mut()
    }
}

impl<T> GuestExchange for SessionData<T> {
    fn exchange(&mut self) -> &mut Exchange {
        &mut self.exchange
    }
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

    pub(super) fn reenters(&self) -> bool {
        self.reenters
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Returns the bounds of its guests, to change them.
    pub(super) fn bounds_mut(&mut self) -> &mut Bounds {
        &mut self.bounds
    }

    /// Returns the system that the guest sees, if one was set.
    #[cfg(all(feature = "snapshot", feature = "vfs"))]
    pub(super) fn wasi_if_set(&self) -> Option<&WasiCtx> {
        self.wasi.as_deref()
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

#[cfg(feature = "wasi")]
impl<T> SessionData<T> {
    /// Notes the code that runs in the store.
    pub(super) fn set_code<C: Code>(&mut self, code: &C) {
        let module = (code as &dyn std::any::Any).downcast_ref();
        if let (Some(wasi), Some(module)) = (&mut self.wasi, module) {
            wasi.set_module(module);
        }
    }
}

impl Runtime {
    /// Creates a store of the program's own, for a wrapper's `instantiate`, with the limits of a session:
    /// [`Limits`](crate::Limits) bound memories, tables, instances and fuel. Its data is `data`, in a
    /// [`SessionData`].
    ///
    /// The store has no deadline, because [`Limits::time`](crate::Limits::time) bounds calls of sessions. A
    /// store that Wasmtime's own `Store::new` creates has one that has passed, if the engine checks epochs:
    /// each call would end at once. Set another with
    /// [`Store::set_epoch_deadline`](wasmtime::Store::set_epoch_deadline).
    ///
    /// ```
    /// # fn main() -> wasmport::Result<()> {
    /// use wasmport::{EngineConfig, Runtime};
    /// let runtime = Runtime::new(&EngineConfig::new().epoch_interruption(true))?;
    /// let store = runtime.store("my data");
    /// assert_eq!(*store.data().get(), "my data");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn store<T: 'static>(&self, data: T) -> Store<SessionData<T>> {
        let data = SessionData {
            data,
            bounds: Bounds::new(*self.limits(), self.memory_budgets()),
            // Otherwise Wasmtime counts the refused call as running.
            reenters: !self.config().concurrency_support,
            exchange: Exchange::with_max_memory(Some(self.limits().memory_bytes)),
            #[cfg(feature = "wasi")]
            wasi: None,
            #[cfg(feature = "replay")]
            log: None,
        };
        let mut store = Store::new(self.engine(), data);
        store.limiter(|data| &mut data.bounds);
        // Wasmtime's stores start without fuel and with an expired deadline. Fuel can be set if the engine
        // counts it, the deadline always.
        if self.config().fuel {
            let _ = store.set_fuel(self.limits().fuel.unwrap_or(u64::MAX));
        }
        if self.config().epoch_interruption {
            disable_deadline(&mut store);
        }
        store
    }
}
