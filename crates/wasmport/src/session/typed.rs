//! `TypedSession`: the traits of generated session types.

use super::data::LinkerOf;
use super::data::SessionData;
use super::state::Session;
use crate::runtime::Loaded;
use crate::wrapper::Wrapper;
use std::ops::DerefMut;

/// A generated session type: a [`Session`] with a method for each export.
pub trait TypedSession: DerefMut<Target = Session<Self::Data, Self::Wrapper>> + Sized {
    /// The program's own data, which host functions reach.
    type Data: 'static;

    /// The typed view of the instance.
    type Wrapper: Wrapper;

    /// Returns the session with its methods.
    fn from_session(session: Session<Self::Data, Self::Wrapper>) -> Self;

    /// Returns the plain session.
    fn into_session(self) -> Session<Self::Data, Self::Wrapper>;
}

/// A session type whose data implements all imports of the asset, so that it can be linked before there
/// is a session.
#[diagnostic::on_unimplemented(
    message = "the imports of `{Self}`'s asset cannot be linked once for many sessions",
    note = "the session's data must implement the `Host` traits of its wrapper",
    note = "imported memories, tables, globals and tags belong to one store: start each session with its `new`",
    note = "`SessionPre::with_linker` takes other ways to define functions"
)]
pub trait LinkedSession: TypedSession {
    /// Defines all imports of the asset in `linker`.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    fn link(
        linker: &mut LinkerOf<CodeOf<Self>, Self::Data>,
        loaded: &Loaded<CodeOf<Self>>,
    ) -> wasmtime::Result<()>;

    /// Defines all imports of code whose version is known.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    #[doc(hidden)]
    fn link_code(
        linker: &mut LinkerOf<CodeOf<Self>, Self::Data>,
        loaded: &Loaded<CodeOf<Self>>,
        version: usize,
    ) -> wasmtime::Result<()> {
        let _ = version;
        Self::link(linker, loaded)
    }
}

/// A session type whose imports are the same for all code, so that they can be defined before any is loaded.
#[diagnostic::on_unimplemented(
    message = "the imports of `{Self}` cannot be defined once for all code",
    note = "imported memories, tables, globals and tags belong to one store, and functions whose types only a \
            module has to that module: link each with `SessionPre::of_with_linker` or start each session with \
            its `new`",
    note = "WASI is given to each session: define it with `SessionLinker::with_linker`, or \
            `with_linkers` if there are versions, and start with `start_with`"
)]
pub trait LinkedOnce: LinkedSession {
    /// Defines all imports of the interface in `linker`.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    fn link_once(linker: &mut LinkerOf<CodeOf<Self>, Self::Data>) -> wasmtime::Result<()>;

    /// Defines all imports of a version of the interface.
    ///
    /// # Errors
    ///
    /// Fails if a name is already defined.
    #[doc(hidden)]
    fn link_version(
        linker: &mut LinkerOf<CodeOf<Self>, Self::Data>,
        version: usize,
    ) -> wasmtime::Result<()> {
        let _ = version;
        Self::link_once(linker)
    }
}

/// Kind of a session's asset.
pub(super) type CodeOf<S> = <<S as TypedSession>::Wrapper as Wrapper>::Code;

/// Store of a session.
pub(super) type StoreOf<S> = wasmtime::Store<SessionData<<S as TypedSession>::Data>>;
