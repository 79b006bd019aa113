//! Calls through a session.

use super::data::SessionData;
use super::state::{Session, Status, call_failed, rejected};
use crate::trace;
use wasmtime::{Result, Store};

impl<T: 'static, W> Session<T, W> {
    /// Runs a call. If it fails before the guest returns with a result or an exception, the session is
    /// poisoned.
    ///
    /// # Errors
    ///
    /// Fails with the error of the call, with [`Error::Poisoned`](crate::Error::Poisoned) after an earlier
    /// failure, and with [`Error::OutOfFuel`](crate::Error::OutOfFuel),
    /// [`Error::TimedOut`](crate::Error::TimedOut) or [`Error::Interrupted`](crate::Error::Interrupted) if
    /// the guest exceeded a limit, also if it noticed too late and returned. A call that does not begin
    /// because its [`Group`](crate::Group) has ended does not poison the session.
    #[inline]
    pub fn call<R>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<SessionData<T>>) -> Result<R>,
    ) -> Result<R> {
        if self.status != Status::Ready {
            return Err(rejected(&self.asset, self.status));
        }
        let running = match &self.deadlines {
            Some(deadlines) => Some(deadlines.begin()?),
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
                Ok(result?)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    #[cold]
    fn failed(&mut self, error: wasmtime::Error) -> wasmtime::Error {
        let (error, status) = call_failed(&self.asset, &mut self.store, error);
        self.status = status;
        error
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
        call: impl AsyncFnOnce(&W, &mut Store<SessionData<T>>) -> Result<R>,
    ) -> Result<R> {
        if self.status != Status::Ready {
            return Err(rejected(&self.asset, self.status));
        }
        if let Some(deadlines) = &self.deadlines {
            deadlines.check()?;
        }
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
                Ok(result?)
            }
            Err(error) => Err(self.failed(error)),
        }
    }
}
