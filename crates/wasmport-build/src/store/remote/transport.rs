//! `Transport`: operations on a remote store, each with a deadline of its own.

use super::address::AddressError;
use futures_util::StreamExt as _;
use opendal::{ErrorKind, Operator};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

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
    runtime: Arc<Runtime>,
}

impl Transport {
    pub fn new(operator: Operator) -> Result<Self, AddressError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("wasmport-remote")
            .enable_all()
            .build()
            .map_err(|error| AddressError::Service(error.to_string()))?;
        Ok(Self { operator, runtime: Arc::new(runtime) })
    }

    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Reads an entry of at most `most` bytes, if there is one.
    pub fn read(&self, path: &str, most: u64, time: Duration) -> Result<Option<Vec<u8>>, Fault> {
        self.runtime.block_on(within(time, read(&self.operator, path, most)))
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
