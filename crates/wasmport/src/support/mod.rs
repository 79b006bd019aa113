//! The part of the crate that only generated code calls. It changes with [`CONTRACT`], which generated
//! code checks when it is compiled.

mod asset;
#[cfg(feature = "component-model")]
pub mod component;
mod exports;
mod imports;
mod interface;
mod lift;
mod link;

pub use crate::asset::Component;
pub use crate::code::OverloadedPre;
pub use crate::typed::WasmValue;
pub use asset::{asset, compressed, digest, embedded, file};
pub use exports::*;
pub use imports::*;
pub use interface::{check_host, check_link};
pub use lift::*;
pub use link::*;
pub use wasmtime::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, StructRef};
pub use wasmtime::{
    AsContext, AsContextMut, Caller, Error, Extern, Func, I31, Instance, InstancePre, Linker,
    Memory, Module, NoExtern, NoFunc, NoneRef, Result, Rooted, Store, StoreContextMut, V128, Val,
};

/// The version of the contract between generator and runtime. It increases with each change of what
/// generated code relies on.
pub const CONTRACT: u32 = 6;
