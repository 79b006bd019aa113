//! What the methods of wrappers call: exports, looked up when they are first used.

use super::{AsContextMut, Func, Instance, Memory, Result, StoreContextMut, Val, WasmValue};
use crate::typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValues};
use crate::{GuestMemory, Session, SessionData};
use std::sync::OnceLock;
use wasmtime::{Extern, TypedFunc, WasmParams, WasmResults};

/// An export, looked up when it is first used.
pub struct Slot<E>(OnceLock<E>);

/// A function's slot.
pub type FuncSlot<P, R> = Slot<TypedFunc<P, R>>;
/// The slot of a function that Wasmtime's tuples cannot type.
pub type WideSlot = Slot<Func>;

impl<E> Default for Slot<E> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<E> Slot<E> {
    #[inline]
    pub(super) fn get_or_look_up(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        match self.0.get() {
            Some(export) => Ok(export),
            None => self.fill(look_up),
        }
    }

    /// The export, if it was looked up already.
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

// Written out, not through `get_or_look_up`: its closure would be put into memory for each call.
impl<P: WasmParams, R: WasmResults> FuncSlot<P, R> {
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
    slot: &FuncSlot<P, R>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: P,
) -> Result<R> {
    let mut store = store.as_context_mut();
    slot.func(instance, store.as_context_mut(), name)?.call(store, params)
}

/// Calls an exported function that may wait.
#[cfg(feature = "async")]
pub async fn call_async<P: WasmParams + Sync, R: WasmResults + Sync>(
    slot: &FuncSlot<P, R>,
    instance: &Instance,
    mut store: impl AsContextMut<Data: Send>,
    name: &str,
    params: P,
) -> Result<R> {
    let mut store = store.as_context_mut();
    let func = slot.func(instance, store.as_context_mut(), name)?;
    func.call_async(store, params).await
}

/// A value for [`call_wide`].
///
/// # Errors
///
/// Where the store has no room for it.
pub fn value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: V,
) -> Result<Val> {
    value.into_val(store)
}

/// A value of [`call_wide`].
///
/// # Errors
///
/// Where it is of another type.
pub fn from_value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: Val,
) -> Result<V> {
    V::from_val(value, store)
}

fn wide<'a>(
    slot: &'a WideSlot,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<&'a Func> {
    slot.get_or_look_up(|| {
        let missing = || missing(name, "function");
        instance.get_func(&mut store, name).ok_or_else(missing)
    })
}

/// Calls an exported function that Wasmtime's tuples cannot type.
pub fn call_wide<const N: usize>(
    slot: &WideSlot,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: &[Val],
) -> Result<[Val; N]> {
    let func = wide(slot, instance, &mut store, name)?;
    let mut results = [const { Val::I32(0) }; N];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Calls an exported function that Wasmtime's tuples cannot type and that may wait.
#[cfg(feature = "async")]
pub async fn call_wide_async<const N: usize>(
    slot: &WideSlot,
    instance: &Instance,
    mut store: impl AsContextMut<Data: Send>,
    name: &str,
    params: &[Val],
) -> Result<[Val; N]> {
    let func = *wide(slot, instance, &mut store, name)?;
    let mut results = [const { Val::I32(0) }; N];
    func.call_async(store, params, &mut results).await?;
    Ok(results)
}

/// An exported global, table, memory or tag.
///
/// # Errors
///
/// Where the instance has none of that name.
#[inline]
pub fn export<E: FromExtern + Clone>(
    slot: &Slot<E>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<E> {
    let export = match slot.0.get() {
        Some(export) => export,
        None => look_up(slot, *instance, store.as_context_mut(), name)?,
    };
    Ok(export.clone())
}

#[cold]
#[inline(never)]
fn look_up<'a, E: FromExtern, T: 'static>(
    slot: &'a Slot<E>,
    instance: Instance,
    store: StoreContextMut<'_, T>,
    name: &str,
) -> Result<&'a E> {
    slot.fill(|| {
        let export = instance.get_export(store, name).and_then(E::from_extern);
        export.ok_or_else(|| missing(name, E::KIND))
    })
}

/// What a wrapper has for exports and imports that are no functions.
pub trait FromExtern: Sized {
    /// What it is called.
    const KIND: &'static str;

    /// The typed view of an export; nothing where it is of another kind.
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
impl FromExtern for crate::SharedMemory {
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

/// A session's memory with its store.
pub fn guest_memory<'a, T: 'static, W>(
    session: &'a mut Session<T, W>,
    memory: Memory,
) -> GuestMemory<'a, SessionData<T>> {
    GuestMemory::of(session.store_mut(), memory)
}

/// A session's table with its store.
pub fn guest_table<'a, T: 'static, W, E: WasmValue>(
    session: &'a mut Session<T, W>,
    table: TypedTable<E>,
) -> GuestTable<'a, SessionData<T>, E> {
    GuestTable::new(session.store_mut(), table)
}

#[cold]
fn missing(name: &str, kind: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!(
        "the instance exports no {kind} {name:?}: it is not one of the wrapper's asset"
    ))
}
