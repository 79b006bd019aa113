//! Conventions: how guests allocate and free memory.

use super::layout::Layout;
use wasmtime::{Result, WasmParams};

/// The functions of a guest that allocate and free, and their parameters.
pub trait Convention: Send + Sync + 'static {
    /// The parameters of the function that allocates.
    type Alloc: WasmParams + Sync;
    /// The parameters of the function that frees.
    type Free: WasmParams + Sync;
    /// Whether text is UTF-16.
    const IS_UTF16: bool = false;
    /// Whether the guest frees its arguments.
    const GUEST_OWNS_ARGUMENTS: bool = false;
    /// The function that protects an allocation from being collected until it is freed.
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

    #[inline]
    fn alloc(layout: Layout) -> (i32,) {
        // For no bytes C may return null, which would look like a failure.
        (layout.bytes.max(1).cast_signed(),)
    }

    #[inline]
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

    #[inline]
    fn alloc(layout: Layout) -> (i32, i32) {
        (layout.bytes.cast_signed(), layout.align.cast_signed())
    }

    #[inline]
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

    #[inline]
    fn alloc(layout: Layout) -> (i32, i32) {
        (layout.bytes.cast_signed(), layout.class)
    }

    #[inline]
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

    #[inline]
    fn alloc(layout: Layout) -> (i32, i32, i32, i32) {
        (0, 0, layout.align.cast_signed(), layout.bytes.cast_signed())
    }

    #[inline]
    fn free(address: i32, layout: Layout) -> (i32, i32, i32, i32) {
        (address, layout.bytes.cast_signed(), layout.align.cast_signed(), 0)
    }
}

impl Layout {
    /// Returns the layout of text in the encoding of a convention.
    ///
    /// # Errors
    ///
    /// Fails if the text is too large for 32 bits.
    #[inline]
    pub fn of_str<C: Convention>(text: &str) -> Result<Self> {
        Self::of_text(text, C::IS_UTF16)
    }
}
