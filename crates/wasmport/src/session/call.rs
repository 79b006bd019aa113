//! Calls through a session.

use super::data::SessionData;
#[cfg(feature = "async")]
use super::record::end_for_async;
use super::state::{Session, Status, call_failed};
use crate::error::{Callee, Error, Result};
use crate::trace;
use wasmtime::Store;

impl<T: 'static, W> Session<T, W> {
    /// Runs a call. If it fails before the guest returns with a result or an exception, the session is
    /// poisoned.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Call`] if the call fails, with [`Error::Poisoned`] after an earlier failure, and
    /// with [`Error::OutOfFuel`], [`Error::TimedOut`] or [`Error::Interrupted`] if the guest exceeded a limit,
    /// also if it noticed too late and returned. A call that does not begin because its
    /// [`Group`](crate::Group) has ended does not poison the session.
    #[inline]
    pub fn call<R>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        self.call_export(None, call)
    }

    /// Runs a call of the export `function`, which errors name.
    #[inline]
    pub(crate) fn call_export<R>(
        &mut self,
        function: Option<&str>,
        call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        if self.status != Status::Ready {
            return Err(self.rejected());
        }
        let running = match &self.deadlines {
            Some(deadlines) => match deadlines.begin() {
                Ok(running) => Some(running),
                Err(ended) => return Err(ended.into_error(self.callee(function))),
            },
            None => None,
        };
        let _span = trace::call(&self.asset, &call).entered();
        // A panicking host function leaves an unfinished call behind too.
        self.status = Status::Poisoned;
        let result = call(&self.wrapper, &mut self.store).map(|result| match &running {
            Some(running) => running.end(result),
            None => Ok(result),
        });
        drop(running);
        match result {
            Ok(result) => {
                self.status = Status::Ready;
                result.map_err(|ended| ended.into_error(self.callee(function)))
            }
            Err(error) => Err(self.failed(function, error)),
        }
    }

    #[cold]
    fn failed(&mut self, function: Option<&str>, error: wasmtime::Error) -> Error {
        let asset = std::sync::Arc::clone(&self.asset);
        let callee = Callee { asset: asset.name(), function, most_frames: self.most_frames };
        let (error, status) = call_failed(callee, &mut self.store, error);
        if status == Status::Poisoned {
            self.cause = Some(error.to_string());
        }
        self.status = status;
        self.with_recording(error)
    }
}

#[cfg(feature = "async")]
impl<T: Send + 'static, W: Sync> Session<T, W> {
    /// Async version of [`Self::call`]. A call that is dropped before it ends poisons the session.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::call`].
    pub async fn call_async<R>(
        &mut self,
        call: impl AsyncFnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        self.call_export_async(None, call).await
    }

    /// Async version of [`Self::call_export`].
    pub(crate) async fn call_export_async<R>(
        &mut self,
        function: Option<&str>,
        call: impl AsyncFnOnce(&W, &mut Store<SessionData<T>>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        if self.status != Status::Ready {
            return Err(self.rejected());
        }
        if let Some(Err(ended)) = self.deadlines.as_ref().map(|deadlines| deadlines.check()) {
            return Err(ended.into_error(self.callee(function)));
        }
        end_for_async(&mut self.store);
        let span = trace::call(&self.asset, &call);
        self.status = Status::Poisoned;
        let call = span.around(call(&self.wrapper, &mut self.store));
        let result = match &self.deadlines {
            Some(deadlines) => deadlines.limit_polls(call).await,
            None => call.await.map(Ok),
        };
        match result {
            Ok(result) => {
                self.status = Status::Ready;
                result.map_err(|ended| ended.into_error(self.callee(function)))
            }
            Err(error) => Err(self.failed(function, error)),
        }
    }
}
