//! `Guest`: one call of an export, with what is allocated for it.

use super::text::write_str;
use super::{Convention, Layout, Names};
use crate::support::{
    AsContextMut, FuncSlot, Instance, Memory, Result, Slot, StoreContextMut, call, export,
};
use crate::{Error, GuestMemory, Plain};

/// The allocator of an instance, looked up when it is first used.
pub struct Allocator<C: Convention> {
    memory: Slot<Memory>,
    alloc: FuncSlot<C::Alloc, i32>,
    free: Slot<FreeFunc<C>>,
    pin: FuncSlot<(i32,), i32>,
}

/// What frees: some allocators return something, which does not matter.
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
            memory: Slot::default(),
            alloc: Slot::default(),
            free: Slot::default(),
            pin: Slot::default(),
        }
    }
}

/// One call beyond numbers: the guest, and at most `N` allocations there that are to be freed.
pub struct Guest<'g, C: Convention, T: 'static, const N: usize> {
    allocator: &'g Allocator<C>,
    names: &'static Names,
    instance: &'g Instance,
    store: StoreContextMut<'g, T>,
    owned: [Option<Owned>; N],
}

/// An allocation that is to be freed.
#[derive(Clone, Copy)]
struct Owned {
    address: i32,
    layout: Layout,
    /// It is an argument, which the guest may take over.
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

    /// The store, for the call itself.
    #[inline]
    pub fn store(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }

    /// The guest's memory.
    ///
    /// # Errors
    ///
    /// Where the instance exports none.
    #[inline]
    pub fn memory(&mut self) -> Result<GuestMemory<'_, T>> {
        let (slot, name) = (&self.allocator.memory, self.names.memory);
        let memory = export(slot, self.instance, &mut self.store, name)?;
        Ok(GuestMemory::new(self.store.as_context_mut(), memory))
    }

    /// Room for an argument, freed at the end of the call unless the guest takes it.
    ///
    /// # Errors
    ///
    /// [`Error::Allocation`], or where the guest traps.
    #[inline]
    pub fn alloc(&mut self, layout: Layout) -> Result<i32> {
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, true);
        Ok(address)
    }

    /// Room that stays the host's, freed at the end of the call.
    ///
    /// # Errors
    ///
    /// [`Error::Allocation`], or where the guest traps.
    #[inline]
    pub fn room(&mut self, layout: Layout) -> Result<i32> {
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, false);
        Ok(address)
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<i32> {
        // Nothing is at a place of its own, and is not null. AssemblyScript has objects of no size.
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

    /// As [`Self::alloc`], where calls wait.
    ///
    /// # Errors
    ///
    /// The same.
    #[cfg(feature = "async")]
    pub async fn alloc_async(&mut self, layout: Layout) -> Result<i32>
    where
        T: Send,
    {
        let address = self.allocate_async(layout).await?;
        self.own_unless_empty(address, layout, true);
        Ok(address)
    }

    /// As [`Self::room`], where calls wait.
    ///
    /// # Errors
    ///
    /// The same.
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
        let address =
            crate::support::call_async(alloc, self.instance, &mut self.store, name, params).await?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if let Some(name) = C::PIN {
            crate::support::call_async(pin, self.instance, &mut self.store, name, (address,))
                .await?;
        }
        Ok(address)
    }

    #[inline]
    fn own_unless_empty(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Nothing was allocated for what has no size.
        if layout.bytes > 0 || C::PIN.is_some() {
            self.own(address, layout, is_argument);
        }
    }

    #[inline]
    fn own(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Generated code says how many there are at most.
        if let Some(slot) = self.owned.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(Owned { address, layout, is_argument });
        }
    }

    /// All arguments are ready; the guest may free them from now on.
    #[inline]
    pub fn passed(&mut self) {
        if C::GUEST_OWNS_ARGUMENTS {
            for slot in &mut self.owned {
                slot.take_if(|owned| owned.is_argument);
            }
        }
    }

    /// Frees what is left, whatever became of the call: after a trap too, so that an instance which
    /// is used again does not lose memory. Failing there fails nothing more.
    #[inline]
    pub fn release(&mut self) {
        for slot in (0..N).rev() {
            if let Some(Owned { address, layout, .. }) = self.owned[slot].take() {
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

    /// As [`Self::release`], where calls wait.
    #[cfg(feature = "async")]
    pub async fn release_async(&mut self)
    where
        T: Send,
    {
        for slot in (0..N).rev() {
            let Some(Owned { address, layout, .. }) = self.owned[slot].take() else { continue };
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

    /// Writes text into its room, in the encoding of the convention.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    #[inline]
    pub fn write_str(&mut self, address: i32, text: &str) -> Result<()> {
        let mut memory = self.memory()?;
        write_str::<C, T>(&mut memory, address, text)
    }

    /// Takes a result over: it is freed at the end of the call.
    #[inline]
    pub fn own_result(&mut self, address: i32, bytes: usize, align: usize) {
        let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        // C allocates for nothing too; Rust does not.
        let is_allocated = bytes > 0 || !C::GUEST_OWNS_ARGUMENTS;
        if address != 0 && is_allocated {
            self.own(address, Layout { bytes, align, len: 0, class: 0 }, false);
        }
    }

    /// Writes a value into its room.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    #[inline]
    pub fn write<P: Plain>(&mut self, address: i32, value: &P) -> Result<()> {
        value.to_bytes(self.memory()?.bytes_mut(address, P::SIZE)?);
        Ok(())
    }

    /// Copies values that the guest may have changed back.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfBounds`].
    #[inline]
    pub fn read_back<P: Plain>(&mut self, address: i32, values: &mut [P]) -> Result<()> {
        let now = self.memory()?.read_slice(address, values.len())?;
        values.iter_mut().zip(now).for_each(|(value, now)| *value = now);
        Ok(())
    }

    /// Tells the guest that its result was read: the canonical ABI's function for that, where the
    /// guest exports it.
    ///
    /// # Errors
    ///
    /// Where it traps.
    pub fn post_return(&mut self, name: &str, result: i32) -> Result<()> {
        match self.instance.get_typed_func::<(i32,), ()>(&mut self.store, name) {
            Ok(post) => post.call(&mut self.store, (result,)),
            Err(_) => Ok(()),
        }
    }

    /// As [`Self::post_return`], where calls wait.
    ///
    /// # Errors
    ///
    /// The same.
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
