//! `Guest`: one call of an export, with its allocations in the guest.

use super::abi::{Abi, Block};
use super::buffer::Buffer;
use super::layout::Layout;
use super::names::Names;
use super::text::write_str;
use crate::error::Error;
use crate::memory::{GuestMemory, Plain};
use crate::record::{self, Logged};
use crate::session::Rejected;
use crate::support::cells::{ExportCell, FuncCell, Lazy};
use crate::typed::is_exception;
use wasmtime::{
    AsContext as _, AsContextMut, Instance, Memory, Result, StoreContextMut, WasmParams,
    WasmResults,
};

/// The function of AssemblyScript's runtime that protects an object from being collected.
const PIN: &str = "__pin";

/// The allocator of an instance, looked up when it is first used.
pub struct Allocator<A: Abi> {
    memory: ExportCell<Memory>,
    alloc: FuncCell<A::Alloc, i32>,
    free: ExportCell<FreeFunc<A>>,
    pin: FuncCell<(i32,), i32>,
}

/// A function that frees; the result of some allocators' functions is ignored.
enum FreeFunc<A: Abi> {
    Nothing(wasmtime::TypedFunc<A::Free, ()>),
    Pointer(wasmtime::TypedFunc<A::Free, i32>),
}

impl<A: Abi> FreeFunc<A> {
    fn look_up(instance: &Instance, mut store: impl AsContextMut, name: &str) -> Result<Self> {
        match instance.get_typed_func(&mut store, name) {
            Ok(func) => Ok(Self::Nothing(func)),
            Err(_) => instance.get_typed_func(store, name).map(Self::Pointer),
        }
    }
}

#[cold]
#[inline(never)]
fn look_up_free<'g, A: Abi, T: 'static>(
    allocator: &'g Allocator<A>,
    instance: Instance,
    store: StoreContextMut<'_, T>,
    name: &str,
) -> Result<&'g FreeFunc<A>> {
    allocator.free.fill(|| FreeFunc::look_up(&instance, store, name))
}

impl<A: Abi> Default for Allocator<A> {
    fn default() -> Self {
        Self {
            memory: ExportCell::default(),
            alloc: ExportCell::default(),
            free: ExportCell::default(),
            pin: ExportCell::default(),
        }
    }
}

/// A call beyond numbers that is not yet begun.
pub struct Lift<'g, A: Abi, T: 'static> {
    allocator: &'g Allocator<A>,
    names: &'static Names,
    instance: &'g Instance,
    store: StoreContextMut<'g, T>,
}

/// Prepares a call beyond numbers.
#[inline]
pub fn lift<'g, A: Abi, S: AsContextMut<Data: 'static>>(
    allocator: &'g Lazy<Allocator<A>>,
    names: &'static Names,
    instance: &'g Instance,
    store: &'g mut S,
) -> Lift<'g, A, S::Data> {
    Lift { allocator: allocator.get(), names, instance, store: store.as_context_mut() }
}

impl<'g, A: Abi, T: 'static> Lift<'g, A, T> {
    /// Runs the call, with at most `N` allocations, and frees afterwards what the host still owns.
    ///
    /// # Errors
    ///
    /// Fails if `call` or freeing fails.
    #[inline]
    pub fn run<const N: usize, R>(
        self,
        call: impl FnOnce(&mut Guest<'g, A, T, N>) -> Result<R>,
    ) -> Result<R> {
        let mut guest = self.guest();
        let result = call(&mut guest);
        guest.end(result)
    }

    /// Begins the call, with at most `N` allocations.
    #[inline]
    pub fn guest<const N: usize>(self) -> Guest<'g, A, T, N> {
        let Self { allocator, names, instance, store } = self;
        Guest {
            allocator,
            names,
            instance,
            store,
            owned: [None; N],
            buffer: None,
            has_failed: false,
        }
    }
}

/// One call beyond numbers: the guest, and at most `N` allocations there that are freed afterwards.
pub struct Guest<'g, A: Abi, T: 'static, const N: usize> {
    allocator: &'g Allocator<A>,
    pub(super) names: &'static Names,
    pub(super) instance: &'g Instance,
    pub(super) store: StoreContextMut<'g, T>,
    owned: [Option<Owned>; N],
    /// The guest's buffer for arguments, once an argument lies there.
    pub(super) buffer: Option<Buffer>,
    /// Whether guest code ended with anything but a result or an exception. None runs after that, not even
    /// to free memory.
    has_failed: bool,
}

/// An allocation that is freed after the call.
#[derive(Clone, Copy)]
struct Owned {
    address: i32,
    layout: Layout,
    /// Whether it is an argument, which the guest may take over.
    is_argument: bool,
}

