//! From an artifact's bytes to code: verified, then deserialized, here and nowhere else.

use crate::asset::{Artifact, Asset, Data};
use crate::engine::{LoadWay, Mismatch};
use crate::fs::File;
use crate::{AssetSource, Digest, Error, Result, Runtime, trace};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Engine, Module};

/// A verified, deserialized asset: a [`LoadedModule`] or a [`LoadedComponent`]. Clones share it.
#[derive(Debug)]
pub struct Loaded<C>(Arc<Inner<C>>);

/// A core module that is loaded.
pub type LoadedModule = Loaded<Module>;

/// A component that is loaded.
#[cfg(feature = "component-model")]
pub type LoadedComponent = Loaded<wasmtime::component::Component>;

#[derive(Debug)]
struct Inner<C> {
    runtime: Runtime,
    asset: Arc<Asset>,
    target: &'static str,
    code: C,
}

impl<C> Clone for Loaded<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Loaded<C> {
    pub(crate) fn new(runtime: &Runtime, asset: Asset, target: &'static str, code: C) -> Self {
        let (runtime, asset) = (runtime.clone(), Arc::new(asset));
        Self(Arc::new(Inner { runtime, asset, target, code }))
    }

    /// What was loaded.
    #[must_use]
    pub fn asset(&self) -> &Asset {
        &self.0.asset
    }

    pub(crate) fn shared_asset(&self) -> &Arc<Asset> {
        &self.0.asset
    }

    /// What it was loaded in.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// The target of the artifact that was chosen.
    #[must_use]
    pub fn target(&self) -> &'static str {
        self.0.target
    }

    /// Refuses any other asset than `expected`: that a wrapper and what was loaded belong together.
    ///
    /// # Errors
    ///
    /// [`Error::WrongAsset`].
    pub fn check_asset(&self, expected: &Asset) -> Result<()> {
        let own = (self.0.asset.name(), self.0.asset.source_digest());
        if own == (expected.name(), expected.source_digest()) {
            return Ok(());
        }
        Err(Error::WrongAsset {
            expected: expected.name().into(),
            actual: self.0.asset.name().into(),
        })
    }
}

impl LoadedModule {
    /// Wasmtime's module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.0.code
    }
}

#[cfg(feature = "component-model")]
impl LoadedComponent {
    /// Wasmtime's component.
    #[must_use]
    pub fn component(&self) -> &wasmtime::component::Component {
        &self.0.code
    }
}

/// An asset of either kind that is loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoadedAsset {
    /// A core module.
    Module(LoadedModule),
    /// A component.
    #[cfg(feature = "component-model")]
    Component(LoadedComponent),
}

impl LoadedAsset {
    /// What was loaded.
    #[must_use]
    pub fn asset(&self) -> &Asset {
        match self {
            Self::Module(module) => module.asset(),
            #[cfg(feature = "component-model")]
            Self::Component(component) => component.asset(),
        }
    }

    /// The target of the artifact that was chosen.
    #[must_use]
    pub fn target(&self) -> &'static str {
        match self {
            Self::Module(module) => module.target(),
            #[cfg(feature = "component-model")]
            Self::Component(component) => component.target(),
        }
    }
}

/// What an artifact becomes: a module or a component.
pub(crate) trait Code: Clone {
    const IS_COMPONENT: bool;

    /// # Safety
    ///
    /// The bytes are the unmodified output of Wasmtime's precompilation.
    #[expect(unsafe_code, reason = "Wasmtime's contract")]
    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self>;

    /// From a file that is at `path`, or at none.
    ///
    /// # Safety
    ///
    /// The file holds the unmodified output of Wasmtime's precompilation, and stays as it is.
    #[expect(unsafe_code, reason = "Wasmtime's contract")]
    unsafe fn deserialize_file(
        engine: &Engine,
        file: File,
        path: Option<&Path>,
    ) -> wasmtime::Result<Self>;

    /// Whether that is possible here.
    #[cfg(target_os = "linux")]
    fn can_map(file: &File) -> bool;

    /// Nothing where it is no module.
    fn as_module(&self) -> Option<&Module>;

    /// Compiles WebAssembly.
    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self>;
}

#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "with what calls them the one place that runs precompiled code"
)]
impl Code for Module {
    const IS_COMPONENT: bool = false;

    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize(engine, bytes) }
    }

    unsafe fn deserialize_file(
        engine: &Engine,
        file: File,
        _: Option<&Path>,
    ) -> wasmtime::Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize_open_file(engine, file) }
    }

    #[cfg(target_os = "linux")]
    fn can_map(_: &File) -> bool {
        true
    }

    fn as_module(&self) -> Option<&Module> {
        Some(self)
    }

    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self> {
        Self::from_binary(engine, wasm)
    }
}

