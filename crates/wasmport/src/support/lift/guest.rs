//! `Guest`: one call of an export, with its allocations in the guest.

use super::convention::Convention;
use super::layout::Layout;
use super::names::Names;
use super::text::write_str;
use crate::error::Error;
use crate::memory::{GuestMemory, Plain};
#[cfg(feature = "async")]
use crate::support::exports::call_async;
use crate::support::exports::{ExportCell, FuncCell, call, export};
use wasmtime::{AsContextMut, Instance, Memory, Result, StoreContextMut};

/// The allocator of an instance, looked up at first use.
pub struct Allocator<C: Convention> {
    memory: ExportCell<Memory>,
    alloc: FuncCell<C::Alloc, i32>,
    free: ExportCell<FreeFunc<C>>,
    pin: FuncCell<(i32,), i32>,
}

/// The function that frees. Some return a value, which is ignored.
enum FreeFunc<C: Convention> {
    Nothing(wasmtime::TypedFunc<C::Free, ()>),
    Pointer(wasmtime::TypedFunc<C::Free, i32>),
}

impl<C: Convention> FreeFunc<C> {
    fn look_up(instance: &Instance, mut store: impl AsContextMut, name: &str) -> Result<Self> {
        match instance.get_typed_func(&mut store, name) {
            Ok(func) => Ok(Self::Nothing(func)),
            Err(_) => instance.get_typed_func(store, name).map(Self::Pointer),
        }
    }
}

#[cold]
#[inline(never)]
fn look_up_free<'g, C: Convention, T: 'static>(
    allocator: &'g Allocator<C>,
    instance: Instance,
    store: StoreContextMut<'_, T>,
    name: &str,
) -> Result<&'g FreeFunc<C>> {
    allocator.free.fill(|| FreeFunc::look_up(&instance, store, name))
}

impl<C: Convention> Default for Allocator<C> {
    fn default() -> Self {
        Self {
            memory: ExportCell::default(),
            alloc: ExportCell::default(),
            free: ExportCell::default(),
            pin: ExportCell::default(),
        }
    }
}

/// One call with values beyond numbers: the guest, and at most `N` allocations to free.
pub struct Guest<'g, C: Convention, T: 'static, const N: usize> {
    allocator: &'g Allocator<C>,
    names: &'static Names,
    instance: &'g Instance,
    store: StoreContextMut<'g, T>,
    owned: [Option<Owned>; N],
}

/// An allocation to free.
#[derive(Clone, Copy)]
struct Owned {
    address: i32,
    layout: Layout,
    /// Whether it is an argument, which the guest may own.
    is_argument: bool,
}

