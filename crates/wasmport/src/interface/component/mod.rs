//! Interfaces of components: their imports and exports as text, from bytes and from loaded components alike.

mod compatible;
#[cfg(feature = "component-model")]
mod differences;
#[cfg(feature = "component-model")]
mod from_wasmtime;
mod items;
mod shape;

#[cfg(feature = "component-model")]
pub(crate) use compatible::compatible;
#[cfg(feature = "component-model")]
pub(crate) use differences::differences;
pub use items::{ComponentItem, ComponentItems};
#[cfg(feature = "inspect")]
pub(crate) use items::{Resources, Side};
#[cfg(feature = "inspect")]
pub(crate) use shape::{Shape, Types, WRITER_BUDGET, Writer};
