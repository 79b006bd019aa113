//! `SessionLinker`: the imports of an interface, defined once for all code that has it.

use super::data::{LinkerOf, SessionData};
use super::pre::SessionPre;
use super::typed::{CodeOf, LinkedOnce, TypedSession};
use crate::code::Operations as _;
use crate::error::Result;
use crate::runtime::{ALL_VERSIONS, InterfaceVersion, Loaded, Runtime, VersionSet, version_set};
use crate::wrapper::{VersionedWrapper, Wrapper as _};
use std::fmt;
use std::sync::Arc;
use wasmtime::Engine;

/// The imports of an interface, defined once: each loaded module costs its own linking alone. Clones share them.
///
/// ```text
/// let linker = SessionLinker::<PluginSession<Editor>>::new(&runtime)?;
/// for plugin in plugins {
///     let pre = linker.link(&runtime.load_dynamic(&plugin)?)?;
///     let session = pre.start(Editor::new())?;
/// }
/// ```
pub struct SessionLinker<S: TypedSession> {
    /// The linkers of the interface's versions, oldest first; one if the program defined the imports itself.
    linkers: Linkers<S>,
    engine: Engine,
    /// Defines the imports again, for the code of [`Tier::Winch`](crate::Tier::Winch), which has an engine of its own; not
    /// if the program defined them itself.
    define: Option<Define<S>>,
    accepted: VersionSet,
}

/// Defines the imports in linkers for an engine.
type Define<S> = fn(&Engine) -> wasmtime::Result<Linkers<S>>;

type Linkers<S> = Arc<[LinkerOf<CodeOf<S>, <S as TypedSession>::Data>]>;

impl<S: TypedSession> Clone for SessionLinker<S> {
    fn clone(&self) -> Self {
        let (linkers, engine) = (Arc::clone(&self.linkers), self.engine.clone());
        Self { linkers, engine, define: self.define, accepted: self.accepted }
    }
}

impl<S: TypedSession> SessionLinker<S> {
    /// Defines the imports that the session's data implements.
    ///
    /// # Errors
    ///
    /// Fails if a name is defined twice.
    pub fn new(runtime: &Runtime) -> Result<Self>
    where
        S: LinkedOnce,
    {
        let linkers = Self::define(runtime.engine())?;
        Ok(Self { define: Some(Self::define), ..Self::of(runtime, linkers) })
    }

    fn define(engine: &Engine) -> wasmtime::Result<Linkers<S>>
    where
        S: LinkedOnce,
    {
        let linker = |version| {
            let mut linker = CodeOf::<S>::new_linker::<SessionData<S::Data>>(engine);
            S::link_version(&mut linker, version).map(|()| linker)
        };
        (0..S::Wrapper::VERSIONS).map(linker).collect()
    }

    fn of(runtime: &Runtime, linkers: Linkers<S>) -> Self {
        let engine = runtime.engine().clone();
        Self { linkers, engine, define: None, accepted: ALL_VERSIONS }
    }

    /// Defines the imports that `define` adds to the linker, which serves all versions.
    ///
    /// # Errors
    ///
    /// Fails with the error of `define`.
    pub fn with_linker(
        runtime: &Runtime,
        define: impl FnOnce(&mut LinkerOf<CodeOf<S>, S::Data>) -> wasmtime::Result<()>,
    ) -> Result<Self> {
        let mut linker = CodeOf::<S>::new_linker::<SessionData<S::Data>>(runtime.engine());
        define(&mut linker)?;
        Ok(Self::of(runtime, Arc::new([linker])))
    }

    /// Defines the imports of each version that `define` adds to its linker.
    ///
    /// ```text
    /// let linker = SessionLinker::<PluginSession<Editor>>::with_linkers(&runtime, |linker, version| {
    ///     wasi.add_to_component_linker(linker)?;
    ///     PluginSession::add_to_linker(linker, version)
    /// })?;
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the error of `define`.
    pub fn with_linkers(
        runtime: &Runtime,
        mut define: impl FnMut(
            &mut LinkerOf<CodeOf<S>, S::Data>,
            <S::Wrapper as VersionedWrapper>::Version,
        ) -> wasmtime::Result<()>,
    ) -> Result<Self>
    where
        S::Wrapper: VersionedWrapper,
    {
        let linker = |version: &<S::Wrapper as VersionedWrapper>::Version| {
            let mut linker = CodeOf::<S>::new_linker::<SessionData<S::Data>>(runtime.engine());
            define(&mut linker, *version).map(|()| linker)
        };
        let versions = <<S::Wrapper as VersionedWrapper>::Version as InterfaceVersion>::ALL.iter();
        let linkers: wasmtime::Result<Linkers<S>> = versions.map(linker).collect();
        Ok(Self::of(runtime, linkers?))
    }

    /// Accepts code of these versions alone, of those that it accepted before.
    #[must_use]
    pub fn accept(mut self, versions: &[<S::Wrapper as VersionedWrapper>::Version]) -> Self
    where
        S::Wrapper: VersionedWrapper,
    {
        self.accepted &= version_set(versions);
        self
    }

    /// Links loaded code that has the interface. The code comes from the same [`Runtime`]. For code of another engine, such
    /// as that of [`Tier::Winch`](crate::Tier::Winch), a linker of [`new`](Self::new) defines the imports again.
    ///
    /// # Errors
    ///
    /// Fails if the code is of another engine and the program defined the imports itself, with
    /// [`Error::Interface`](crate::Error::Interface) if the code has another interface, and with
    /// [`Error::Version`](crate::Error::Version) if it is of a version that is not accepted.
    pub fn link(&self, loaded: &Loaded<CodeOf<S>>) -> Result<SessionPre<S>> {
        let version = S::Wrapper::check_version(loaded, self.accepted)?;
        let engine = loaded.runtime().engine();
        if Engine::same(engine, &self.engine) {
            return SessionPre::linked(loaded.clone(), version, self.linker_of(version));
        }
        let Some(define) = self.define else {
            return Err(wasmtime::format_err!(
                "asset `{}` has code of another engine than the linker; use `SessionLinker::new`, or a linker of its runtime",
                loaded.asset().name()
            )
            .into());
        };
        let linkers = define(engine)?;
        SessionPre::linked(loaded.clone(), version, &linkers[version.min(linkers.len() - 1)])
    }

    /// Returns Wasmtime's linker; that of the newest version if there are several.
    #[must_use]
    pub fn linker(&self) -> &LinkerOf<CodeOf<S>, S::Data> {
        self.linker_of(self.linkers.len() - 1)
    }

    /// Returns the linker of a version, of which there is at least one.
    fn linker_of(&self, version: usize) -> &LinkerOf<CodeOf<S>, S::Data> {
        &self.linkers[version.min(self.linkers.len() - 1)]
    }
}

impl<S: TypedSession> fmt::Debug for SessionLinker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLinker").finish_non_exhaustive()
    }
}
