//! `DynamicAsset`: a module that becomes known when the program runs, and is compiled by it.

#[cfg(feature = "compile")]
mod cache;
#[cfg(feature = "compile")]
mod compile;

#[cfg(feature = "compile")]
pub use cache::ModuleCache;
#[cfg(feature = "compile")]
pub(crate) use compile::Compiled;
use std::path::PathBuf;

/// A core module or component that no import has seen: WebAssembly or its text, as bytes or in a file.
///
/// [`Runtime::load_dynamic`](crate::Runtime::load_dynamic) and `load_dynamic_component` compile it for the runtime's back end, so
/// that it can be linked with imported assets. That takes the cargo feature `compile`.
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
/// Compiling a module that someone else made may take long and much memory: Wasmtime does not hold
/// that for a fault. Bound it from outside where that matters, or import it.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only the compiler reads it"))]
pub struct DynamicAsset {
    name: String,
    code: Code,
    key: String,
    #[cfg(feature = "compile")]
    cache: Option<ModuleCache>,
}

#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "compile"), expect(dead_code, reason = "only the compiler reads it"))]
enum Code {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl DynamicAsset {
    /// A module in memory; its bytes decide whether it is WebAssembly or text. The name is for
    /// messages.
    pub fn new(name: impl Into<String>, code: impl Into<Vec<u8>>) -> Self {
        Self::of(name.into(), Code::Bytes(code.into()))
    }

    /// A module in a file, which is read when it is loaded. Its name is the file's, without
    /// extension.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::of(name, Code::File(path))
    }

    fn of(name: String, code: Code) -> Self {
        Self {
            name,
            code,
            key: String::new(),
            #[cfg(feature = "compile")]
            cache: None,
        }
    }

    /// Keeps what is compiled in `cache`, and takes it from there. Default: it is kept in the
    /// runtime alone.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn cache(mut self, cache: &ModuleCache) -> Self {
        self.cache = Some(cache.clone());
        self
    }

    /// By what it is known to runtime and cache besides its bytes, so that those with other keys do
    /// not share it, such as two tenants. Default: nothing.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