#[cfg(feature = "component-model")]
#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "with what calls them the one place that runs precompiled code"
)]
impl Code for wasmtime::component::Component {
    const IS_COMPONENT: bool = true;

    unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Self> {
        // SAFETY: the caller's contract is Wasmtime's.
        unsafe { Self::deserialize(engine, bytes) }
    }

    /// Wasmtime 48 takes the path of a component and no open file, so that the file is opened again.
    unsafe fn deserialize_file(
        engine: &Engine,
        file: File,
        path: Option<&Path>,
    ) -> wasmtime::Result<Self> {
        let path = path.map_or_else(|| crate::fs::path_of(&file), |path| Ok(path.into()))?;
        // SAFETY: the path leads to the open file, for which the caller's contract is Wasmtime's.
        unsafe { Self::deserialize_file(engine, path) }
    }

    /// Where `/proc` is mounted.
    #[cfg(target_os = "linux")]
    fn can_map(file: &File) -> bool {
        crate::fs::path_of(file).is_ok_and(|path| crate::fs::open(&path).is_ok())
    }

    fn as_module(&self) -> Option<&Module> {
        None
    }

    #[cfg(feature = "compile")]
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Self> {
        Self::from_binary(engine, wasm)
    }
}

/// Reads `artifact`, checks that it is the one its wrapper was made with, and makes it code.
pub(crate) fn load<C: Code>(
    engine: &Engine,
    source: &dyn AssetSource,
    asset: &Asset,
    artifact: &Artifact,
    way: LoadWay,
) -> Result<C> {
    let bytes = read(source, asset, artifact)?;
    verify(asset, artifact, &bytes)?;
    let bytes = match artifact.uncompressed_bytes() {
        Some(len) => Cow::Owned(decompress(asset, &bytes, len)?),
        None => bytes,
    };
    let code = if artifact.target() == "source" {
        compile(engine, &bytes)
    } else {
        deserialize(engine, &bytes, way)
    };
    code.map_err(|source| Error::Deserialize { asset: asset.name().into(), source })
}

/// Makes bytes code that this very program compiled, or compiled earlier and authenticated.
#[cfg(feature = "compile")]
pub(crate) fn load_own<C: Code>(
    engine: &Engine,
    compiled: &crate::dynamic::Compiled,
    way: LoadWay,
) -> wasmtime::Result<C> {
    deserialize(engine, compiled.bytes(), way)
}

/// The bytes are the unmodified output of Wasmtime's precompilation: [`load`] and [`load_own`] alone
/// call it, and vouch for that.
fn deserialize<C: Code>(engine: &Engine, bytes: &[u8], way: LoadWay) -> wasmtime::Result<C> {
    #[cfg(target_os = "linux")]
    if way == LoadWay::Sealed
        && let Ok(file) = crate::fs::sealed(bytes)
        && C::can_map(&file)
    {
        // SAFETY: as below; and nobody can change the file, which is sealed, while it is mapped. Before
        // it was sealed only processes could that may write to this one's memory as well.
        #[expect(
            unsafe_code,
            reason = "with what follows the one place that runs precompiled code"
        )]
        return unsafe { C::deserialize_file(engine, file, None) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = way;
    // SAFETY: Wasmtime's contract for `deserialize` is that the bytes are the unmodified output
    // of its own precompilation. `load` has them from an `Artifact`, which comes from generated code
    // alone (`support::embedded`, `support::file`) and holds the digest of what the importer got
    // from Wasmtime, or of what it compressed that to; `verify` has found that digest over the
    // very bytes that these are, or were decompressed from. `load_own` has them from a `Compiled`,
    // which is made of what this program's own Wasmtime gave, or of what it authenticated as that.
    // They are borrowed for this call, so nobody can change them in between.
    #[expect(unsafe_code, reason = "the one place that runs precompiled code")]
    unsafe {
        C::deserialize(engine, bytes)
    }
}

impl Runtime {
    /// Maps the artifact of an asset that lies at `path`, without reading it: for files that were
    /// verified before and are on a medium that nobody can write to, such as a partition under
    /// [dm-verity](https://docs.kernel.org/admin-guide/device-mapper/verity.html). It has to be the
    /// artifact that [`choice`](Self::choice) names, and not compressed.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`Error::NotMappable`] for an artifact that is compressed, or a
    /// file of another length.
    ///
    /// # Safety
    ///
    /// The file must be that artifact, unchanged, and stay it for as long as the module or anything
    /// made of it lives: whatever else is in it is run as machine code. Only its length is checked.
    #[expect(unsafe_code, reason = "the caller vouches for the file")]
    pub unsafe fn load_mapped(
        &self,
        asset: &Asset,
        path: impl AsRef<Path>,
    ) -> Result<LoadedModule> {
        self.load_by(self.modules(), asset, |chosen, artifact| {
            // SAFETY: this function's own contract.
            unsafe { map(&chosen.engine, asset, artifact, path.as_ref()) }
        })
    }

