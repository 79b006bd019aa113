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
//! # Cargo features
//!
//! None is on by default.
//!
//! | feature | what it brings |
//! |---|---|
//! | `gc` | assets that use garbage collection, `externref` or exceptions |
//! | `threads` | assets with shared memories or atomics |
//! | `async` | assets whose functions may wait |
//! | `wasi` | assets that import WASI preview 1: the module `wasi` |
//! | `zstd` | artifacts that were compressed when they were imported |
//! | `pulley` | Wasmtime's interpreter, for `portable` artifacts |
//! | `compile` | the compiler, for `wasmport-build` and `source` artifacts; few programs need it |

mod access;
mod asset;
mod digest;
pub mod engine;
mod error;
mod exit;
mod load;
mod macros;
mod memory;
mod runtime;
mod session;
mod source;
#[doc(hidden)]
pub mod support;
mod typed;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use access::Access;
pub use asset::{Artifact, Asset};
pub use digest::Digest;
pub use engine::{EngineConfig, Limits, Mismatch, RuntimeOptions};
pub use error::{Error, Result};
pub use exit::Exit;
pub use load::LoadedModule;
#[cfg(feature = "threads")]
pub use memory::SharedMemory;
pub use memory::{GuestAddress, GuestMemory, GuestPtr, GuestSlice, GuestStr, Plain};
pub use runtime::{Runtime, RuntimeBuilder};
pub use session::{Session, SessionData, Wrapper};
pub use source::{AssetSource, Folder};
#[cfg(feature = "gc")]
pub use typed::Exception;
pub use typed::{GuestTable, TypedGlobal, TypedTable, TypedTag, WasmValue, WasmValues};
pub use wasmtime;
