//! What signatures beyond numbers stand on: room in the guest for what is passed to it, and who
//! frees it.

use super::{
    AsContextMut, Extern, Func, FuncSlot, Instance, Memory, Result, Slot, StoreContextMut, call,
    export,
};
use crate::{Access, Error, GuestMemory, Plain};
use std::ffi::{CStr, CString};
use wasmtime::WasmParams;

/// The room that a value takes in the guest.
#[derive(Clone, Copy)]
pub struct Layout {
    bytes: u32,
    align: u32,
    /// How many elements it has, as the guest is told.
    len: u32,
    /// The class of an AssemblyScript object.
    class: i32,
}

/// AssemblyScript's classes that every module has.
const ARRAY_BUFFER: i32 = 1;
const STRING: i32 = 2;

impl Layout {
    /// Of text, in the encoding of the convention.
    ///
    /// # Errors
    ///
    /// Where it is too long for a memory of 32 bits.
    pub fn of_str<C: Convention>(text: &str) -> Result<Self> {
        if !C::IS_UTF16 {
            return Self::new(text.len(), 1, text.len());
        }
        let units = text.encode_utf16().count();
        Ok(Self { class: STRING, ..Self::new(units * 2, 2, units)? })
    }

    /// Of text with the null that ends it.
    ///
    /// # Errors
    ///
    /// Where it is too long for a memory of 32 bits.
    pub fn of_c_str(text: &CStr) -> Result<Self> {
        let bytes = text.to_bytes_with_nul().len();
        Self::new(bytes, 1, bytes)
    }

    /// Of values in a row.
    ///
    /// # Errors
    ///
    /// Where they are too many for a memory of 32 bits.
    pub fn of_slice<P: Plain>(values: &[P]) -> Result<Self> {
        Self::new(P::SIZE.saturating_mul(values.len()), P::ALIGN, values.len())
    }

    /// Of one value.
    #[must_use]
    pub const fn of<P: Plain>() -> Self {
        // A type of more than 4 GiB cannot be written down.
        Self { bytes: P::SIZE as u32, align: P::ALIGN as u32, len: 1, class: ARRAY_BUFFER }
    }

    fn new(bytes: usize, align: usize, len: usize) -> Result<Self> {
        let too_long = |_| Error::Allocation { bytes: bytes as u64 };
        let [bytes, align, len] = [
            u32::try_from(bytes).map_err(too_long)?,
            u32::try_from(align).map_err(too_long)?,
            u32::try_from(len).map_err(too_long)?,
        ];
        Ok(Self { bytes, align, len, class: ARRAY_BUFFER })
    }

    /// The length that the guest is told.
    #[must_use]
    pub fn elements(self) -> i32 {
        self.len.cast_signed()
    }
}

/// How a guest wants memory to be allocated and freed.
pub trait Convention: Send + Sync + 'static {
    /// The parameters of the function that allocates.
    type Alloc: WasmParams + Sync;
    /// The parameters of the function that frees.
    type Free: WasmParams + Sync;
    /// Text is UTF-16.
    const IS_UTF16: bool = false;
    /// The guest frees what is passed to it.
    const GUEST_OWNS_ARGUMENTS: bool = false;
    /// What is allocated must be held by this function until it is freed.
    const PIN: Option<&str> = None;

    /// Arguments for allocating.
    fn alloc(layout: Layout) -> Self::Alloc;

    /// Arguments for freeing.
    fn free(address: i32, layout: Layout) -> Self::Free;
}

/// `malloc(size)`, `free(pointer)`.
pub struct C;

impl Convention for C {
    type Alloc = (i32,);
    type Free = (i32,);

    fn alloc(layout: Layout) -> (i32,) {
        // For no bytes, null would be as right an answer; the guest frees what it is given though.
        (layout.bytes.max(1).cast_signed(),)
    }

    fn free(address: i32, _: Layout) -> (i32,) {
        (address,)
    }
}

/// `__wbindgen_malloc(size, align)`, `__wbindgen_free(pointer, size, align)`.
pub struct WasmBindgen;

impl Convention for WasmBindgen {
    type Alloc = (i32, i32);
    type Free = (i32, i32, i32);
    const GUEST_OWNS_ARGUMENTS: bool = true;

    fn alloc(layout: Layout) -> (i32, i32) {
        (layout.bytes.cast_signed(), layout.align.cast_signed())
    }

    fn free(address: i32, layout: Layout) -> (i32, i32, i32) {
        (address, layout.bytes.cast_signed(), layout.align.cast_signed())
    }
}

