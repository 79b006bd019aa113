//! `Abi`: how a guest allocates and frees memory.

use super::layout::Layout;
use crate::record::Logged;
use wasmtime::{Result, WasmParams};

/// A guest's convention at the level of core WebAssembly: the parameters of its functions that allocate and free, and
/// what else is special. [`abi!`](crate::__abi) implements it.
pub trait Abi: Send + Sync + 'static {
    /// The parameters of the function that allocates.
    type Alloc: WasmParams + Logged + Sync;
    /// The parameters of the function that frees.
    type Free: WasmParams + Logged + Sync;
    /// Whether values are objects of AssemblyScript: text in UTF-16, protected from the collector by `__pin`.
    const HAS_OBJECTS: bool = false;
    /// Whether the guest frees its arguments.
    const GUEST_FREES_ARGUMENTS: bool = false;
    /// Whether arguments lie in a buffer of the guest, and nothing is allocated.
    const HAS_BUFFER: bool = false;
    /// Whether a content begins at the start of the buffer, however it is aligned.
    const IS_AT_START: bool = false;
    /// Whether empty values are not allocated, as in Rust, where freeing needs the size.
    const SKIPS_EMPTY: bool = false;

    /// Returns the arguments for allocating.
    fn alloc(block: Block) -> Self::Alloc;

    /// Returns the arguments for freeing.
    fn free(block: Block) -> Self::Free;
}

/// A block of guest memory. Its methods are the roles that parameters of allocators have.
#[derive(Clone, Copy)]
pub struct Block {
    pub(super) address: i32,
    pub(super) layout: Layout,
}

impl Block {
    /// The block that is to be allocated.
    #[inline]
    pub(super) fn new(layout: Layout) -> Self {
        Self { address: 0, layout }
    }

    /// The address.
    #[must_use]
    #[inline]
    pub fn ptr(self) -> i32 {
        self.address
    }

    /// The size in bytes.
    #[must_use]
    #[inline]
    pub fn size(self) -> i32 {
        self.layout.bytes.cast_signed()
    }

    /// The alignment in bytes.
    #[must_use]
    #[inline]
    pub fn align(self) -> i32 {
        self.layout.align.cast_signed()
    }

    /// The class of an AssemblyScript object.
    #[must_use]
    #[inline]
    pub fn class(self) -> i32 {
        self.layout.class
    }

    /// Zero: the address and size of no block, for functions that also resize.
    #[must_use]
    #[inline]
    pub fn zero(self) -> i32 {
        0
    }
}

/// Declares an [`Abi`]: the roles of the parameters of the functions that allocate and free, and what else
/// is special.
#[doc(hidden)]
#[macro_export]
macro_rules! __abi {
    ($name:ident: alloc($($alloc:ident),*), free($($free:ident),*) $(, $flag:ident)*) => {
        struct $name;

        impl $crate::support::Abi for $name {
            type Alloc = ($($crate::__abi!(@param $alloc),)*);
            type Free = ($($crate::__abi!(@param $free),)*);
            $($crate::__abi! { @flag $flag })*

            #[inline]
            fn alloc(block: $crate::support::Block) -> Self::Alloc {
                let _ = block;
                ($(block.$alloc(),)*)
            }

            #[inline]
            fn free(block: $crate::support::Block) -> Self::Free {
                let _ = block;
                ($(block.$free(),)*)
            }
        }
    };

    (@param $role:ident) => {
        i32
    };

    (@flag objects) => {
        const HAS_OBJECTS: bool = true;
    };

    (@flag guest_frees_arguments) => {
        const GUEST_FREES_ARGUMENTS: bool = true;
    };

    (@flag skips_empty) => {
        const SKIPS_EMPTY: bool = true;
    };

    (@flag at_start) => {
        const IS_AT_START: bool = true;
    };

    (@flag buffer) => {
        const HAS_BUFFER: bool = true;
    };
}

impl Layout {
    /// Returns the layout of text in the encoding of an ABI.
    ///
    /// # Errors
    ///
    /// Fails if the text is too large for 32 bits.
    #[inline]
    pub fn of_str<A: Abi>(text: &str) -> Result<Self> {
        Self::of_text(text, A::HAS_OBJECTS)
    }

    /// Returns the layout with at least one byte: for none, C's `malloc` may return null, which would look like
    /// a failure. AssemblyScript has empty objects.
    #[inline]
    pub(super) fn never_empty<A: Abi>(self) -> Self {
        if A::HAS_OBJECTS { self } else { Self { bytes: self.bytes.max(1), ..self } }
    }

    /// Returns the layout of an argument. A guest that frees its arguments without their size frees empty ones too, so
    /// they must be blocks of its allocator.
    #[inline]
    pub(super) fn of_argument<A: Abi>(self) -> Self {
        let frees_empty = A::GUEST_FREES_ARGUMENTS && !A::SKIPS_EMPTY && !A::HAS_BUFFER;
        if frees_empty { self.never_empty::<A>() } else { self }
    }
}
