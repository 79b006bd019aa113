//! Loads precompiled WebAssembly assets: verified, typed, and without a compiler.
//!
//! This is the half of wasmport that ships in a program. The other half, `wasmport-build`, turns
//! the `.wasm` and `.wat` files of a project into artifacts and Rust wrappers; a wrapper describes
//! its [`Asset`], and a [`Runtime`] loads it:
//!
//! ```text
//! wrapper → Asset → Runtime → LoadedModule → Linker → Instance
//! ```
//!
//! The easy path is the `Session` type of each wrapper, which owns a store and an instance. Those
//! who need more use Wasmtime's own types with the wrapper: `FooPre`, `Foo`, `add_to_linker`.
//! Wasmtime is re-exported as [`wasmtime`].
//!
//! # Threads
//!
//! A [`Runtime`], a [`LoadedModule`], a `FooPre`, a [`SessionPre`] and a [`Pool`] are `Send` and `Sync`:
//! threads share them by reference or by clone. A `FooSession` is `Send` where its data is, and is used
//! by one thread at a time.
//!
//! # Cargo features
//!
//! None is on by default.
//!
//! | feature | what it brings |
//! |---|---|
//! | `gc` | assets that use garbage collection, `externref` or exceptions |
//! | `threads` | assets with shared memories or atomics |
//! | `component-model` | assets that are components |
//! | `component-model-async` | components with functions that wait, futures and streams |
//! | `async` | assets whose functions may wait, and calls that are suspended |
//! | `wasi` | assets that import WASI preview 1, and components that import WASI 0.2: the module `wasi` |
//! | `wasi-p3` | components that import WASI 0.3, which Wasmtime has as an experiment |
//! | `zstd` | artifacts that were compressed when they were imported |
//! | `pulley` | Wasmtime's interpreter, for `portable` artifacts |
//! | `pool` | Wasmtime's pooling allocator, for [`RuntimeOptions::pooling`] |
//! | `backtrace` | files and lines in backtraces, where artifacts have them, and demangled names |
//! | `profiling` | jitdump and VTune, for [`RuntimeOptions::profiler`] |
//! | `tracing` | spans of the crate of that name: what is loaded, verified, instantiated and called |
//! | `compile` | the compiler, for [`DynamicAsset`] and `source` artifacts, and for `wasmport-build` |

mod access;
mod asset;
mod background;
#[cfg(feature = "component-model")]
mod component;
mod digest;
mod dynamic;
pub mod engine;
mod error;
mod exit;
mod fs;
mod limits;
mod load;
mod macros;
mod memory;
mod pool;
mod pre;
#[cfg(feature = "async")]
mod resumable;
mod runtime;
mod session;
mod source;
#[doc(hidden)]
pub mod support;
mod trace;
mod typed;
mod untyped;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use access::Access;
pub use asset::{Artifact, Asset};
pub use background::{LoadProgress, Loading};
#[cfg(feature = "component-model")]
pub use component::ComponentWrapper;
pub use digest::Digest;
pub use dynamic::DynamicAsset;
#[cfg(feature = "compile")]
pub use dynamic::ModuleCache;
pub use engine::{
    BackEnd, Choice, EngineConfig, Limits, LoadWay, Mismatch, Pooling, PoolingMisfit, Profiler,
    RuntimeOptions,
};
pub use error::{Error, Result};
pub use exit::Exit;
pub use limits::Group;
#[cfg(feature = "component-model")]
pub use load::LoadedComponent;
pub use load::{Loaded, LoadedAsset, LoadedModule};
#[cfg(feature = "threads")]
pub use memory::SharedMemory;
pub use memory::{GuestAddress, GuestMemory, GuestPtr, GuestSlice, GuestStr, Plain};
pub use pool::{Pool, Pooled, Slot};
pub use pre::{LinkedSession, SessionPre, TypedSession};
#[cfg(feature = "async")]
pub use resumable::{Resumable, Slice, Step};
pub use runtime::{Runtime, RuntimeBuilder};
pub use session::{Session, SessionData, Wrapper};
pub use source::{AssetSource, Folder};
#[cfg(feature = "gc")]
pub use typed::Exception;
pub use typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue, WasmValues};
pub use wasmtime;
