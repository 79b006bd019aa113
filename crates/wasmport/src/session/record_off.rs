//! Programs without the feature `replay` record no session.

use crate::code::{Code, Linking};
use crate::error::Error;
use crate::runtime::{Loaded, Runtime};
use crate::session::SessionData;
use crate::session::state::Session;
use wasmtime::{Result, Store};

/// The functions of a linker that record their calls: none.
#[derive(Clone, Default)]
pub(in crate::session) struct Recorded(());

impl Recorded {
    #[inline]
    #[expect(clippy::extra_unused_type_parameters, reason = "a recording finds its log by it")]
    pub fn define<T: 'static, R>(_: &Runtime, define: impl FnOnce() -> R) -> (R, Self) {
        (define(), Self(()))
    }
}

#[inline]
pub(in crate::session) fn record_start<C: Code, T: 'static>(
    _: &Loaded<C>,
    _: impl FnOnce() -> Linking,
    _: &Recorded,
    store: &mut Store<SessionData<T>>,
    start: impl FnOnce(&mut Store<SessionData<T>>) -> Result<C::Instance>,
) -> Result<C::Instance> {
    start(store)
}

#[cfg(feature = "async")]
#[expect(clippy::unnecessary_wraps, reason = "async sessions cannot be recorded")]
pub(in crate::session) fn refuse_async<C: Code>(_: &Loaded<C>) -> Result<()> {
    Ok(())
}

#[cfg(feature = "async")]
#[inline]
pub(in crate::session) fn end_for_async<T: 'static>(_: &mut Store<SessionData<T>>) {}

#[inline]
pub(in crate::session) fn end_for_budget<T: 'static>(_: &mut Store<SessionData<T>>) {}

impl<T: 'static, W> Session<T, W> {
    #[expect(clippy::unused_self, reason = "a recording is the session's")]
    pub(in crate::session) fn with_recording(&mut self, error: Error) -> Error {
        error
    }
}

pub(in crate::session) fn start_with_recording<T: 'static>(
    _: &Store<SessionData<T>>,
    error: Error,
) -> Error {
    error
}
