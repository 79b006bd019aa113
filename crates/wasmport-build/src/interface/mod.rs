//! `Interface`: the imports and exports of a module, and all that code generation knows of it.

#[cfg(feature = "compiler")]
mod extract;
mod items;
#[cfg(feature = "compiler")]
mod size;
#[cfg(feature = "compiler")]
pub(crate) mod wasi;

#[cfg(feature = "compiler")]
pub(crate) use size::text_len;

pub use items::{Export, Import, Interface};
pub use wasmport::interface::{
    ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType,
};
