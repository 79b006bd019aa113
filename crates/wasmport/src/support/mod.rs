//! Support for generated code, which imports this module as `__rt`. It changes with [`CONTRACT`],
//! which generated code checks when it is compiled, so programs must not use it.

mod asset;
mod cells;
#[cfg(feature = "component-model")]
pub mod component;
mod imports;
mod lift;
mod link;
mod plumbing;
mod values;
mod versions;

pub use crate::access::Access;
pub use crate::asset::{Artifact, Asset, Component};
pub use crate::code::Linking;
pub use crate::code::OverloadedPre;
pub use crate::engine::{self, EngineConfig, RequiredFeatures, WasmFeature};
pub use crate::exchange::{GuestExchange, add_extism_to_linker};
pub use crate::exit::Exit;
pub use crate::interface::Interface;
pub use crate::interface::lines::{check_host, check_link};
pub use crate::marker::{Marker, marked};
#[cfg(feature = "threads")]
pub use crate::memory::SharedMemory;
pub use crate::memory::{GuestMemory, GuestPtr, GuestSlice, GuestStr, Plain};
pub use crate::plain;
pub use crate::runtime::{Detect, LoadedModule, Runtime, VersionSet, Versions, version_index};
pub use crate::session::{LinkedSession, Session, SessionData};
pub use crate::status;
pub use crate::status_code::StatusCode;
pub use crate::text::printable;
pub use crate::typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue};
#[cfg(feature = "wasi")]
pub use crate::wasi::Wasi;
pub use crate::wrapper::ModuleWrapper;
pub use crate::{
    __abi as abi, __unmodified_importer_output as unmodified_importer_output,
    __versions as versions, __wrapper as wrapper,
};
pub use asset::{asset, compressed, digest, embedded, file, interface};
pub use cells::*;
pub use imports::*;
pub use lift::*;
pub use link::*;
pub use values::*;
#[cfg(feature = "async")]
pub use versions::start_version_async;
pub use versions::{
    HostResourcesOf, no_version, one_of_versions, start_version, version_at, versions_of,
};
pub use wasmtime::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, StructRef};
pub use wasmtime::{
    AsContext, AsContextMut, Caller, Error, Extern, Func, I31, Instance, InstancePre, Linker,
    Memory, Module, NoExtern, NoFunc, NoneRef, Result, Rooted, Store, StoreContextMut, V128, Val,
};

// Short names that an asset's own names cannot shadow.
pub use std::boxed::Box;
pub use std::ffi::{CStr, CString};
pub use std::future::{Future, ready};
pub use std::marker::{Send, Sized};
pub use std::ops::FnOnce;
pub use std::option::Option;
pub use std::result::Result as StdResult;
pub use std::string::String;
pub use std::vec::Vec;

/// The version of the contract between generator and runtime. Any change of what generated code relies
/// on, such as this module or the defaults of [`EngineConfig`], increments it.
pub const CONTRACT: u32 = 14;

/// Ends compilation if generated code follows another contract.
pub const fn check_contract(contract: u32) {
    assert!(
        contract == CONTRACT,
        "this wrapper was generated for another version of the `wasmport` crate: import again"
    );
}
