//! The descriptors of a guest, as `poll_oneoff` sees them: Wasmtime's, and virtual files in front of them.

use crate::wasi::ctx::Preview1;
use crate::wasi::interest::{Interest, Readiness};
use std::task::{Context, Poll, Waker};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::types::Errno;

/// A descriptor that a guest waits for.
pub(super) enum Found {
    /// A virtual file, with the guest's number.
    #[cfg_attr(not(feature = "vfs"), expect(dead_code, reason = "there are no virtual files"))]
    Virtual(Interest, u32),
    /// Wasmtime's number.
    Real(Interest, u32),
}

pub(super) struct Descriptors<'a> {
    real: &'a mut WasiP1Ctx,
    files: Files<'a>,
}

impl<'a> Descriptors<'a> {
    #[cfg(feature = "vfs")]
    pub fn of(context: &'a mut Preview1) -> Self {
        let (real, files) = context.split();
        Self { real, files: Files(files) }
    }

    #[cfg(not(feature = "vfs"))]
    pub fn of(context: &'a mut Preview1) -> Self {
        Self { real: context, files: Files(std::marker::PhantomData) }
    }

    /// Finds the descriptor of the guest's number.
    ///
    /// # Errors
    ///
    /// Fails if it is not open for this.
    pub fn find(&self, interest: Interest, number: u32) -> Result<Found, Errno> {
        self.files.find(interest, number)
    }

    pub fn real(&mut self) -> &mut WasiP1Ctx {
        self.real
    }

    /// Returns the event of a virtual file that is ready.
    pub fn readiness(&mut self, interest: Interest, number: u32) -> Option<Readiness> {
        let mut context = Context::from_waker(Waker::noop());
        match self.files.poll(interest, number, &mut context) {
            Poll::Ready(ready) => Some(ready),
            Poll::Pending => None,
        }
    }

    pub fn split(&mut self) -> (&mut WasiP1Ctx, &mut Files<'a>) {
        (self.real, &mut self.files)
    }
}

/// The virtual files; none without any.
#[cfg(feature = "vfs")]
pub(super) struct Files<'a>(Option<&'a mut crate::wasi::files::Fds>);

#[cfg(feature = "vfs")]
impl Files<'_> {
    fn find(&self, interest: Interest, number: u32) -> Result<Found, Errno> {
        let Some(files) = &self.0 else { return Ok(Found::Real(interest, number)) };
        Ok(match files.find_for_poll(interest, number)? {
            Some(real) => Found::Real(interest, real),
            None => Found::Virtual(interest, number),
        })
    }

    /// Returns whether a virtual file is ready; otherwise wakes `context` when it is.
    pub fn poll(
        &mut self,
        to: Interest,
        number: u32,
        context: &mut Context<'_>,
    ) -> Poll<Readiness> {
        match &mut self.0 {
            Some(files) => files.poll_ready(to, number, context),
            None => Poll::Pending,
        }
    }
}

#[cfg(not(feature = "vfs"))]
pub(super) struct Files<'a>(std::marker::PhantomData<&'a mut ()>);

#[cfg(not(feature = "vfs"))]
impl Files<'_> {
    fn find(&self, interest: Interest, number: u32) -> Result<Found, Errno> {
        Ok(Found::Real(interest, number))
    }

    pub fn poll(&mut self, _: Interest, _: u32, _: &mut Context<'_>) -> Poll<Readiness> {
        Poll::Pending
    }
}
