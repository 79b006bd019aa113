//! `SessionLinker`: the imports of an interface, defined once for all code that has it.

use super::data::{LinkerOf, SessionData};
use super::pre::SessionPre;
use super::typed::{CodeOf, LinkedOnce, TypedSession};
use crate::code::Operations as _;
use crate::error::Result;
use crate::runtime::{Loaded, Runtime};
use crate::wrapper::Wrapper as _;
use std::fmt;

/// The imports of an interface, defined once: each loaded module costs its own linking alone.
///
/// ```text
/// let linker = SessionLinker::<PluginSession<Editor>>::new(&runtime)?;
/// for plugin in plugins {
///     let pre = linker.link(&runtime.load_dynamic(&plugin)?)?;
///     let session = pre.start(Editor::new())?;
/// }
/// ```
pub struct SessionLinker<S: TypedSession> {
    linker: LinkerOf<CodeOf<S>, S::Data>,
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
        Self::with_linker(runtime, S::link_once)
    }

    /// Defines the imports that `define` adds to the linker.
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
        Ok(Self { linker })
    }

    /// Links loaded code that has the interface. The code comes from the same [`Runtime`].
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Interface`](crate::Error::Interface) if the code has another interface.
    pub fn link(&self, loaded: &Loaded<CodeOf<S>>) -> Result<SessionPre<S>> {
        loaded.check_interface(S::Wrapper::INTERFACE)?;
        SessionPre::linked(loaded.clone(), &self.linker)
    }

    /// Returns Wasmtime's linker.
    #[must_use]
    pub fn linker(&self) -> &LinkerOf<CodeOf<S>, S::Data> {
        &self.linker
    }
}

impl<S: TypedSession> fmt::Debug for SessionLinker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLinker").finish_non_exhaustive()
    }
}
