//! `DynamicAsset`: code that was not imported, in memory or in a file.

#[cfg(feature = "compile")]
use super::cache::ModuleCache;
#[cfg(feature = "compile")]
use super::tier::Tier;
#[cfg(feature = "compile")]
use super::worker::Worker;
use crate::digest::Digest;
use std::marker::PhantomData;
#[cfg(feature = "follow")]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::Module;
#[cfg(feature = "component-model")]
use wasmtime::component::Component;

/// A core module or component that was not imported: WebAssembly or its text, as bytes or in a file.
///
/// [`Runtime::load_dynamic`](crate::Runtime::load_dynamic) compiles it for the runtime's back end, so that
/// it can be linked with imported assets. This needs the cargo feature `compile`.
///
/// ```
/// # fn main() -> wasmport::Result<()> {
/// # if !cfg!(feature = "compile") { return Ok(()) }
/// use wasmport::{DynamicAsset, EngineConfig, Runtime};
/// let runtime = Runtime::new(&EngineConfig::new())?;
/// let plugin = DynamicAsset::new("plugin", r#"(module (func (export "f")))"#);
/// let module = runtime.load_dynamic(&plugin)?;
/// assert!(module.module().get_export("f").is_some());
/// # Ok(())
/// # }
/// ```
///
/// Compiling an untrusted module can take long and use much memory; Wasmtime does not treat that as a
/// defect. A [`worker`](Self::worker) bounds both, and parses text too. This program reads the file: a regular one, of a
/// [bounded length](Self::max_bytes).
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only the compiler reads it"))]
pub struct DynamicAsset<C = Module> {
    pub(super) name: String,
    pub(super) input: Input,
    pub(super) key: String,
    #[cfg(feature = "compile")]
    cache: Option<ModuleCache>,
    #[cfg(feature = "compile")]
    worker: Option<Worker>,
    #[cfg(feature = "compile")]
    tier: Tier,
    /// The largest length of its source, if one is chosen.
    #[cfg(feature = "compile")]
    pub(super) max_bytes: Option<u64>,
    kind: PhantomData<fn() -> C>,
}

/// The place of the bytes.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only the compiler reads it"))]
pub(super) enum Input {
    Bytes(Arc<Vec<u8>>),
    File(PathBuf),
    /// The content of a file that was read before.
    #[cfg(feature = "compile")]
    Read(Arc<Vec<u8>>, PathBuf),
    /// In the cache alone, under this digest.
    Kept(Digest),
}

impl DynamicAsset {
    /// Creates a core module from memory. The bytes decide whether it is WebAssembly or text. The name is
    /// for messages.
    pub fn new(name: impl Into<String>, code: impl Into<Vec<u8>>) -> Self {
        Self::from_bytes(name.into(), code.into())
    }

    /// Creates a core module from a file, which is read when it is loaded. Its name is the file's,
    /// without extension.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::from_file(path.into())
    }

    /// Creates a core module from code that was compiled before: it is in the [`cache`](Self::cache) under the digest
    /// that [`Loaded::kept`](crate::Loaded::kept) returned. Its source is neither read nor hashed again. The name is for
    /// messages.
    #[cfg(feature = "compile")]
    pub fn kept(name: impl Into<String>, digest: Digest) -> Self {
        Self::with_input(name.into(), Input::Kept(digest))
    }
}

#[cfg(feature = "component-model")]
impl DynamicAsset<Component> {
    /// Creates a component from memory, like [`DynamicAsset::new`].
    pub fn component(name: impl Into<String>, code: impl Into<Vec<u8>>) -> Self {
        Self::from_bytes(name.into(), code.into())
    }

    /// Creates a component from a file, like [`DynamicAsset::file`].
    pub fn component_file(path: impl Into<PathBuf>) -> Self {
        Self::from_file(path.into())
    }

