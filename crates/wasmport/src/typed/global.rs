//! `TypedGlobal`: a global with a Rust type.

use super::value::WasmValue;
use crate::record;
use std::marker::PhantomData;
use wasmtime::{AsContext, AsContextMut, Extern, Global, GlobalType, Mutability, Result, ValType};

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
    /// Creates a global in `store`.
    ///
    /// # Errors
    ///
    /// Fails if the value belongs to another store.
    pub fn new(mut store: impl AsContextMut, mutability: Mutability, value: V) -> Result<Self> {
        let mut store = store.as_context_mut();
        let value = value.into_val(&mut store)?;
        let global = Global::new(store, GlobalType::new(V::ty(), mutability), value)?;
        Ok(Self::from_global(global))
    }

    /// Returns the typed view of `global`. If the type is wrong, [`get`](Self::get),
    /// [`set`](Self::set) and importing it fail.
    #[must_use]
    pub fn from_global(global: Global) -> Self {
        Self(global, PhantomData)
    }

    /// Returns Wasmtime's global.
    #[must_use]
    pub fn global(&self) -> Global {
        self.0
    }

    /// Returns its value.
    ///
    /// # Errors
    ///
    /// Fails if it has another type.
    #[inline]
    pub fn get(&self, mut store: impl AsContextMut) -> Result<V> {
        let mut store = store.as_context_mut();
        let value = self.0.get(&mut store);
        V::from_val(value, &mut store)
    }

    /// Sets its value.
    ///
    /// # Errors
    ///
    /// Fails if it is immutable or has another type.
    #[inline]
    pub fn set(&self, mut store: impl AsContextMut, value: V) -> Result<()> {
        let mut store = store.as_context_mut();
        let value = value.into_val(&mut store)?;
        if matches!(V::ty(), ValType::Ref(_)) {
            record::changed_global(&mut store);
        }
        self.0.set(store, value)
    }

    /// Returns whether it can be set.
    pub fn is_mutable(&self, store: impl AsContext) -> bool {
        self.0.ty(store).mutability() == Mutability::Var
    }
}

impl<V> From<TypedGlobal<V>> for Extern {
    fn from(global: TypedGlobal<V>) -> Self {
        Self::Global(global.0)
    }
}
