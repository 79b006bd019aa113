//! Exports of core modules, looked up at first use.

use crate::memory::GuestMemory;
use crate::session::{Session, SessionData};
use crate::typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue, WasmValues};
use std::sync::OnceLock;
use wasmtime::{
    AsContextMut, Extern, Func, Instance, Memory, Result, StoreContextMut, TypedFunc, Val,
    WasmParams, WasmResults,
};

/// An export, looked up at first use.
pub struct ExportCell<E>(OnceLock<E>);

/// An exported function.
pub type FuncCell<P, R> = ExportCell<TypedFunc<P, R>>;
/// An exported function that Wasmtime's tuples cannot type.
pub type WideFuncCell = ExportCell<Func>;

impl<E> Default for ExportCell<E> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<E> ExportCell<E> {
    #[inline]
    pub(super) fn get_or_look_up(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        match self.0.get() {
            Some(export) => Ok(export),
            None => self.fill(look_up),
        }
    }

    /// Returns the export if it was looked up.
    #[inline]
    pub(super) fn get(&self) -> Option<&E> {
        self.0.get()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fill(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        let export = look_up()?;
        Ok(self.0.get_or_init(|| export))
    }
}

// Not through `get_or_look_up`, whose closure would be stored in memory at each call.
impl<P: WasmParams, R: WasmResults> FuncCell<P, R> {
    #[inline]
    fn func<T: 'static>(
        &self,
        instance: &Instance,
        store: StoreContextMut<'_, T>,
        name: &str,
    ) -> Result<&TypedFunc<P, R>> {
        match self.0.get() {
            Some(func) => Ok(func),
            None => self.look_up(*instance, store, name),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up<T: 'static>(
        &self,
        instance: Instance,
        store: StoreContextMut<'_, T>,
        name: &str,
    ) -> Result<&TypedFunc<P, R>> {
        self.fill(|| instance.get_typed_func(store, name))
    }
}

/// Calls an exported function.
#[inline]
pub fn call<P: WasmParams, R: WasmResults>(
    cell: &FuncCell<P, R>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: P,
) -> Result<R> {
    let mut store = store.as_context_mut();
    cell.func(instance, store.as_context_mut(), name)?.call(store, params)
}

/// Async version of [`call`].
#[cfg(feature = "async")]
pub async fn call_async<P: WasmParams + Sync, R: WasmResults + Sync>(
    cell: &FuncCell<P, R>,
    instance: &Instance,
    mut store: impl AsContextMut<Data: Send>,
    name: &str,
    params: P,
) -> Result<R> {
    let mut store = store.as_context_mut();
    let func = cell.func(instance, store.as_context_mut(), name)?;
    func.call_async(store, params).await
}

/// Converts an argument for [`call_wide`].
///
/// # Errors
///
/// Fails if the store's GC heap is full.
pub fn value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: V,
) -> Result<Val> {
    value.into_val(store)
}

/// Converts a result of [`call_wide`].
///
/// # Errors
///
/// Fails if it has another type.
pub fn from_value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: Val,
) -> Result<V> {
    V::from_val(value, store)
}

fn wide<'a>(
    cell: &'a WideFuncCell,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<&'a Func> {
    cell.get_or_look_up(|| {
        let missing = || missing(name, "function");
        instance.get_func(&mut store, name).ok_or_else(missing)
    })
}

