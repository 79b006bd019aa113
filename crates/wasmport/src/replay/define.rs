//! Host functions of linkers without a wrapper that record their calls.

use crate::access::Access;
use crate::record::Recorder;
use crate::session::SessionData;
use crate::support::{self, HostFunc};
use wasmtime::{Linker, Result};

/// The program's data and the calling instance: the first argument of a function of [`Recorder::func`].
pub type Caller<'a, T> = Access<'a, SessionData<T>, T>;

impl Recorder {
    /// Defines a host function that records its calls, for code without a wrapper.
    ///
    /// # Errors
    ///
    /// Fails if the name is already defined.
    pub fn func<T: 'static, P, R>(
        linker: &mut Linker<SessionData<T>>,
        module: &'static str,
        name: &'static str,
        func: impl HostFunc<SessionData<T>, T, P, R>,
    ) -> Result<()> {
        support::func(linker, module, name, SessionData::get_mut, func)
    }
}
