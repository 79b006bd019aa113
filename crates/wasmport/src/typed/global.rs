//! `TypedGlobal`: a global whose type is known.

use super::WasmValue;
use std::marker::PhantomData;
use wasmtime::{AsContext, AsContextMut, Extern, Global, GlobalType, Mutability, Result};

/// A [`Global`] of values of type `V`.
#[derive(Debug)]
pub struct TypedGlobal<V>(Global, PhantomData<fn() -> V>);

impl<V> Clone for TypedGlobal<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for TypedGlobal<V> {}

impl<V: WasmValue> TypedGlobal<V> {
    /// A new global in `store`.
    ///
    /// # Errors
    ///
    /// Where the value belongs to another store.
    pub fn new(mut store: impl AsContextMut, mutability: Mutability, value: V) -> Result<Self> {
        let mut store = store.as_context_mut();
        let value = value.into_val(&mut store)?;
        let global = Global::new(store, GlobalType::new(V::ty(), mutability), value)?;
        Ok(Self::from_global(global))
    }

    /// A typed view of `global`. A wrong type is an error of [`get`](Self::get) and
    /// [`set`](Self::set), and wherever the global is imported.
    #[must_use]
    pub fn from_global(global: Global) -> Self {
        Self(global, PhantomData)
    }

    /// Wasmtime's global.
    #[must_use]
    pub fn global(&self) -> Global {
        self.0
    }

    /// Its value.
    ///
    /// # Errors
    ///
    /// Where it is of another type.
    #[inline]
    pub fn get(&self, mut store: impl AsContextMut) -> Result<V> {
        let mut store = store.as_context_mut();
        let value = self.0.get(&mut store);
        V::from_val(value, &mut store)
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// Where it is immutable or of another type.
    #[inline]
    pub fn set(&self, mut store: impl AsContextMut, value: V) -> Result<()> {
        let mut store = store.as_context_mut();
        let value = value.into_val(&mut store)?;
        self.0.set(store, value)
    }

    /// Whether it can be set.
    pub fn is_mutable(&self, store: impl AsContext) -> bool {
        self.0.ty(store).mutability() == Mutability::Var
    }
}

impl<V> From<TypedGlobal<V>> for Extern {
    fn from(global: TypedGlobal<V>) -> Self {
        Self::Global(global.0)
    }
}
