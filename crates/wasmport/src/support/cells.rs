//! Export cells: the exports of an instance, each looked up when it is first used.

use crate::code::Code;
use crate::interface::Interface;
use crate::memory::GuestMemory;
use crate::record::{self, Logged};
use crate::runtime::Loaded;
use crate::session::{Session, SessionData};
use crate::typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue, WasmValues};
use std::sync::OnceLock;
use wasmtime::{
    AsContextMut, Extern, Func, Instance, Memory, Result, Store, StoreContextMut, TypedFunc, Val,
    WasmParams, WasmResults,
};

/// An export, looked up when it is first used.
pub struct ExportCell<E>(OnceLock<E>);

/// The cell of a function.
pub type FuncCell<P, R> = ExportCell<TypedFunc<P, R>>;
/// The cell of a function that Wasmtime's tuples cannot type.
pub type WideFuncCell = ExportCell<Func>;

impl<E> Default for ExportCell<E> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<E> ExportCell<E> {
    /// The export, if it was looked up already.
    #[inline]
    pub(super) fn found(&self) -> Option<&E> {
        self.0.get()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fill(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        let export = look_up()?;
        Ok(self.0.get_or_init(|| export))
    }
}

/// Returns whether an instance has an export.
pub fn has_export(instance: &Instance, store: impl AsContextMut, name: &str) -> bool {
    instance.get_export(store, name).is_some()
}

/// Returns the export that loaded code has of those of which the interface wants one.
///
/// # Errors
///
/// Fails if the code does not have the interface.
pub fn one_of<C: Code>(
    loaded: &Loaded<C>,
    interface: &Interface<C>,
) -> crate::Result<&'static str> {
    interface.check(loaded)?;
    let found = interface.options.one_of.iter().find(|name| loaded.code().has_export(name));
    // The check has found it.
    Ok(found.copied().unwrap_or_default())
}

/// Returns an export that code may lack.
///
/// # Errors
///
/// Fails if it is missing.
pub fn there<E>(found: Option<E>, name: &str) -> Result<E> {
    found.ok_or_else(|| lacking(name))
}

#[cold]
fn lacking(name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the guest lacks the export {name:?}, which is optional"))
}

// Without a closure for the lookup: it would be put into memory for each call.
impl<P: WasmParams + Logged, R: WasmResults + Logged> FuncCell<P, R> {
    /// Calls the exported function.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no such function, or the guest traps.
    #[inline]
    pub fn call(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
        name: &str,
        params: P,
    ) -> Result<R> {
        let mut store = store.as_context_mut();
        let func = self.func(instance, store.as_context_mut(), name)?;
        record::export(store, name, func, params)
    }

    /// Async version of [`Self::call`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call`].
    #[cfg(feature = "async")]
    pub async fn call_async(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut<Data: Send>,
        name: &str,
        params: P,
    ) -> Result<R>
    where
        P: Sync,
        R: Sync,
    {
        let mut store = store.as_context_mut();
        record::called_async(&mut store);
        let func = self.func(instance, store.as_context_mut(), name)?;
        func.call_async(store, params).await
    }

    #[inline]
    fn func<T: 'static>(
        &self,
        instance: &Instance,
        store: StoreContextMut<'_, T>,
        name: &str,
    ) -> Result<&TypedFunc<P, R>> {
        match self.found() {
            Some(func) => Ok(func),
            None => self.look_up_func(*instance, store, name),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_up_func<T: 'static>(
        &self,
        instance: Instance,
        store: StoreContextMut<'_, T>,
        name: &str,
    ) -> Result<&TypedFunc<P, R>> {
        self.fill(|| instance.get_typed_func(store, name))
    }
}

impl WideFuncCell {
    /// Calls the exported function with values.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no such function, or the guest traps.
    pub fn call_wide<const N: usize>(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
        name: &str,
        params: &[Val],
    ) -> Result<[Val; N]> {
        let func = self.wide_func(instance, &mut store, name)?;
        let mut results = [const { Val::I32(0) }; N];
        record::export_values(store.as_context_mut(), name, func, params, &mut results)?;
        Ok(results)
    }

