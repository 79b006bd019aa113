//! `Stubs`: what the imports of a plug-in do that is only looked at.

use super::data::{LinkerOf, SessionData};
use crate::code::Code;
use crate::runtime::Loaded;
use wasmtime::{Result, Store};

/// What the imports of code do that is run without its host, to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stubs {
    /// A call of an import is a trap. Memories, tables and globals are new, and zero.
    Trap,
    /// A call of an import returns zeros and null references. Memories, tables and globals are new, and zero.
    /// Components trap instead: not every type of theirs has a zero.
    Zero,
}

impl Stubs {
    /// Defines all imports of code that the linker does not have.
    ///
    /// # Errors
    ///
    /// Fails if an import has no such value: a reference that cannot be null.
    pub(super) fn define<C: Code, T: 'static>(
        self,
        linker: &mut LinkerOf<C, T>,
        store: &mut Store<SessionData<T>>,
        loaded: &Loaded<C>,
    ) -> Result<()> {
        loaded.code().define_stubs(linker, store, self == Self::Zero)
    }
}