impl<'g, C: Convention, T: 'static, const N: usize> Guest<'g, C, T, N> {
    /// Begins a call.
    #[inline]
    pub fn new(
        allocator: &'g Allocator<C>,
        names: &'static Names,
        instance: &'g Instance,
        store: StoreContextMut<'g, T>,
    ) -> Self {
        Self { allocator, names, instance, store, owned: [None; N] }
    }

    /// Returns the store, for the call itself.
    #[inline]
    pub fn store(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }

    /// Returns the guest's memory.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports none.
    #[inline]
    pub fn memory(&mut self) -> Result<GuestMemory<'_, T>> {
        let (cell, name) = (&self.allocator.memory, self.names.memory);
        let memory = export(cell, self.instance, &mut self.store, name)?;
        Ok(GuestMemory::new(self.store.as_context_mut(), memory))
    }

    /// Allocates memory for an argument. It is freed at the end of the call, unless the guest owns it.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`] if the allocator returns null, and if the guest traps.
    #[inline]
    pub fn alloc(&mut self, layout: Layout) -> Result<i32> {
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, true);
        Ok(address)
    }

    /// Allocates memory that the host owns. It is freed at the end of the call.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`] if the allocator returns null, and if the guest traps.
    #[inline]
    pub fn room(&mut self, layout: Layout) -> Result<i32> {
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, false);
        Ok(address)
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<i32> {
        // An empty value needs a non-null address only; an AssemblyScript object always needs an allocation.
        if layout.bytes == 0 && C::PIN.is_none() {
            return Ok(layout.align.cast_signed());
        }
        let Allocator { alloc, pin, .. } = self.allocator;
        let (name, params) = (self.names.alloc, C::alloc(layout));
        let address = call(alloc, self.instance, &mut self.store, name, params)?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if let Some(name) = C::PIN {
            call(pin, self.instance, &mut self.store, name, (address,))?;
        }
        Ok(address)
    }

    /// Async version of [`Self::alloc`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::alloc`].
    #[cfg(feature = "async")]
    pub async fn alloc_async(&mut self, layout: Layout) -> Result<i32>
    where
        T: Send,
    {
        let address = self.allocate_async(layout).await?;
        self.own_unless_empty(address, layout, true);
        Ok(address)
    }

    /// Async version of [`Self::room`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::room`].
    #[cfg(feature = "async")]
    pub async fn room_async(&mut self, layout: Layout) -> Result<i32>
    where
        T: Send,
    {
        let address = self.allocate_async(layout).await?;
        self.own_unless_empty(address, layout, false);
        Ok(address)
    }

    #[cfg(feature = "async")]
    async fn allocate_async(&mut self, layout: Layout) -> Result<i32>
    where
        T: Send,
    {
        if layout.bytes == 0 && C::PIN.is_none() {
            return Ok(layout.align.cast_signed());
        }
        let Allocator { alloc, pin, .. } = self.allocator;
        let (name, params) = (self.names.alloc, C::alloc(layout));
        let address = call_async(alloc, self.instance, &mut self.store, name, params).await?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if let Some(name) = C::PIN {
            call_async(pin, self.instance, &mut self.store, name, (address,)).await?;
        }
        Ok(address)
    }

    #[inline]
    fn own_unless_empty(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Empty values have no allocation.
        if layout.bytes > 0 || C::PIN.is_some() {
            self.own(address, layout, is_argument);
        }
    }

    #[inline]
    fn own(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Generated code passes the largest number of allocations as `N`.
        if let Some(entry) = self.owned.iter_mut().find(|entry| entry.is_none()) {
            *entry = Some(Owned { address, layout, is_argument });
        }
    }

    /// Passes the arguments to the guest, which may free them from now on.
    #[inline]
    pub fn passed(&mut self) {
        if C::GUEST_OWNS_ARGUMENTS {
            for entry in &mut self.owned {
                entry.take_if(|owned| owned.is_argument);
            }
        }
    }

    /// Frees the remaining allocations, after a trap too, so that an instance that is used again does not
    /// leak memory. Ignores failures.
    #[inline]
    pub fn release(&mut self) {
        for index in (0..N).rev() {
            if let Some(Owned { address, layout, .. }) = self.owned[index].take() {
                let _ = self.free(address, layout);
            }
        }
    }

    #[inline]
    fn free_func(&mut self) -> Result<Option<&'g FreeFunc<C>>> {
        if self.names.free.is_empty() {
            return Ok(None);
        }
        match self.allocator.free.get() {
            Some(free) => Ok(Some(free)),
            None => {
                let (allocator, instance, name) = (self.allocator, *self.instance, self.names.free);
                look_up_free(allocator, instance, self.store(), name).map(Some)
            }
        }
    }

    #[inline]
    fn free(&mut self, address: i32, layout: Layout) -> Result<()> {
        let params = C::free(address, layout);
        match self.free_func()? {
            Some(FreeFunc::Nothing(free)) => free.call(&mut self.store, params),
            Some(FreeFunc::Pointer(free)) => free.call(&mut self.store, params).map(drop),
            None => Ok(()),
        }
    }

    /// Async version of [`Self::release`].
    #[cfg(feature = "async")]
    pub async fn release_async(&mut self)
    where
        T: Send,
    {
        for index in (0..N).rev() {
            let Some(Owned { address, layout, .. }) = self.owned[index].take() else { continue };
            let params = C::free(address, layout);
            let _ = match self.free_func() {
                Ok(Some(FreeFunc::Nothing(free))) => free.call_async(&mut self.store, params).await,
                Ok(Some(FreeFunc::Pointer(free))) => {
                    free.call_async(&mut self.store, params).await.map(drop)
                }
                _ => Ok(()),
            };
        }
    }

    /// Writes text to its allocation, in the encoding of the convention.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
    #[inline]
    pub fn write_str(&mut self, address: i32, text: &str) -> Result<()> {
        let mut memory = self.memory()?;
        write_str::<C, T>(&mut memory, address, text)
    }

    /// Takes ownership of a result: it is freed at the end of the call.
    #[inline]
    pub fn own_result(&mut self, address: i32, bytes: usize, align: usize) {
        let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        // C allocates empty values; Rust does not.
        let is_allocated = bytes > 0 || !C::GUEST_OWNS_ARGUMENTS;
        if address != 0 && is_allocated {
            self.own(address, Layout { bytes, align, len: 0, class: 0 }, false);
        }
    }

    /// Writes a value to its allocation.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
    #[inline]
    pub fn write<P: Plain>(&mut self, address: i32, value: &P) -> Result<()> {
        value.to_bytes(self.memory()?.bytes_mut(address, P::SIZE)?);
        Ok(())
    }

    /// Copies back values that the guest may have changed.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`] if it exceeds the memory.
    #[inline]
    pub fn read_back<P: Plain>(&mut self, address: i32, values: &mut [P]) -> Result<()> {
        let now = self.memory()?.read_slice(address, values.len())?;
        values.iter_mut().zip(now).for_each(|(value, now)| *value = now);
        Ok(())
    }

    /// Calls the canonical ABI's function that ends the use of a result, if the guest exports it.
    ///
    /// # Errors
    ///
    /// Fails if it traps.
    pub fn post_return(&mut self, name: &str, result: i32) -> Result<()> {
        match self.instance.get_typed_func::<(i32,), ()>(&mut self.store, name) {
            Ok(post) => post.call(&mut self.store, (result,)),
            Err(_) => Ok(()),
        }
    }

    /// Async version of [`Self::post_return`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::post_return`].
    #[cfg(feature = "async")]
    pub async fn post_return_async(&mut self, name: &str, result: i32) -> Result<()>
    where
        T: Send,
    {
        match self.instance.get_typed_func::<(i32,), ()>(&mut self.store, name) {
            Ok(post) => post.call_async(&mut self.store, (result,)).await,
            Err(_) => Ok(()),
        }
    }
}
