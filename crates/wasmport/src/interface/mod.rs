//! `Interface`: what a wrapper expects of code, and how code differs from it.

#[cfg(any(feature = "component-model", feature = "inspect"))]
pub(crate) mod component;
mod description;
mod difference;
mod display;
mod from_wasmtime;
mod given;
pub(crate) mod lines;
mod module;
mod options;
mod types;

#[cfg(any(feature = "component-model", feature = "inspect"))]
pub use component::{ComponentItem, ComponentItems};
#[cfg(any(feature = "component-model", feature = "inspect"))]
#[doc(hidden)]
pub use component::{Preview, compatible, preview};
pub use description::Interface;
pub use difference::Difference;
pub(crate) use given::{Found, Given};
#[doc(hidden)]
pub use lines::overload_name;
pub(crate) use module::differences;
pub use types::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