    /// Creates a component from code that was compiled before, like [`DynamicAsset::kept`].
    #[cfg(feature = "compile")]
    pub fn kept_component(name: impl Into<String>, digest: Digest) -> Self {
        Self::with_input(name.into(), Input::Kept(digest))
    }
}

impl<C> DynamicAsset<C> {
    fn from_bytes(name: String, code: Vec<u8>) -> Self {
        Self::with_input(name, Input::Bytes(Arc::new(code)))
    }

    fn from_file(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::with_input(name, Input::File(path))
    }

    /// Creates the asset of this name from a file.
    #[cfg(feature = "follow")]
    pub(crate) fn named_file(name: &str, path: PathBuf) -> Self {
        Self::with_input(name.to_owned(), Input::File(path))
    }

    fn with_input(name: String, input: Input) -> Self {
        Self {
            name,
            input,
            key: String::new(),
            #[cfg(feature = "compile")]
            cache: None,
            #[cfg(feature = "compile")]
            worker: None,
            #[cfg(feature = "compile")]
            tier: Tier::Optimized,
            #[cfg(feature = "compile")]
            max_bytes: None,
            kind: PhantomData,
        }
    }

    /// Stores the compiled code in `cache`, and loads it from there the next time. Default: only the
    /// runtime caches it.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn cache(mut self, cache: &ModuleCache) -> Self {
        self.cache = Some(cache.clone());
        self
    }

    /// Compiles it in a process of `worker`, which bounds time and memory. Default: in this process, without bounds.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn worker(mut self, worker: &Worker) -> Self {
        self.worker = Some(worker.clone());
        self
    }

    /// Chooses how much the compiler does for the speed of its code. Default: [`Tier::Optimized`].
    /// [`Runtime::load_dynamic_tiered`](crate::Runtime::load_dynamic_tiered) uses both.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// Limits the length of its source in bytes: a file is not read beyond that. Default: 1 GiB, and 64 MiB for text.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Adds `key` to what identifies its code in runtime and cache, so that assets with other keys, such
    /// as those of two tenants, do not share it. Default: empty.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Returns the same asset with the content of its file.
    #[cfg(feature = "compile")]
    pub(super) fn with_content(&self, bytes: Vec<u8>, path: PathBuf) -> Self
    where
        C: Clone,
    {
        Self { input: Input::Read(Arc::new(bytes), path), ..self.clone() }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn chosen_tier(&self) -> Tier {
        self.tier
    }

    #[cfg(feature = "compile")]
    pub(super) fn worker_program(&self) -> Option<&Worker> {
        self.worker.as_ref()
    }

    #[cfg(feature = "compile")]
    pub(crate) fn cache_folder(&self) -> Option<&ModuleCache> {
        self.cache.as_ref()
    }

    /// Returns the file that it is read from, if it is in one.
    #[cfg(feature = "follow")]
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.input {
            Input::File(path) | Input::Read(_, path) => Some(path),
            Input::Bytes(_) | Input::Kept(_) => None,
        }
    }

    /// Reads it from a file at another path.
    #[cfg(feature = "follow")]
    pub(crate) fn at(self, path: PathBuf) -> Self {
        Self { input: Input::File(path), ..self }
    }

    /// Returns the length of its WebAssembly or text in bytes, as far as it is known before it is read.
    #[cfg(feature = "compile")]
    pub(crate) fn bytes(&self) -> u64 {
        match &self.input {
            Input::Bytes(bytes) | Input::Read(bytes, _) => bytes.len() as u64,
            Input::File(path) => crate::fs::len(path).unwrap_or_default(),
            Input::Kept(_) => 0,
        }
    }

    /// Returns the digest of code that was compiled before, if it is that.
    #[cfg(feature = "compile")]
    pub(crate) fn kept_digest(&self) -> Option<Digest> {
        match self.input {
            Input::Kept(digest) => Some(digest),
            Input::Bytes(_) | Input::File(_) | Input::Read(..) => None,
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
