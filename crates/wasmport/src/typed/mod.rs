//! Typed views of Wasmtime's values, tables, globals and tags.

#[cfg(feature = "gc")]
mod exception;
mod global;
#[cfg(feature = "replay")]
mod logged;
#[cfg(not(feature = "gc"))]
mod no_exception;
mod table;
mod tag;
mod value;
mod values;

#[cfg(feature = "gc")]
pub use exception::Exception;
#[cfg(feature = "gc")]
pub(crate) use exception::{is_exception, take_exception};
pub use global::TypedGlobal;
#[cfg(not(feature = "gc"))]
pub(crate) use no_exception::{is_exception, take_exception};
pub use table::{GuestTable, TypedTable};
pub use tag::TypedTag;
pub use value::WasmValue;
pub use values::WasmValues;
