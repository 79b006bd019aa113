//! Loads precompiled WebAssembly assets: verified, typed, and without a compiler.
//!
//! This is the half of wasmport that ships in a program. The other half, `wasmport-build`, turns
//! the `.wasm` and `.wat` files of a project into artifacts and Rust wrappers. A wrapper describes its
//! [`Asset`], and a [`Runtime`] loads it:
//!
//! ```text
//! wrapper → Asset → Runtime → LoadedModule → Linker → Instance
//! ```
//!
//! Most programs use the `Session` type of each wrapper, which owns a store and an instance. Programs
//! that need more use Wasmtime's own types with the wrapper: `FooPre`, `Foo`, `add_to_linker`. Wasmtime
//! is re-exported as [`wasmtime`].
//!
//! # Core modules and components
//!
//! Both kinds of [`Code`] have the same API. The kind of an asset is its type parameter, `Asset<Module>`
//! or `Asset<Component>`, so that [`Runtime::load`] returns a [`LoadedModule`] or a `LoadedComponent`.
//! [`AnyAsset`] has no kind in its type: the generated `ASSETS` lists assets of both kinds.
//!
//! # Threads
//!
//! A [`Runtime`], a [`Loaded`] asset, a `FooPre`, a [`SessionPre`] and a [`Pool`] are `Send` and `Sync`:
//! threads share them by reference or by clone. A `FooSession` is `Send` if its data is, and one thread
//! uses it at a time.
//!
//! # Cargo features
//!
//! No feature is enabled by default.
//!
//! | feature | enables |
//! |---|---|
//! | `gc` | assets that use garbage collection, `externref` or exceptions |
//! | `threads` | assets with shared memories or atomics |
//! | `component-model` | assets that are components |
//! | `component-model-async` | components with async functions, futures, streams or error contexts, and engines with [`concurrency_support`](EngineConfig::concurrency_support) |
//! | `async` | async host functions, and calls that can be suspended |
//! | `wasi` | assets that import WASI preview 1, and components that import WASI 0.2: the module `wasi` |
//! | `wasi-p3` | components that import WASI 0.3, which is experimental in Wasmtime |
//! | `wasi-http` | components that import or export `wasi:http` 0.2: the module `wasi::http` |
//! | `vfs` | files in memory for guests of WASI: the module `vfs`; includes `wasi` |
//! | `vfs-zip` | zip archives as virtual files; includes `vfs` |
//! | `zstd` | artifacts that the importer compressed |
//! | `pulley` | Wasmtime's interpreter, for `portable` artifacts |
//! | `pool` | Wasmtime's pooling allocator, for [`RuntimeOptions::pooling`] |
//! | `backtrace` | files and lines in backtraces, if artifacts have them, and demangled names |
//! | `profiling` | jitdump and VTune, for [`RuntimeOptions::profiler`] |
//! | `inspect` | [`Inspection`]: what bytes are, before they are compiled |
//! | `snapshot` | sessions of modules that are saved, and start from what was saved: the type `Snapshot` |
//! | `tracing` | spans of the crate `tracing`: loading, verifying, instantiating, calling |
//! | `compile` | the compiler, for [`DynamicAsset`] and `source` artifacts, and for `wasmport-build` |
//! | `winch` | Wasmtime's baseline compiler, for `Tier::Winch` |
//! | `bundle` | signed files of artifacts: the type [`Bundle`] |
//! | `oci` | bundles from registries: [`Bundle::from_oci`] and the module `registry`; a hundred crates more |
//! | `replay` | recordings of sessions, which run again without their host: the module `replay` |
//! | `follow` | files of plug-ins, and of assets while you develop, whose changes replace code: the type `Follow`; includes `compile` |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod asset;
#[cfg(feature = "bundle")]
mod bundle;
mod choice;
mod code;
mod digest;
mod dynamic;
pub mod engine;
mod error;
#[doc(hidden)]
pub mod exchange;
mod exit;
#[cfg(feature = "follow")]
mod follow;
mod fs;
mod handle;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod interface;
mod limits;
mod macros;
#[doc(hidden)]
pub mod marker;
mod memory;
mod pool;
#[cfg_attr(not(feature = "replay"), path = "record/off.rs")]
mod record;
#[cfg(feature = "oci")]
pub mod registry;
#[cfg(feature = "replay")]
pub mod replay;
#[doc(hidden)]
pub mod reserved;
#[cfg(feature = "async")]
mod resumable;
mod runtime;
mod semaphore;
mod session;
#[cfg(feature = "bundle")]
mod sha256;
#[cfg(feature = "signatures")]
pub mod signature;
mod slot;
#[cfg(feature = "snapshot")]
mod snapshot;
mod status_code;
#[doc(hidden)]
pub mod support;
mod text;
mod trace;
mod typed;
#[cfg(feature = "vfs")]
pub mod vfs;
#[cfg(feature = "wasi")]
pub mod wasi;
mod wrapper;