    /// Async version of [`Self::call_wide`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call_wide`].
    #[cfg(feature = "async")]
    pub async fn call_wide_async<const N: usize>(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut<Data: Send>,
        name: &str,
        params: &[Val],
    ) -> Result<[Val; N]> {
        record::called_async(&mut store.as_context_mut());
        let func = *self.wide_func(instance, &mut store, name)?;
        let mut results = [const { Val::I32(0) }; N];
        func.call_async(store, params, &mut results).await?;
        Ok(results)
    }

    fn wide_func(
        &self,
        instance: &Instance,
        store: impl AsContextMut,
        name: &str,
    ) -> Result<&Func> {
        match self.found() {
            Some(func) => Ok(func),
            None => self
                .fill(|| instance.get_func(store, name).ok_or_else(|| missing(name, "function"))),
        }
    }
}

/// Converts a value for [`WideFuncCell::call_wide`].
///
/// # Errors
///
/// Fails if the store has no room for the value.
pub fn value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: V,
) -> Result<Val> {
    value.into_val(store)
}

/// Converts a value from [`WideFuncCell::call_wide`].
///
/// # Errors
///
/// Fails if the value has another type.
pub fn from_value<V: WasmValue, T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    value: Val,
) -> Result<V> {
    V::from_val(value, store)
}

impl<E: FromExtern + Clone> ExportCell<E> {
    /// Returns the exported global, table, memory or tag.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports none of this name and kind.
    #[inline]
    pub fn get(&self, instance: &Instance, mut store: impl AsContextMut, name: &str) -> Result<E> {
        Ok(self.borrow(instance, store.as_context_mut(), name)?.clone())
    }
}

impl<E: FromExtern> ExportCell<E> {
    /// Returns the export without copying it: reading a global takes a few nanoseconds.
    #[inline]
    fn borrow<T: 'static>(
        &self,
        instance: &Instance,
        store: StoreContextMut<'_, T>,
        name: &str,
    ) -> Result<&E> {
        match self.found() {
            Some(export) => Ok(export),
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
    ) -> Result<&E> {
        self.fill(|| {
            let export = instance.get_export(store, name).and_then(E::from_extern);
            export.ok_or_else(|| missing(name, E::KIND))
        })
    }
}

impl<V: WasmValue> ExportCell<TypedGlobal<V>> {
    /// Reads the exported global.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no such global.
    #[inline]
    pub fn read(&self, instance: &Instance, mut store: impl AsContextMut, name: &str) -> Result<V> {
        self.borrow(instance, store.as_context_mut(), name)?.get(store)
    }

    /// Sets the exported global.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no such global.
    #[inline]
    pub fn write(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
        name: &str,
        value: V,
    ) -> Result<()> {
        self.borrow(instance, store.as_context_mut(), name)?.set(store, value)
    }
}

/// A typed view of an export or import that is not a function.
pub trait FromExtern: Sized {
    /// The kind's name in messages.
    const KIND: &'static str;

    /// The typed view of an export, or `None` if it has another kind.
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

/// Returns a session's memory together with its store.
///
/// # Errors
///
/// Fails if `memory` fails.
#[inline]
pub fn guest_memory<T: 'static, W>(
    session: &mut Session<T, W>,
    memory: impl FnOnce(&W, &mut Store<SessionData<T>>) -> Result<Memory>,
) -> crate::error::Result<GuestMemory<'_, SessionData<T>>> {
    let memory = session.call(memory)?;
    Ok(GuestMemory::of(session.store_mut(), memory))
}

/// Returns a session's table together with its store.
///
/// # Errors
///
/// Fails if `table` fails.
#[inline]
pub fn guest_table<T: 'static, W, E: WasmValue>(
    session: &mut Session<T, W>,
    table: impl FnOnce(&W, &mut Store<SessionData<T>>) -> Result<TypedTable<E>>,
) -> crate::error::Result<GuestTable<'_, SessionData<T>, E>> {
    let table = session.call(table)?;
    Ok(GuestTable::new(session.store_mut(), table))
}

#[cold]
fn missing(name: &str, kind: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!(
        "the instance exports no {kind} {name:?}: it is not an instance of code that the wrapper is for"
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

#[cfg(test)]
mod tests {
    use super::there;

    #[test]
    fn an_export_that_code_may_lack_is_called_optional() {
        let error = there(None::<()>, "a\u{1b}").unwrap_err().to_string();
        assert_eq!(error, "the guest lacks the export \"a\\u{1b}\", which is optional");
    }
}
