//! `SessionLinker`: the imports of an interface, defined once for all code that has it.

use super::data::{LinkerOf, SessionData};
use super::pre::SessionPre;
use super::record::Recorded;
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
    recorded: Recorded,
}

/// Defines the imports in linkers for an engine.
type Define<S> = fn(&Engine) -> wasmtime::Result<Linkers<S>>;

type Linkers<S> = Arc<[LinkerOf<CodeOf<S>, <S as TypedSession>::Data>]>;

impl<S: TypedSession> Clone for SessionLinker<S> {
    fn clone(&self) -> Self {
        let (linkers, engine) = (Arc::clone(&self.linkers), self.engine.clone());
        let (define, accepted, recorded) = (self.define, self.accepted, self.recorded.clone());
        Self { linkers, engine, define, accepted, recorded }
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
        let define = || Self::define(runtime.engine());
        let (linkers, recorded) = Recorded::define::<S::Data, _>(runtime, define);
        Ok(Self { define: Some(Self::define), ..Self::of(runtime, linkers?, recorded) })
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

    fn of(runtime: &Runtime, linkers: Linkers<S>, recorded: Recorded) -> Self {
        let engine = runtime.engine().clone();
        Self { linkers, engine, define: None, accepted: ALL_VERSIONS, recorded }
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
        let (defined, recorded) = Recorded::define::<S::Data, _>(runtime, || define(&mut linker));
        defined?;
        Ok(Self::of(runtime, Arc::new([linker]), recorded))
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
        let define = || versions.map(linker).collect::<wasmtime::Result<Linkers<S>>>();
        let (linkers, recorded) = Recorded::define::<S::Data, _>(runtime, define);
        Ok(Self::of(runtime, linkers?, recorded))
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
            let (linker, recorded) = (self.linker_of(version), self.recorded.clone());
            return SessionPre::linked(loaded.clone(), version, linker, recorded);
        }
        let Some(define) = self.define else {
            return Err(wasmtime::format_err!(
                "asset `{}` has code of another engine than the linker; use `SessionLinker::new`, or a linker of its runtime",
                loaded.asset().name()
            )
            .into());
        };
        let (linkers, recorded) =
            Recorded::define::<S::Data, _>(loaded.runtime(), || define(engine));
        let linkers = linkers?;
        let linker = &linkers[version.min(linkers.len() - 1)];
        SessionPre::linked(loaded.clone(), version, linker, recorded)
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