/// `__new(size, class)`, `__pin(pointer)`, `__unpin(pointer)`.
pub struct AssemblyScript;

impl Convention for AssemblyScript {
    type Alloc = (i32, i32);
    type Free = (i32,);
    const IS_UTF16: bool = true;
    const PIN: Option<&str> = Some("__pin");

    fn alloc(layout: Layout) -> (i32, i32) {
        (layout.bytes.cast_signed(), layout.class)
    }

    fn free(address: i32, _: Layout) -> (i32,) {
        (address,)
    }
}

/// `cabi_realloc(old, old size, align, size)`, which frees what is given the size 0.
pub struct CabiRealloc;

impl Convention for CabiRealloc {
    type Alloc = (i32, i32, i32, i32);
    type Free = (i32, i32, i32, i32);
    const GUEST_OWNS_ARGUMENTS: bool = true;

    fn alloc(layout: Layout) -> (i32, i32, i32, i32) {
        (0, 0, layout.align.cast_signed(), layout.bytes.cast_signed())
    }

    fn free(address: i32, layout: Layout) -> (i32, i32, i32, i32) {
        (address, layout.bytes.cast_signed(), layout.align.cast_signed(), 0)
    }
}

/// The names of a guest's memory and allocator.
pub struct Names {
    /// The memory.
    pub memory: &'static str,
    /// The function that allocates.
    pub alloc: &'static str,
    /// The function that frees; empty where there is none.
    pub free: &'static str,
}

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

impl<C: Convention> Clone for FreeFunc<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Nothing(func) => Self::Nothing(func.clone()),
            Self::Pointer(func) => Self::Pointer(func.clone()),
        }
    }
}

impl<C: Convention> FreeFunc<C> {
    fn look_up(instance: &Instance, mut store: impl AsContextMut, name: &str) -> Result<Self> {
        match instance.get_typed_func(&mut store, name) {
            Ok(func) => Ok(Self::Nothing(func)),
            Err(_) => instance.get_typed_func(store, name).map(Self::Pointer),
        }
    }
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
            super::call_async(alloc, self.instance, &mut self.store, name, params).await?;
        if address == 0 {
            return Err(Error::Allocation { bytes: layout.bytes.into() }.into());
        }
        if let Some(name) = C::PIN {
            super::call_async(pin, self.instance, &mut self.store, name, (address,)).await?;
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

    fn free_func(&mut self) -> Result<Option<FreeFunc<C>>> {
        if self.names.free.is_empty() {
            return Ok(None);
        }
        let (instance, name) = (self.instance, self.names.free);
        let free = self
            .allocator
            .free
            .get_or_look_up(|| FreeFunc::look_up(instance, &mut self.store, name));
        free.cloned().map(Some)
    }

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

/// A pointer that C's null would be an error for.
///
/// # Errors
///
/// [`Error::Value`] for null.
#[inline]
pub fn not_null(address: i32) -> Result<i32> {
    if address == 0 {
        let message = "the guest gave a null pointer where the signature does not say `Option`";
        return Err(Error::Value { message: message.into() }.into());
    }
    Ok(address)
}

/// Frees what the guest gave to a host function.
///
/// # Errors
///
/// Where the guest exports no such allocator or traps.
pub fn host_free<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    (bytes, align): (usize, usize),
) -> Result<()> {
    let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let params = C::free(address, Layout { bytes, align, len: 0, class: 0 });
    let free = exported(access, names.free)?;
    match free.typed::<C::Free, ()>(&mut *access) {
        Ok(free) => free.call(access, params),
        Err(_) => free.typed::<C::Free, i32>(&mut *access)?.call(access, params).map(drop),
    }
}

/// As [`host_free`], where calls wait.
///
/// # Errors
///
/// The same.
#[cfg(feature = "async")]
pub async fn host_free_async<C: Convention, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    (bytes, align): (usize, usize),
) -> Result<()> {
    let [bytes, align] = [bytes, align].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let params = C::free(address, Layout { bytes, align, len: 0, class: 0 });
    let free = exported(access, names.free)?;
    match free.typed::<C::Free, ()>(&mut *access) {
        Ok(free) => free.call_async(access, params).await,
        Err(_) => {
            let free = free.typed::<C::Free, i32>(&mut *access)?;
            free.call_async(access, params).await.map(drop)
        }
    }
}

