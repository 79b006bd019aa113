//! `Transport`: operations on a remote store, each with a deadline of its own.

use super::address::AddressError;
use futures_util::StreamExt as _;
use opendal::{ErrorKind, Operator};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};

/// The reason why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it did not answer within {0:.1?}")]
    TimedOut(Duration),
    #[error("it refuses the credentials: {0}")]
    Denied(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("an entry is larger than {0} bytes")]
    TooLarge(u64),
}

impl Fault {
    /// Returns whether asking again is of no use.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::TimedOut(_) | Self::Denied(_))
    }
}

/// A remote store, and the threads that talk with it.
pub(super) struct Transport {
    operator: Operator,
    threads: Arc<Threads>,
}

/// A runtime that nobody waits for at its end: a name server that does not answer holds a thread for long.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    /// Starts a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            drop(runtime.spawn(task));
        }
    }

    /// Runs an operation to its end.
    pub fn block_on<T>(&self, operation: impl Future<Output = T>) -> Option<T> {
        self.0.as_ref().map(|runtime| runtime.block_on(operation))
    }

    /// Returns the runtime, for sets of tasks.
    pub fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Transport {
    pub fn new(operator: Operator) -> Result<Self, AddressError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("wasmport-remote")
            .enable_all()
            .build()
            .map_err(|error| AddressError::Service(error.to_string()))?;
        Ok(Self { operator, threads: Arc::new(Threads(Some(runtime))) })
    }

    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    pub fn threads(&self) -> &Arc<Threads> {
        &self.threads
    }

    /// Reads an entry of at most `most` bytes, if there is one.
    pub fn read(&self, path: &str, most: u64, time: Duration) -> Result<Option<Vec<u8>>, Fault> {
        let read = self.threads.block_on(within(time, read(&self.operator, path, most)));
        read.unwrap_or(Ok(None))
    }
}

/// Waits for an operation until its time is over, whatever the other side sends meanwhile.
pub(super) async fn within<T>(
    time: Duration,
    operation: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::time::timeout(time, operation).await.unwrap_or(Err(Fault::TimedOut(time)))
}

/// Reads an entry in pieces, so that one that is too large is not read to its end.
pub(super) async fn read(
    operator: &Operator,
    path: &str,
    most: u64,
) -> Result<Option<Vec<u8>>, Fault> {
    let pieces = async { operator.reader(path).await?.into_stream(..).await };
    let mut pieces = match pieces.await {
        Ok(pieces) => pieces,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&error)),
    };
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => bytes.extend(piece.to_vec()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(&error)),
        }
        if bytes.len() as u64 > most {
            return Err(Fault::TooLarge(most));
        }
    }
    Ok(Some(bytes))
}

/// Returns the length of an entry, if there is one.
pub(super) async fn length(operator: &Operator, path: &str) -> Result<Option<u64>, Fault> {
    match operator.stat(path).await {
        Ok(metadata) => Ok(Some(metadata.content_length())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(&error)),
    }
}

/// Writes an entry.
pub(super) async fn write(operator: &Operator, path: &str, bytes: Vec<u8>) -> Result<(), Fault> {
    operator.write(path, bytes).await.map(drop).map_err(|error| fault(&error))
}

/// Returns the kind of a failure. The text has several parts: the reason comes last in its first line.
fn fault(error: &opendal::Error) -> Fault {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    // There is a kind for 403 alone.
    let is_unknown = text.contains("status: 401");
    let text = line.rsplit_once(" => ").map_or(line, |(_, reason)| reason).to_owned();
    match error.kind() {
        ErrorKind::PermissionDenied => Fault::Denied(text),
        _ if is_unknown => Fault::Denied(text),
        _ => Fault::Unavailable(text),
    }
}
