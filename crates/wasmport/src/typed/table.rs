//! `TypedTable`: a table with elements of a Rust type, and `GuestTable`, the same with its store.

use super::value::{WasmValue, wrong_type};
use crate::error::Error;
use crate::record;
use std::marker::PhantomData;
use wasmtime::{
    AsContext, AsContextMut, Extern, Ref, Result, Store, StoreContextMut, Table, TableType, Val,
    ValType,
};

/// A [`Table`] of elements of type `E`, such as `Option<Func>`.
#[derive(Debug)]
pub struct TypedTable<E>(Table, PhantomData<fn() -> E>);

impl<E> Clone for TypedTable<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for TypedTable<E> {}

impl<E: WasmValue> TypedTable<E> {
    /// Creates a table in `store` with `size` elements, at most `max`, each of them `init`.
    ///
    /// # Errors
    ///
    /// Fails if a limit does not allow the size.
    pub fn new(mut store: impl AsContextMut, size: u32, max: Option<u32>, init: E) -> Result<Self> {
        let mut store = store.as_context_mut();
        let ValType::Ref(element) = E::ty() else {
            return Err(wasmtime::Error::msg("a table's elements are references"));
        };
        let init = to_ref(init, &mut store)?;
        Ok(Self::from_table(Table::new(store, TableType::new(element, size, max), init)?))
    }

    /// Returns the typed view of `table`. If the type is wrong, accessing elements and importing it fail.
    #[must_use]
    pub fn from_table(table: Table) -> Self {
        Self(table, PhantomData)
    }

    /// Returns Wasmtime's table.
    #[must_use]
    pub fn table(&self) -> Table {
        self.0
    }

    /// Returns the element at `index`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::TableOutOfBounds`] if the table has no such index.
    #[inline]
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Result<E> {
        let mut store = store.as_context_mut();
        match self.0.get(&mut store, index) {
            Some(element) => E::from_val(Val::from(element), &mut store),
            None => Err(out_of_bounds(index, self.0.size(&store))),
        }
    }

    /// Sets the element at `index`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::TableOutOfBounds`] if the table has no such index, and if the element has another
    /// type or store.
    #[inline]
    pub fn set(&self, mut store: impl AsContextMut, index: u64, element: E) -> Result<()> {
        let mut store = store.as_context_mut();
        let size = self.0.size(&store);
        if index >= size {
            return Err(out_of_bounds(index, size));
        }
        let element = to_ref(element, &mut store)?;
        record::changed_table(&mut store);
        self.0.set(store, index, element)
    }

    /// Returns the number of its elements.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.0.size(store)
    }

    /// Grows by `elements`, each of them `init`, and returns the former size.
    ///
    /// # Errors
    ///
    /// Fails if it would exceed its maximum or a limit.
    pub fn grow(&self, mut store: impl AsContextMut, elements: u64, init: E) -> Result<u64> {
        let mut store = store.as_context_mut();
        let init = to_ref(init, &mut store)?;
        record::changed_table(&mut store);
        self.0.grow(store, elements, init)
    }

    /// Sets `len` elements from `index` on.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::TableOutOfBounds`] if the range exceeds the table; then nothing is set.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        element: E,
        len: u64,
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let size = self.0.size(&store);
        if index.checked_add(len).is_none_or(|end| end > size) {
            return Err(out_of_bounds(index.saturating_add(len), size));
        }
        let element = to_ref(element, &mut store)?;
        record::changed_table(&mut store);
        self.0.fill(store, index, element, len)
    }
}

impl<E> From<TypedTable<E>> for Extern {
    fn from(table: TypedTable<E>) -> Self {
        Self::Table(table.0)
    }
}

fn to_ref<E: WasmValue, T: 'static>(element: E, store: &mut StoreContextMut<'_, T>) -> Result<Ref> {
    let value = element.into_val(store)?;
    value.ref_().ok_or_else(|| wrong_type("a reference", &value))
}

#[cold]
fn out_of_bounds(index: u64, size: u64) -> wasmtime::Error {
    wasmtime::Error::new(Error::TableOutOfBounds { index, size })
}

/// A table together with its store.
pub struct GuestTable<'a, T: 'static, E> {
    store: StoreContextMut<'a, T>,
    table: TypedTable<E>,
}

impl<'a, T: 'static, E: WasmValue> GuestTable<'a, T, E> {
    /// Joins a table with its store.
    pub fn new(store: &'a mut Store<T>, table: TypedTable<E>) -> Self {
        Self { store: store.as_context_mut(), table }
    }

    /// Returns the table without its store.
    #[must_use]
    pub fn table(&self) -> TypedTable<E> {
        self.table
    }

    /// Returns the element at `index`.
    ///
    /// # Errors
    ///
    /// Fails like [`TypedTable::get`].
    pub fn get(&mut self, index: u64) -> Result<E> {
        self.table.get(&mut self.store, index)
    }

    /// Sets the element at `index`.
    ///
    /// # Errors
    ///
    /// Fails like [`TypedTable::set`].
    pub fn set(&mut self, index: u64, element: E) -> Result<()> {
        self.table.set(&mut self.store, index, element)
    }

    /// Returns the number of its elements.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.table.size(&self.store)
    }

    /// Grows by `elements`, each of them `init`, and returns the former size.
    ///
    /// # Errors
    ///
    /// Fails like [`TypedTable::grow`].
    pub fn grow(&mut self, elements: u64, init: E) -> Result<u64> {
        self.table.grow(&mut self.store, elements, init)
    }

    /// Sets `len` elements from `index` on.
    ///
    /// # Errors
    ///
    /// Fails like [`TypedTable::fill`].
    pub fn fill(&mut self, index: u64, element: E, len: u64) -> Result<()> {
        self.table.fill(&mut self.store, index, element, len)
    }
}