/// Allocates for what a host function returns; the guest frees it.
///
/// # Errors
///
/// [`Error::Allocation`], and where the guest exports no such allocator or traps.
pub fn host_alloc<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust frees nothing where there is nothing; C frees all that it is given.
    if layout.bytes == 0 && C::GUEST_OWNS_ARGUMENTS {
        return Ok(layout.align.cast_signed());
    }
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call(&mut *access, C::alloc(layout))? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

/// As [`host_alloc`], where calls wait.
///
/// # Errors
///
/// The same.
#[cfg(feature = "async")]
pub async fn host_alloc_async<C: Convention, T: Send + 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    layout: Layout,
) -> Result<i32> {
    // Rust frees nothing where there is nothing; C frees all that it is given.
    if layout.bytes == 0 && C::GUEST_OWNS_ARGUMENTS {
        return Ok(layout.align.cast_signed());
    }
    let alloc = exported(access, names.alloc)?.typed::<C::Alloc, i32>(&mut *access)?;
    match alloc.call_async(&mut *access, C::alloc(layout)).await? {
        0 => Err(Error::Allocation { bytes: layout.bytes.into() }.into()),
        address => Ok(address),
    }
}

fn exported<T: 'static, H>(access: &mut Access<'_, T, H>, name: &str) -> Result<Func> {
    let func = access.caller().get_export(name).and_then(Extern::into_func);
    func.ok_or_else(|| {
        wasmtime::Error::msg(format!("the calling instance exports no function {name:?}"))
    })
}

/// Writes text that a host function returns.
///
/// # Errors
///
/// [`Error::OutOfBounds`].
pub fn host_write_str<C: Convention, T: 'static, H>(
    access: &mut Access<'_, T, H>,
    names: &Names,
    address: i32,
    text: &str,
) -> Result<()> {
    write_str::<C, T>(&mut access.memory_named(names.memory)?, address, text)
}

fn write_str<C: Convention, T: 'static>(
    memory: &mut GuestMemory<'_, T>,
    address: i32,
    text: &str,
) -> Result<()> {
    if C::IS_UTF16 {
        let units: Vec<u16> = text.encode_utf16().collect();
        Ok(memory.write_slice(address, &units)?)
    } else {
        Ok(memory.write_bytes(address, text.as_bytes())?)
    }
}

/// Text of a known length.
///
/// # Errors
///
/// [`Error::OutOfBounds`], [`Error::NotUtf8`].
#[inline]
pub fn read_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32, len: i32) -> Result<String> {
    Ok(memory.str(address, len)?.to_owned())
}

/// Text that a null ends.
///
/// # Errors
///
/// [`Error::OutOfBounds`], [`Error::NotUtf8`].
#[inline]
pub fn read_c_text<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = memory.c_str(address)?.to_bytes();
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        address: crate::GuestAddress::to_u64(address),
        bytes: bytes.len() as u64,
    })?;
    Ok(text.to_owned())
}

/// Text that a null ends, of any encoding.
///
/// # Errors
///
/// [`Error::OutOfBounds`].
#[inline]
pub fn read_c_str<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<CString> {
    Ok(memory.c_str(address)?.to_owned())
}

/// The size of an AssemblyScript object in bytes, which stands before it.
///
/// # Errors
///
/// [`Error::OutOfBounds`].
pub fn object_size<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<i32> {
    Ok(memory.read(address.wrapping_sub(4))?)
}

/// The size of an element, by which a size in bytes can be divided.
#[must_use]
pub const fn element_size<P: Plain>() -> u32 {
    if P::SIZE == 0 { 1 } else { P::SIZE as u32 }
}

/// An AssemblyScript string.
///
/// # Errors
///
/// [`Error::OutOfBounds`]; [`Error::Value`] where a surrogate stands alone.
pub fn read_utf16<T: 'static>(memory: &GuestMemory<'_, T>, address: i32) -> Result<String> {
    let bytes = object_size(memory, address)?.cast_unsigned();
    let units = memory.read_slice::<u16>(address, bytes / 2)?;
    String::from_utf16(&units).map_err(|_| {
        let message = format!("the string at guest address {address} is not UTF-16");
        Error::Value { message }.into()
    })
}

/// Text as C has it.
///
/// # Errors
///
/// [`Error::Value`] where it holds a null.
pub fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|e| {
        let message = format!("a C string cannot hold the null at byte {}", e.nul_position());
        Error::Value { message }.into()
    })
}

/// A code point that the guest gave.
///
/// # Errors
///
/// [`Error::Value`] where it is none.
pub fn char_of(code: i32) -> Result<char> {
    char::from_u32(code.cast_unsigned())
        .ok_or_else(|| Error::Value { message: format!("{code:#x} is no character") }.into())
}