pub use access::Access;
pub use asset::{AnyAsset, Artifact, Asset, AssetSource, Folder};
#[cfg(feature = "bundle")]
pub use bundle::Bundle;
#[cfg(feature = "oci")]
#[doc(hidden)]
pub use bundle::{BundleInRegistry, find_bundle};
#[cfg(feature = "bundle")]
#[doc(hidden)]
pub use bundle::{Opened as OpenedBundle, manifest as bundle_manifest};
pub use choice::Choice;
pub use code::Code;
pub use digest::Digest;
pub use dynamic::DynamicAsset;
#[cfg(feature = "compile")]
pub use dynamic::{ModuleCache, Stages, Tier, Worker, serve_worker};
#[cfg(feature = "compile")]
#[doc(hidden)]
pub use dynamic::{Prepare, serve_worker_with};
pub use engine::{
    BackEnd, EngineConfig, Kept, LimitReached, Limits, LoadWay, Mismatch, Pooling, PoolingMisfit,
    Profiler, RuntimeOptions, WasmtimeVersion,
};
#[cfg(feature = "bundle")]
pub use error::BundleError;
pub use error::{CallError, Error, Frame, NotMappable, NotPrivate, Result, ValueError};
#[cfg(feature = "compile")]
pub use error::{NotKept, WorkerError};
#[cfg(feature = "snapshot")]
pub use error::{SnapshotError, SnapshotItem};
pub use exchange::{Exchange, GuestExchange};
pub use exit::Exit;
#[cfg(feature = "follow")]
pub use follow::{Follow, Followed, Following, Slots};
#[cfg(feature = "async")]
pub use handle::AsyncHandle;
pub use handle::{Backoff, Handle, HandleOptions, Restart};
#[cfg(feature = "inspect")]
pub use inspect::Inspection;
pub use interface::{Difference, Interface};
pub use limits::{Group, MemoryBudget};
#[cfg(feature = "threads")]
pub use memory::SharedMemory;
pub use memory::{GuestAddress, GuestMemory, GuestPtr, GuestSlice, GuestStr, Plain};
pub use pool::{Permit, Pool, Pooled};
#[cfg(feature = "async")]
pub use resumable::{Resumable, Step};
#[cfg(feature = "component-model")]
pub use runtime::LoadedComponent;
pub use runtime::{
    Detect, InterfaceVersion, LoadProgress, Loaded, LoadedAsset, LoadedModule, Loading, Runtime,
    RuntimeBuilder, Versions,
};
#[cfg(feature = "compile")]
pub use runtime::{TierReport, Tiered};
#[cfg(feature = "async")]
pub use session::Slice;
pub use session::{
    LinkedOnce, LinkedSession, Session, SessionData, SessionLinker, SessionPre, Stubs, TypedSession,
};
pub use slot::{Replaced, Slot};
#[cfg(feature = "snapshot")]
pub use snapshot::Snapshot;
pub use status_code::StatusCode;
#[cfg(feature = "gc")]
pub use typed::Exception;
pub use typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue, WasmValues};
pub use wasmtime;
pub use wrapper::{AssetWrapper, ModuleWrapper, VersionedWrapper, Wrapper};

/// Folders that no other user can change, for the importer's cache.
#[cfg(all(unix, feature = "compile"))]
#[doc(hidden)]
pub mod private {
    pub use crate::fs::{GroupWrite, check_secret_file, open_private_folder};
}
