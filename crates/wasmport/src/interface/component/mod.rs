//! Interfaces of components: their imports and exports as text, from bytes and from loaded components alike.

mod compatible;
#[cfg(feature = "component-model")]
mod differences;
#[cfg(feature = "component-model")]
mod from_wasmtime;
mod items;
mod reader;
mod resources;
mod shape;
mod wasi;

pub use compatible::compatible;
#[cfg(feature = "component-model")]
pub(crate) use differences::differences;
pub use items::{ComponentItem, ComponentItems};
#[cfg(feature = "inspect")]
pub(crate) use reader::read;
#[cfg(feature = "inspect")]
pub(crate) use shape::{Content, Shape, Types};
#[cfg(all(test, feature = "wasi"))]
pub(crate) use wasi::PREVIEW_2;
pub use wasi::{Preview, preview};
