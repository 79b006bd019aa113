//! `Interface`: what a wrapper expects of code, and how code differs from it.

mod description;
mod difference;
mod display;
mod from_wasmtime;
pub(crate) mod lines;
mod module;
mod types;

pub use description::Interface;
pub use difference::Difference;
pub(crate) use module::differences;
pub use types::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