impl<'g, A: Abi, T: 'static, const N: usize> Guest<'g, A, T, N> {
    /// Hands the arguments over and calls an exported function.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no such function, or the guest traps.
    #[inline]
    pub fn call<P: WasmParams + Logged, R: WasmResults + Logged>(
        &mut self,
        cell: &FuncCell<P, R>,
        name: &str,
        params: P,
    ) -> Result<R> {
        self.hand_over();
        let result = cell.call(self.instance, &mut self.store, name, params);
        self.returned(result)
    }

    /// Async version of [`Self::call`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call`].
    #[cfg(feature = "async")]
    pub async fn call_async<P: WasmParams + Logged + Sync, R: WasmResults + Logged + Sync>(
        &mut self,
        cell: &FuncCell<P, R>,
        name: &str,
        params: P,
    ) -> Result<R>
    where
        T: Send,
    {
        self.hand_over();
        let result = cell.call_async(self.instance, &mut self.store, name, params).await;
        self.returned(result)
    }

    /// Notes whether guest code may run after a call with this result.
    #[inline]
    pub(super) fn returned<R>(&mut self, result: Result<R>) -> Result<R> {
        if let Err(error) = &result {
            self.has_failed |= !is_exception(&self.store.as_context_mut(), error);
        }
        result
    }

    /// Returns the guest's memory.
    ///
    /// # Errors
    ///
    /// Fails if the instance exports no memory.
    #[inline]
    pub fn memory(&mut self) -> Result<GuestMemory<'_, T>> {
        let (cell, name) = (&self.allocator.memory, self.names.memory);
        let memory = cell.get(self.instance, &mut self.store, name)?;
        Ok(GuestMemory::new(self.store.as_context_mut(), memory))
    }

    /// Allocates for an argument; it is freed after the call unless the guest takes it over.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`], or if the guest traps.
    #[inline]
    pub(super) fn alloc(&mut self, layout: Layout) -> Result<i32> {
        let layout = layout.of_argument::<A>();
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, true);
        Ok(address)
    }

    /// Allocates room that the host keeps; it is freed after the call.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Allocation`], or if the guest traps.
    #[inline]
    pub(super) fn room(&mut self, layout: Layout) -> Result<i32> {
        let address = self.allocate(layout)?;
        self.own_unless_empty(address, layout, false);
        Ok(address)
    }

    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<i32> {
        // An empty value needs no allocation, but a pointer that is not null. AssemblyScript has empty
        // objects.
        if layout.bytes == 0 && !A::HAS_OBJECTS {
            return Ok(layout.align.cast_signed());
        }
        if A::HAS_BUFFER {
            return self.in_buffer(layout);
        }
        let Allocator { alloc, pin, .. } = self.allocator;
        let (name, params) = (self.names.alloc, A::alloc(Block::new(layout)));
        let address = alloc.call(self.instance, &mut self.store, name, params);
        let address = self.returned(address)?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if A::HAS_OBJECTS {
            let pinned = pin.call(self.instance, &mut self.store, PIN, (address,));
            self.returned(pinned)?;
        }
        Ok(address)
    }

    /// Async version of [`Self::alloc`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::alloc`].
    #[cfg(feature = "async")]
    pub(super) async fn alloc_async(&mut self, layout: Layout) -> Result<i32>
    where
        T: Send,
    {
        let layout = layout.of_argument::<A>();
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
    pub(super) async fn room_async(&mut self, layout: Layout) -> Result<i32>
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
        if layout.bytes == 0 && !A::HAS_OBJECTS {
            return Ok(layout.align.cast_signed());
        }
        if A::HAS_BUFFER {
            return self.in_buffer_async(layout).await;
        }
        let Allocator { alloc, pin, .. } = self.allocator;
        let (name, params) = (self.names.alloc, A::alloc(Block::new(layout)));
        let address = alloc.call_async(self.instance, &mut self.store, name, params).await;
        let address = self.returned(address)?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if A::HAS_OBJECTS {
            let pinned = pin.call_async(self.instance, &mut self.store, PIN, (address,)).await;
            self.returned(pinned)?;
        }
        Ok(address)
    }

    #[inline]
    fn own_unless_empty(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Nothing was allocated for an empty value, or in a buffer.
        if (layout.bytes > 0 || A::HAS_OBJECTS) && !A::HAS_BUFFER {
            self.own(address, layout, is_argument);
        }
    }

    #[inline]
    fn own(&mut self, address: i32, layout: Layout, is_argument: bool) {
        // Generated code chooses an `N` that has room for all.
        if let Some(free) = self.owned.iter_mut().find(|owned| owned.is_none()) {
            *free = Some(Owned { address, layout, is_argument });
        }
    }

    /// Hands the arguments over: the guest may free them from now on.
    #[inline]
    fn hand_over(&mut self) {
        if A::GUEST_FREES_ARGUMENTS {
            for owned in &mut self.owned {
                owned.take_if(|owned| owned.is_argument);
            }
        }
    }

    /// Ends the call: frees all allocations that the host still owns if the guest returned or threw an
    /// exception, so that the instance does not leak memory.
    ///
    /// # Errors
    ///
    /// Fails with the error of `result`, else if freeing fails.
    #[inline]
    pub fn end<R>(&mut self, result: Result<R>) -> Result<R> {
        let mut freed = Ok(());
        for index in (0..N).rev() {
            if let Some(owned) = self.owned[index].take()
                && !self.has_failed
            {
                let result = self.free(owned);
                freed = freed.and(self.returned(result));
            }
        }
        self.result(result, freed)
    }

    /// Returns the result of a call after its allocations were freed.
    #[inline]
    fn result<R>(&self, result: Result<R>, freed: Result<()>) -> Result<R> {
        match result {
            Ok(value) => freed.map(|()| value),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Marks an error after which guest code may run: the session need not end.
    #[cold]
    fn failed(&self, error: wasmtime::Error) -> wasmtime::Error {
        if self.has_failed { error } else { Rejected::mark(self.store.as_context(), error) }
    }

    #[inline]
    fn free_func(&mut self) -> Result<Option<&'g FreeFunc<A>>> {
        if self.names.free.is_empty() {
            return Ok(None);
        }
        match self.allocator.free.found() {
            Some(free) => Ok(Some(free)),
            None => {
                let (allocator, instance, name) = (self.allocator, *self.instance, self.names.free);
                look_up_free(allocator, instance, self.store.as_context_mut(), name).map(Some)
            }
        }
    }

    #[inline]
    fn free(&mut self, Owned { address, layout, .. }: Owned) -> Result<()> {
        let params = A::free(Block { address, layout });
        match self.free_func()? {
            Some(FreeFunc::Nothing(free)) => {
                record::export(self.store.as_context_mut(), self.names.free, free, params)
            }
            Some(FreeFunc::Pointer(free)) => {
                record::export(self.store.as_context_mut(), self.names.free, free, params).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Async version of [`Self::end`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::end`].
    #[cfg(feature = "async")]
    pub async fn end_async<R>(&mut self, result: Result<R>) -> Result<R>
    where
        T: Send,
    {
        let mut freed = Ok(());
        for index in (0..N).rev() {
            if let Some(owned) = self.owned[index].take()
                && !self.has_failed
            {
                let result = self.free_async(owned).await;
                freed = freed.and(self.returned(result));
            }
        }
        self.result(result, freed)
    }

    #[cfg(feature = "async")]
    async fn free_async(&mut self, Owned { address, layout, .. }: Owned) -> Result<()>
    where
        T: Send,
    {
        let params = A::free(Block { address, layout });
        match self.free_func()? {
            Some(FreeFunc::Nothing(free)) => free.call_async(&mut self.store, params).await,
            Some(FreeFunc::Pointer(free)) => {
                free.call_async(&mut self.store, params).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// Writes text in the encoding of the ABI.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`].
    #[inline]
    pub(super) fn write_str(&mut self, address: i32, text: &str) -> Result<()> {
        let mut memory = self.memory()?;
        write_str::<A, T>(&mut memory, address, text)
    }

    /// Takes a result over: it is freed after the call.
    #[inline]
    pub(super) fn own_result(&mut self, address: i32, bytes: usize, align: usize) {
        // C allocates for empty values too, Rust does not.
        let is_allocated = bytes > 0 || !A::SKIPS_EMPTY;
        if address != 0 && is_allocated {
            self.own(address, Layout::to_free(bytes, align), false);
        }
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`].
    #[inline]
    pub(super) fn write<P: Plain>(&mut self, address: i32, value: &P) -> Result<()> {
        value.to_bytes(self.memory()?.bytes_mut(address, P::SIZE)?);
        Ok(())
    }

    /// Copies values back that the guest may have changed.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::OutOfBounds`].
    #[inline]
    pub fn read_back<P: Plain>(&mut self, address: i32, values: &mut [P]) -> Result<()> {
        let now = self.memory()?.read_slice(address, values.len())?;
        values.iter_mut().zip(now).for_each(|(value, now)| *value = now);
        Ok(())
    }
}
