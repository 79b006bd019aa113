//! Typed views of Wasmtime's values, tables, globals and tags.

mod global;
mod table;
mod tag;
mod value;

pub use global::TypedGlobal;
pub use table::{GuestTable, TypedTable};
#[cfg(feature = "gc")]
pub use tag::Exception;
#[cfg(not(feature = "gc"))]
pub(crate) use tag::Exception;
pub(crate) use tag::surface;
pub use tag::{TypedTag, WasmValues};
pub use value::WasmValue;