    /// As [`Self::load_mapped`], of an asset that is a component.
    ///
    /// # Errors
    ///
    /// The same.
    ///
    /// # Safety
    ///
    /// The same; and until it is loaded, the path must lead to that file.
    #[cfg(feature = "component-model")]
    #[expect(unsafe_code, reason = "the caller vouches for the file")]
    pub unsafe fn load_mapped_component(
        &self,
        asset: &Asset,
        path: impl AsRef<Path>,
    ) -> Result<LoadedComponent> {
        self.load_by(self.components(), asset, |chosen, artifact| {
            // SAFETY: this function's own contract.
            unsafe { map(&chosen.engine, asset, artifact, path.as_ref()) }
        })
    }
}

/// Maps the artifact in a file, of which nothing but the length is checked.
///
/// # Safety
///
/// As [`Runtime::load_mapped`].
#[expect(unsafe_code, reason = "the caller vouches for the file")]
unsafe fn map<C: Code>(
    engine: &Engine,
    asset: &Asset,
    artifact: &Artifact,
    path: &Path,
) -> Result<C> {
    let _span = trace::load(asset, artifact).entered();
    let name = || asset.name().to_owned();
    let cannot_read = |error: std::io::Error| {
        let (asset, path) = (name(), path.display().to_string());
        match error.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { asset, path, source: error },
            _ => Error::Read { asset, path, source: error },
        }
    };
    if artifact.uncompressed_bytes().is_some() || artifact.target() == "source" {
        let message = "only an artifact that is stored as machine code can be mapped".into();
        return Err(Error::NotMappable { asset: name(), message });
    }
    let file = crate::fs::open(path).map_err(cannot_read)?;
    let bytes = file.metadata().map_err(cannot_read)?.len();
    if bytes != artifact.bytes() {
        let message = format!("its file has {bytes} bytes instead of {}", artifact.bytes());
        return Err(Error::NotMappable { asset: name(), message });
    }
    // SAFETY: the caller vouches that the file is the artifact and stays it.
    let code = unsafe { C::deserialize_file(engine, file, Some(path)) };
    code.map_err(|source| Error::Deserialize { asset: name(), source })
}

/// An engine that was built to compile is the only one that is given wasm.
#[cfg(feature = "compile")]
fn compile<C: Code>(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<C> {
    C::compile(engine, wasm)
}

#[cfg(not(feature = "compile"))]
fn compile<C: Code>(_: &Engine, _: &[u8]) -> wasmtime::Result<C> {
    wasmtime::bail!("this program carries no compiler")
}

/// Never more than the wrapper says, whatever the bytes claim.
#[cfg(feature = "zstd")]
fn decompress(asset: &Asset, bytes: &[u8], len: u64) -> Result<Vec<u8>> {
    let error = |message: String| Error::Decompress { asset: asset.name().into(), message };
    let capacity = usize::try_from(len).map_err(|e| error(e.to_string()))?;
    let bytes = zstd::bulk::decompress(bytes, capacity).map_err(|e| error(e.to_string()))?;
    if bytes.len() == capacity {
        return Ok(bytes);
    }
    Err(error(format!("it gives {} bytes instead of {len}", bytes.len())))
}

/// Wrappers of compressed artifacts do not compile without the feature.
#[cfg(not(feature = "zstd"))]
fn decompress(asset: &Asset, _: &[u8], _: u64) -> Result<Vec<u8>> {
    let message = "this program lacks the `zstd` feature of the `wasmport` crate".into();
    Err(Error::Decompress { asset: asset.name().into(), message })
}

fn read(
    source: &dyn AssetSource,
    asset: &Asset,
    artifact: &Artifact,
) -> Result<Cow<'static, [u8]>> {
    match artifact.data() {
        Data::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
        Data::File(path) => source.read(asset, artifact, path).map(Cow::Owned).map_err(|error| {
            let (asset, path) = (asset.name().into(), source.describe(path));
            match error.kind() {
                std::io::ErrorKind::NotFound => Error::Missing { asset, path, source: error },
                _ => Error::Read { asset, path, source: error },
            }
        }),
        Data::Elsewhere => Err(Error::Incompatible {
            asset: asset.name().into(),
            mismatches: vec![Mismatch::NotCarried { target: artifact.target() }],
        }),
    }
}

fn verify(asset: &Asset, artifact: &Artifact, bytes: &[u8]) -> Result<()> {
    let _span = trace::verify(asset).entered();
    let actual = Digest::of(bytes);
    if actual == artifact.digest() && bytes.len() as u64 == artifact.bytes() {
        return Ok(());
    }
    Err(Error::Digest {
        asset: asset.name().into(),
        expected: artifact.digest(),
        actual,
        expected_bytes: artifact.bytes(),
        actual_bytes: bytes.len() as u64,
    })
}
