//! `Error`: the runtime's errors; each names the asset.

#[cfg(feature = "bundle")]
mod bundle;
mod call;
mod causes;
mod convert;
mod display;
mod frames;
mod help;
mod message;
mod reason;
#[cfg(feature = "replay")]
mod record;
#[cfg(feature = "snapshot")]
mod snapshot;
mod source;

#[cfg(feature = "bundle")]
pub use bundle::BundleError;
pub use call::CallError;
pub(crate) use frames::Callee;
pub use frames::Frame;
#[cfg(feature = "compile")]
pub use reason::{NotKept, WorkerError};
pub use reason::{NotMappable, NotPrivate, ValueError};
#[cfg(feature = "replay")]
pub(crate) use record::Attachment;
#[cfg(feature = "replay")]
pub use record::{Difference as ReplayDifference, RecordError, RecordingError, ReplayError};
#[cfg(feature = "snapshot")]
pub use snapshot::{SnapshotError, SnapshotItem};

use crate::digest::Digest;
use crate::engine::{LimitReached, Mismatch, PoolingMisfit};
use crate::interface::Difference;
use std::path::PathBuf;
use std::time::Duration;

/// The runtime's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why an asset did not load, a session did not start, or a call failed.
///
/// `{}` prints one line: the asset, the function and the reason. `{:#}` and `Debug` add the guest's
/// [frames](Self::frames) and the [help](Self::help) in lines of their own, so that `main` may return it. All
/// escape control characters in the text of files and guests, which Wasmtime's own errors do not.
///
/// [`downcast_ref`](Self::downcast_ref) finds a cause by its type, such as a [`Trap`](wasmtime::Trap), an
/// [`Exception`](crate::Exception), or the error of a host function.
#[non_exhaustive]
pub enum Error {
    /// The asset cannot run in this program; all differences are listed.
    Incompatible {
        /// The asset's name.
        asset: String,
        /// Every difference found.
        mismatches: Vec<Mismatch>,
    },
    /// The artifact does not exist.
    Missing {
        /// The asset's name.
        asset: String,
        /// The expected path.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The artifact cannot be read.
    Read {
        /// The asset's name.
        asset: String,
        /// The path.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The file of a [`DynamicAsset`](crate::DynamicAsset) does not exist or cannot be read.
    File {
        /// The asset's name.
        asset: String,
        /// The path.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A [`Bundle`](crate::Bundle) does not count.
    #[cfg(feature = "bundle")]
    Bundle {
        /// The path or the name of the bundle.
        bundle: String,
        /// The reason.
        source: BundleError,
    },
    /// A registry does not have a [`Bundle`](crate::Bundle) that counts.
    #[cfg(feature = "oci")]
    Registry(crate::registry::RegistryError),
    /// A [`Bundle`](crate::Bundle) has no asset of this name and kind.
    #[cfg(feature = "bundle")]
    NotInBundle {
        /// The asset's name.
        asset: String,
    },
    /// The source of a [`DynamicAsset`](crate::DynamicAsset) is longer than it may be.
    #[cfg(feature = "compile")]
    SourceTooLarge {
        /// The asset's name.
        asset: String,
        /// The largest length in bytes.
        limit: u64,
    },
    /// The artifact is truncated, modified, or another than the wrapper was generated with.
    Digest {
        /// The asset's name.
        asset: String,
        /// The digest in the wrapper.
        expected: Digest,
        /// The digest of the bytes read.
        actual: Digest,
        /// The length in the wrapper, in bytes.
        expected_bytes: u64,
        /// The length of the bytes read.
        actual_bytes: u64,
    },
    /// The artifact's digest is right, but it does not decompress to the length in the wrapper.
    Decompress {
        /// The asset's name.
        asset: String,
        /// The decompressor's reason.
        source: std::io::Error,
    },
    /// The artifact cannot be mapped from its file.
    NotMappable {
        /// The asset's name.
        asset: String,
        /// The reason.
        source: NotMappable,
    },
    /// The asset needs the compiler, which this program lacks.
    NoCompiler {
        /// The asset's name.
        asset: String,
    },
    /// A dynamic asset is not valid WebAssembly, or this program cannot run it.
    Compile {
        /// The asset's name.
        asset: String,
        /// Wasmtime's reason, or that of the parser of the text format.
        source: wasmtime::Error,
    },
    /// The process that compiles a dynamic asset exceeded a bound, or crashed.
    #[cfg(feature = "compile")]
    Worker {
        /// The asset's name.
        asset: String,
        /// The reason.
        source: WorkerError,
    },
    /// Code that was compiled before cannot be loaded without its source.
    #[cfg(feature = "compile")]
    NotKept {
        /// The asset's name.
        asset: String,
        /// The digest by which it was asked for.
        digest: Digest,
        /// The reason.
        source: NotKept,
    },
    /// The key of a [`ModuleCache`](crate::ModuleCache) cannot be read from its file.
    #[cfg(feature = "compile")]
    CacheKey {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Code cannot be stored in the folder of a [`ModuleCache`](crate::ModuleCache) that is filled.
    #[cfg(feature = "compile")]
    CacheWrite {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The folder of a [`ModuleCache`](crate::ModuleCache) cannot be trusted.
    UnsafeCache {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: NotPrivate,
    },
    /// The artifact's digest is right, but Wasmtime rejects it.
    Deserialize {
        /// The asset's name.
        asset: String,
        /// Wasmtime's reason.
        source: wasmtime::Error,
    },
    /// Code does not have the interface of a wrapper; all differences are listed.
    Interface {
        /// The name of the code.
        asset: String,
        /// The name of the interface.
        interface: String,
        /// Every difference found.
        differences: Vec<Difference>,
    },
    /// Code is of a version of an interface that the program does not support, or of none.
    Version {
        /// The name of the code.
        asset: String,
        /// The name of the interface.
        interface: String,
        /// The version, if it has one: the text of a stranger, of which this has up to 60 characters, in one line and
        /// with escapes for what controls a terminal.
        found: Option<String>,
        /// What tells the version, such as a custom section.
        detected_by: String,
        /// The versions that the program supports, oldest first.
        supported: Vec<String>,
    },
    /// Bytes that were to be WebAssembly are something else.
    #[cfg(feature = "inspect")]
    NotWasm {
        /// The kind of file that they are.
        message: String,
        /// The advice on what to change.
        help: &'static str,
    },
    /// WebAssembly ends too early, or is not valid.
    #[cfg(feature = "inspect")]
    Damaged {
        /// The parser's reason.
        message: String,
        /// The offset in bytes at which it was found.
        offset: u64,
    },
    /// The source of an asset does not have the interface of the asset's wrapper; all differences are listed.
    #[cfg(feature = "follow")]
    OutdatedWrapper {
        /// The asset's name.
        asset: String,
        /// Every difference found.
        differences: Vec<Difference>,
    },
    /// A [`DynamicAsset`](crate::DynamicAsset) that is not in a file cannot be followed.
    #[cfg(feature = "follow")]
    NoFile {
        /// The asset's name.
        asset: String,
    },
    /// The system cannot watch a folder.
    #[cfg(feature = "follow")]
    Watch {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A wrapper was passed the module of another asset.
    WrongAsset {
        /// The wrapper's asset.
        expected: String,
        /// The asset that it was passed.
        actual: String,
    },
    /// A [`DynamicAsset`](crate::DynamicAsset) is a component and was expected to be a core module, or
    /// the reverse.
    WrongKind {
        /// The asset's name.
        asset: String,
        /// Whether it is a component.
        is_component: bool,
    },
    /// Wasmtime rejects the engine configuration.
    Engine {
        /// Wasmtime's reason.
        source: wasmtime::Error,
    },
    /// The pooling allocator's settings contradict the engine configuration, or are too small for this
    /// machine, an asset, or a [`Pool`](crate::Pool).
    Pooling {
        /// The asset's name, if one asset is the reason.
        asset: Option<String>,
        /// Every setting known to be wrong.
        misfits: Vec<PoolingMisfit>,
        /// Wasmtime's reason, if it reported the error.
        source: Option<wasmtime::Error>,
    },
    /// An option needs a cargo feature that this build of the crate lacks.
    MissingFeature {
        /// The option.
        what: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// As many calls of a [`Handle`](crate::Handle) wait as may.
    QueueFull {
        /// The handle's name.
        handle: String,
        /// The number of calls that wait.
        waiting: usize,
    },
    /// A [`Handle`](crate::Handle) was shut down, or its session failed and is not started again.
    HandleEnded {
        /// The handle's name.
        handle: String,
        /// The failure of its last session, if one failed.
        cause: Option<String>,
    },
    /// A [`Handle`](crate::Handle) was called on its own thread, where the call would wait for itself.
    Reentrant {
        /// The handle's name.
        handle: String,
    },
    /// A host function panicked in a call of a [`Handle`](crate::Handle).
    Panicked {
        /// The asset's name.
        asset: String,
        /// The text of the panic.
        message: String,
    },
    /// A [`Slot`](crate::Slot) has no code yet.
    EmptySlot,
    /// All sessions of a [`Pool`](crate::Pool) are in use, and none ended in time.
    Busy {
        /// The asset's name.
        asset: String,
        /// The pool's size.
        sessions: usize,
    },
    /// A call of a session, or its start, failed in the guest or in a host function.
    Call {
        /// The asset's name.
        asset: String,
        /// The name of the export that was called, if the call was of one.
        function: Option<String>,
        /// The limit that refused the guest a resource before, if there is one.
        limit: Option<LimitReached>,
        /// The cause, in which [`Error::downcast_ref`] finds each part by its type.
        source: wasmtime::Error,
    },
    /// A session cannot start, because its guest needs more than [`Limits`](crate::Limits) allow.
    Limit {
        /// The asset's name.
        asset: String,
        /// The limit.
        limit: LimitReached,
        /// Wasmtime's reason.
        source: wasmtime::Error,
    },
    /// A session cannot be saved, or cannot start from a [`Snapshot`](crate::Snapshot).
    #[cfg(feature = "snapshot")]
    Snapshot {
        /// The asset's name.
        asset: String,
        /// The reason.
        source: SnapshotError,
    },
    /// A call, an instantiation or a link failed in a store of the program's own.
    Wasm(wasmtime::Error),
    /// A guest address range exceeds the memory.
    OutOfBounds {
        /// The address.
        address: u64,
        /// The length in bytes.
        bytes: u64,
        /// The memory's size in bytes.
        memory_bytes: u64,
    },
    /// A table index exceeds the table.
    TableOutOfBounds {
        /// The index.
        index: u64,
        /// The table's size in elements.
        size: u64,
    },
    /// The guest's allocator returned null.
    Allocation {
        /// The size requested.
        bytes: u64,
    },
    /// A value that is not valid for the other side's type, such as 2 for `bool`.
    Value(ValueError),
    /// Guest bytes that must be text are not UTF-8.
    NotUtf8 {
        /// The address.
        address: u64,
        /// The length in bytes.
        bytes: u64,
    },
    /// The calling instance exports no memory of this name.
    NoMemory {
        /// The memory's name.
        name: String,
    },
    /// The guest has used up its fuel.
    OutOfFuel {
        /// The asset's name.
        asset: String,
        /// The name of the export that was called, if the call was of one.
        function: Option<String>,
        /// The cause, with the guest's frames.
        source: wasmtime::Error,
    },
    /// A call exceeded a time limit.
    TimedOut {
        /// The asset's name.
        asset: String,
        /// The name of the export that was called, if the call was of one.
        function: Option<String>,
        /// The limit, of the session or of one of its groups.
        limit: Duration,
        /// The cause, with the guest's frames; none if the guest did not notice.
        source: Option<wasmtime::Error>,
    },
    /// A call was interrupted: through the session's [`Group`](crate::Group), or by a deadline of its
    /// store.
    Interrupted {
        /// The asset's name.
        asset: String,
        /// The name of the export that was called, if the call was of one.
        function: Option<String>,
        /// The cause, with the guest's frames; none if the guest did not notice.
        source: Option<wasmtime::Error>,
    },
    /// A limit needs an engine setting that is off.
    NotMetered {
        /// The setting in [`EngineConfig`](crate::EngineConfig).
        knob: &'static str,
    },
    /// The thread that enforces time limits cannot be started.
    Thread {
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The guest has exited, in this or an earlier call of the session.
    Exited {
        /// The asset's name.
        asset: String,
        /// The argument of `exit`.
        code: i32,
    },
    /// A folder for the guest cannot be opened.
    Preopen {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: wasmtime::Error,
    },
    /// A variable of this program's environment is not UTF-8, so that a guest cannot inherit it.
    Environment {
        /// The variable's name; the parts of it that are not UTF-8 are replaced.
        name: String,
    },
    /// The guest has set an error for its answer to an HTTP request.
    #[cfg(feature = "wasi-http")]
    HttpRefused {
        /// The asset's name.
        asset: String,
        /// The error: an `ErrorCode` of the module `wasi::http`.
        source: wasmtime::Error,
    },
    /// The guest has returned without an answer to an HTTP request.
    #[cfg(feature = "wasi-http")]
    NoHttpResponse {
        /// The asset's name.
        asset: String,
    },
    /// A session cannot be recorded.
    #[cfg(feature = "replay")]
    Record {
        /// The asset's name.
        asset: String,
        /// The reason.
        source: RecordError,
    },
    /// An earlier call of this session failed before it returned, so the guest's state is unknown.
    Poisoned {
        /// The asset's name.
        asset: String,
        /// The message of that call's error; none if it had none, because a host function panicked or the
        /// call was dropped.
        cause: Option<String>,
    },
}