/// Calls an exported function that Wasmtime's tuples cannot type.
pub fn call_wide<const N: usize>(
    cell: &WideFuncCell,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: &[Val],
) -> Result<[Val; N]> {
    let func = wide(cell, instance, &mut store, name)?;
    let mut results = [const { Val::I32(0) }; N];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Async version of [`call_wide`].
#[cfg(feature = "async")]
pub async fn call_wide_async<const N: usize>(
    cell: &WideFuncCell,
    instance: &Instance,
    mut store: impl AsContextMut<Data: Send>,
    name: &str,
    params: &[Val],
) -> Result<[Val; N]> {
    let func = *wide(cell, instance, &mut store, name)?;
    let mut results = [const { Val::I32(0) }; N];
    func.call_async(store, params, &mut results).await?;
    Ok(results)
}

/// Returns an exported global, table, memory or tag.
///
/// # Errors
///
/// Fails if the instance has none of that name.
#[inline]
pub fn export<E: FromExtern + Clone>(
    cell: &ExportCell<E>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<E> {
    let export = match cell.0.get() {
        Some(export) => export,
        None => look_up(cell, *instance, store.as_context_mut(), name)?,
    };
    Ok(export.clone())
}

/// Returns an exported global, without copying it: reading one takes a few nanoseconds.
///
/// # Errors
///
/// Fails if the instance has none of that name.
#[inline]
pub fn global<'a, V: WasmValue>(
    cell: &'a ExportCell<TypedGlobal<V>>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<&'a TypedGlobal<V>> {
    match cell.0.get() {
        Some(global) => Ok(global),
        None => look_up(cell, *instance, store.as_context_mut(), name),
    }
}

#[cold]
#[inline(never)]
fn look_up<'a, E: FromExtern, T: 'static>(
    cell: &'a ExportCell<E>,
    instance: Instance,
    store: StoreContextMut<'_, T>,
    name: &str,
) -> Result<&'a E> {
    cell.fill(|| {
        let export = instance.get_export(store, name).and_then(E::from_extern);
        export.ok_or_else(|| missing(name, E::KIND))
    })
}

/// The typed view of an export or import that is not a function.
pub trait FromExtern: Sized {
    /// Name of its kind.
    const KIND: &'static str;

    /// Returns the typed view of an export; none if it has another kind.
    fn from_extern(export: Extern) -> Option<Self>;
}

impl<V: WasmValue> FromExtern for TypedGlobal<V> {
    const KIND: &'static str = "global";

    fn from_extern(export: Extern) -> Option<Self> {
        export.into_global().map(Self::from_global)
    }
}

impl<E: WasmValue> FromExtern for TypedTable<E> {
    const KIND: &'static str = "table";

    fn from_extern(export: Extern) -> Option<Self> {
        export.into_table().map(Self::from_table)
    }
}

impl FromExtern for Memory {
    const KIND: &'static str = "memory";

    fn from_extern(export: Extern) -> Option<Self> {
        export.into_memory()
    }
}

#[cfg(feature = "threads")]
impl FromExtern for crate::memory::SharedMemory {
    const KIND: &'static str = "shared memory";

    fn from_extern(export: Extern) -> Option<Self> {
        export.into_shared_memory().map(Self::new)
    }
}

impl<P: WasmValues> FromExtern for TypedTag<P> {
    const KIND: &'static str = "tag";

    fn from_extern(export: Extern) -> Option<Self> {
        match export {
            Extern::Tag(tag) => Some(Self::from_tag(tag)),
            _ => None,
        }
    }
}

/// Joins a session's memory with its store.
pub fn guest_memory<'a, T: 'static, W>(
    session: &'a mut Session<T, W>,
    memory: Memory,
) -> GuestMemory<'a, SessionData<T>> {
    GuestMemory::of(session.store_mut(), memory)
}

/// Joins a session's table with its store.
pub fn guest_table<'a, T: 'static, W, E: WasmValue>(
    session: &'a mut Session<T, W>,
    table: TypedTable<E>,
) -> GuestTable<'a, SessionData<T>, E> {
    GuestTable::new(session.store_mut(), table)
}

#[cold]
fn missing(name: &str, kind: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!(
        "the instance exports no {kind} {name:?}: it belongs to another asset than the wrapper"
    ))
}

/// A part of a wrapper that is created at first use, so that instantiating costs the same for three
/// exports and for thousands.
pub struct Lazy<T>(OnceLock<Box<T>>);

impl<T: Default> Lazy<T> {
    /// Creates an empty cell.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Returns the part.
    #[inline]
    pub fn get(&self) -> &T {
        self.0.get_or_init(Box::default)
    }
}

impl<T: Default> Default for Lazy<T> {
    fn default() -> Self {
        Self::new()
    }
}
