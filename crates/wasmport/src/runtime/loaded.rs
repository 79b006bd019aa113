//! `Loaded`: an asset that is loaded.

use super::handle::Runtime;
use super::version::InterfaceVersion;
#[cfg(feature = "compile")]
use crate::asset::Artifact;
use crate::asset::{AnyAsset, Asset};
use crate::code::Code;
#[cfg(feature = "compile")]
use crate::code::Contents;
#[cfg(feature = "compile")]
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::interface::{Difference, Interface};
use std::fmt;
use std::sync::Arc;
use wasmtime::Module;
#[cfg(feature = "component-model")]
use wasmtime::component::Component;

/// A verified, deserialized asset of kind `C`: a [`LoadedModule`] or a [`LoadedComponent`]. Clones share
/// it.
pub struct Loaded<C> {
    shared: Arc<LoadedShared<C>>,
    /// The version of an interface that the program says it is of.
    version: Option<&'static str>,
}

/// A loaded core module.
pub type LoadedModule = Loaded<Module>;

/// A loaded component.
#[cfg(feature = "component-model")]
pub type LoadedComponent = Loaded<Component>;

struct LoadedShared<C> {
    runtime: Runtime,
    asset: Arc<AnyAsset>,
    target: String,
    code: Arc<C>,
    /// The short custom sections, if the program compiled the code.
    sections: Option<Vec<(String, Vec<u8>)>>,
}

impl<C> Clone for Loaded<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), version: self.version }
    }
}

impl<C> fmt::Debug for Loaded<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("asset", &self.shared.asset)
            .field("target", &self.shared.target)
            .finish_non_exhaustive()
    }
}

impl<C> Loaded<C> {
    pub(super) fn new(runtime: &Runtime, asset: AnyAsset, target: &str, code: Arc<C>) -> Self {
        let (runtime, asset) = (runtime.clone(), Arc::new(asset));
        let shared =
            LoadedShared { runtime, asset, target: target.to_owned(), code, sections: None };
        Self { shared: Arc::new(shared), version: None }
    }

    /// Returns code that the program compiled, with its short custom sections.
    #[cfg(feature = "compile")]
    pub(super) fn compiled(
        runtime: &Runtime,
        asset: AnyAsset,
        target: &str,
        code: Arc<C>,
        contents: &Contents,
    ) -> Self {
        let (runtime, asset) = (runtime.clone(), Arc::new(asset));
        let sections = Some(contents.sections.clone());
        let shared = LoadedShared { runtime, asset, target: target.to_owned(), code, sections };
        Self { shared: Arc::new(shared), version: None }
    }

    /// Returns the short custom sections, if the program compiled the code.
    pub(super) fn sections(&self) -> Option<&[(String, Vec<u8>)]> {
        self.shared.sections.as_deref()
    }

    /// Returns the same code as code of this version of an interface, for versions that the program itself
    /// detects. The code must have the imports and exports of the version.
    #[must_use]
    pub fn with_version(mut self, version: impl InterfaceVersion<Code = C>) -> Self
    where
        C: Code,
    {
        self.version = Some(version.name());
        self
    }

    /// Returns the name of the version that the program has given it.
    pub(super) fn version(&self) -> Option<&'static str> {
        self.version
    }

    /// Returns the asset.
    #[must_use]
    pub fn asset(&self) -> &AnyAsset {
        &self.shared.asset
    }

    pub(crate) fn shared_asset(&self) -> &Arc<AnyAsset> {
        &self.shared.asset
    }

    /// Returns the runtime that loaded it.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// Returns the same code, whose sessions have the limits, groups and budgets of another runtime: one of
    /// [`Runtime::with_limits`], [`Runtime::with_group`] or [`Runtime::with_memory_budget`]. The engine stays that of the
    /// code, which is another if Winch compiled it.
    #[must_use]
    pub fn with_runtime(&self, runtime: &Runtime) -> Self {
        let LoadedShared { runtime: own, asset, target, code, sections } = &*self.shared;
        let shared = LoadedShared {
            runtime: own.bounded_like(runtime),
            asset: Arc::clone(asset),
            target: target.clone(),
            code: Arc::clone(code),
            sections: sections.clone(),
        };
        Self { shared: Arc::new(shared), version: self.version }
    }

    /// Returns the target of the chosen artifact.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.shared.target
    }

    /// Returns Wasmtime's module or component.
    #[must_use]
    pub fn code(&self) -> &C {
        &self.shared.code
    }

    /// Returns what keeps the code in memory.
    pub(crate) fn shared_code(&self) -> &Arc<C> {
        &self.shared.code
    }

    /// Returns the digest by which [`DynamicAsset::kept`](crate::DynamicAsset::kept) finds the code in its cache, if
    /// this program compiled it.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn kept(&self) -> Option<Digest> {
        self.shared.sections.as_ref()?;
        self.asset().artifacts().first().map(Artifact::digest)
    }

    /// Checks that it is the asset of a wrapper.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::WrongAsset`] if it is another asset than `expected`.
    pub fn check_asset(&self, expected: &Asset<C>) -> Result<()> {
        let own = (self.shared.asset.name(), self.shared.asset.source_digest());
        if own == (expected.name(), expected.source_digest()) {
            return Ok(());
        }
        Err(Error::WrongAsset {
            expected: expected.name().into(),
            actual: self.shared.asset.name().into(),
        })
    }
}

impl<C: Code> Loaded<C> {
    /// Checks that the code has an interface: all exports that it has, and only imports that it has.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`], which has every difference.
    pub fn check_interface(&self, interface: &Interface<C>) -> Result<()> {
        self.refuse(interface, |_| true)
    }

    /// Checks the exports of an interface alone.
    pub(crate) fn check_exports(&self, interface: &Interface<C>) -> Result<()> {
        self.refuse(interface, |difference| !difference.is_of_import())
    }

    /// Refuses the code for those differences that count.
    fn refuse(
        &self,
        interface: &Interface<C>,
        counts: impl FnMut(&Difference) -> bool,
    ) -> Result<()> {
        let differences = self.code().differences(interface).into_iter();
        let differences: Vec<Difference> = differences.filter(counts).collect();
        if differences.is_empty() {
            return Ok(());
        }
        let (asset, interface) = (self.asset().name().into(), interface.name().into());
        Err(Error::Interface { asset, interface, differences })
    }
}

impl LoadedModule {
    /// Returns Wasmtime's module.
    #[must_use]
    pub fn module(&self) -> &Module {
        self.code()
    }
}

impl<C: Code> Interface<C> {
    /// Checks that loaded code has this interface: all of its exports, and only its imports.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`], which has every difference.
    pub fn check(&self, loaded: &Loaded<C>) -> Result<()> {
        loaded.check_interface(self)
    }
}

#[cfg(feature = "component-model")]
impl LoadedComponent {
    /// Returns Wasmtime's component.
    #[must_use]
    pub fn component(&self) -> &Component {
        self.code()
    }
}

impl<C: Code> Loaded<C> {
    /// Returns a linker of the runtime's engine.
    pub(crate) fn new_linker<T: 'static>(&self) -> C::Linker<T> {
        C::new_linker(self.shared.runtime.engine())
    }
}

/// A loaded asset of either kind.
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
    /// Returns the asset.
    #[must_use]
    pub fn asset(&self) -> &AnyAsset {
        match self {
            Self::Module(module) => module.asset(),
            #[cfg(feature = "component-model")]
            Self::Component(component) => component.asset(),
        }
    }

    /// Returns the target of the chosen artifact.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Module(module) => module.target(),
            #[cfg(feature = "component-model")]
            Self::Component(component) => component.target(),
        }
    }
}
