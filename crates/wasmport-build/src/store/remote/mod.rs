//! A remote store that machines share: read after the store of this machine, and written behind the import's back.
//!
//! ```text
//! records/artifact-2/4f/4f2c…   statements, each signed by its producer
//! blobs/a0/a01b…                blobs by their digest
//! ```
//!
//! Whoever can write there can refuse service, and nothing else: a statement counts if a trusted key signed it for this
//! very result, and a blob if it has the statement's digest.

mod address;
mod breaker;
mod settings;
mod statement;
#[cfg(test)]
mod tests;
mod transport;
mod uploads;

pub(crate) use settings::{RemoteError, RemoteOptions};

use super::key::{Bucket, EntryKey};
use super::layout::path_of;
use crate::signature::TrustedKeys;
use breaker::Breaker;
use statement::{LARGEST, Refused, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transport::{Fault, Transport, read, within};
use uploads::Uploads;
use wasmport::Digest;

/// The speed of a connection that is not slow, in bytes per second: an entry may take so much longer than the deadline.
const LEAST_SPEED: u64 = 1 << 20;

/// A remote store.
pub(crate) struct Remote {
    transport: Transport,
    breaker: Arc<Breaker>,
    trusted: TrustedKeys,
    timeout: Duration,
    /// The longest blob that is read or written, in bytes.
    most: u64,
    uploads: Option<Uploads>,
    problems: Arc<Mutex<Problems>>,
}

/// The problems of this run with the remote store.
#[derive(Default)]
struct Problems {
    /// Records that do not count: how many, by the reason of each.
    refused: BTreeMap<String, usize>,
    /// Operations that failed: how many, by the reason of each.
    failed: BTreeMap<String, usize>,
    /// Results that two producers have made differently.
    different: Vec<String>,
    /// Uploads that failed.
    lost: u64,
    /// Blobs that are not what their statements say: whoever uploads replaces them.
    damaged: BTreeSet<Digest>,
}

impl Problems {
    fn refuse(&mut self, reason: impl ToString) {
        *self.refused.entry(reason.to_string()).or_default() += 1;
    }

    fn fail(&mut self, fault: &Fault) {
        *self.failed.entry(fault.to_string()).or_default() += 1;
    }
}

fn lock(problems: &Mutex<Problems>) -> MutexGuard<'_, Problems> {
    // Nothing under this lock panics.
    problems.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    /// Opens the store. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// Fails if the options cannot be used.
    pub fn open(options: RemoteOptions) -> Result<Self, RemoteError> {
        let operator = options.address.operator(options.is_of_environment)?;
        Self::over(operator, options)
    }

    fn over(operator: opendal::Operator, options: RemoteOptions) -> Result<Self, RemoteError> {
        let RemoteOptions { trusted, producer, timeout, budget, upload, most, .. } = options;
        let transport = Transport::new(operator)?;
        let breaker = Arc::new(Breaker::new(budget));
        probe(&transport, &breaker, timeout);
        let problems = Arc::<Mutex<Problems>>::default();
        let uploads = producer.map(|producer| {
            let shared = (Arc::clone(&breaker), Arc::clone(&problems));
            Uploads::new(&transport, shared, (producer, trusted.clone()), (timeout, upload))
        });
        Ok(Self { transport, breaker, trusted, timeout, most, uploads, problems })
    }

    /// Reads the result of a computation, and its digest.
    pub fn get(&self, bucket: Bucket, key: Digest) -> Option<(Vec<u8>, Digest)> {
        // Functions are keyed by the path of an asset, and belong to one project on one machine.
        if bucket == Bucket::Functions {
            return None;
        }
        let file = self.read(EntryKey::Record(bucket, key), LARGEST, self.timeout)?;
        let statement = match Statement::read(&file, bucket, key, &self.trusted) {
            Ok(statement) => statement,
            Err(refused) => return self.refuse(refused),
        };
        let Statement { blob, len, .. } = statement;
        if len > self.most {
            return self.refuse(Fault::TooLarge(self.most));
        }
        let time = self.timeout + Duration::from_secs(len / LEAST_SPEED);
        let bytes = self.read(EntryKey::Blob(blob), len, time);
        match bytes {
            Some(bytes) if bytes.len() as u64 == len && Digest::of(&bytes) == blob => {
                Some((bytes, blob))
            }
            Some(_) => {
                let _ = lock(&self.problems).damaged.insert(blob);
                self.refuse("its blob is damaged")
            }
            None => None,
        }
    }

    /// Uploads a result behind the import's back, if this machine uploads.
    pub fn put(&self, bucket: Bucket, key: Digest, blob: Digest, bytes: &[u8]) {
        if bucket == Bucket::Functions || bytes.len() as u64 > self.most {
            return;
        }
        if let Some(uploads) = &self.uploads {
            uploads.push(bucket, key, blob, bytes);
        }
    }

    /// Returns the number of results that wait for their upload.
    #[cfg(feature = "simulation")]
    pub fn waiting(&self) -> u64 {
        self.uploads.as_ref().map_or(0, Uploads::waiting)
    }

    fn refuse<T>(&self, reason: impl ToString) -> Option<T> {
        lock(&self.problems).refuse(reason);
        None
    }

    fn read(&self, entry: EntryKey, most: u64, time: Duration) -> Option<Vec<u8>> {
        let _asking = self.breaker.ask()?;
        let time = time.min(self.breaker.left());
        let read = self.transport.read(&path_of(entry), most, time);
        match &read {
            // The store answers, and what it has is of no use.
            Err(Fault::TooLarge(_)) => {
                lock(&self.problems).refuse("an entry is larger than it says")
            }
            Err(fault) => lock(&self.problems).fail(fault),
            Ok(_) => {}
        }
        // A store that has too large an entry works.
        self.breaker.note(read.as_ref().err().filter(|fault| !matches!(fault, Fault::TooLarge(_))));
        read.ok().flatten()
    }

    /// Waits for the uploads as long as the settings allow, and returns the warnings of the run.
    pub fn close(&self) -> Vec<String> {
        let unfinished = self.uploads.as_ref().map_or(0, Uploads::finish);
        let Problems { refused, failed, different, lost, .. } =
            std::mem::take(&mut *lock(&self.problems));
        let mut warnings = Vec::new();
        if let Some(reason) = self.breaker.reason() {
            let lost = match unfinished + lost {
                0 => String::new(),
                lost => format!("; {lost} results were not uploaded"),
            };
            warnings.push(format!(
                "the remote store is not used any more in this import: {reason}{lost}"
            ));
        } else if let Some((time, reason)) = self.breaker.pause() {
            warnings.push(format!("the remote store was not used for {time:.1?}: {reason}"));
        }
        for (reason, count) in refused {
            warnings.push(format!(
                "{count} results of the remote store do not count: {reason}\n  help: what is missing is computed here; \
                 `cache.remote.trusted-keys` has the keys of those whose results count"
            ));
        }
        warnings.extend(different);
        if self.breaker.reason().is_none() {
            let failed = failed.into_iter();
            warnings.extend(failed.map(|(reason, count)| {
                format!("{count} operations of the remote store failed: {reason}")
            }));
        }
        if unfinished > 0 && self.breaker.reason().is_none() {
            warnings.push(format!(
                "{unfinished} results were not uploaded in time: other machines compute them again\n  help: raise \
                 `cache.remote.upload-seconds`"
            ));
        }
        warnings
    }
}

/// Asks a store that is not used whether it answers again, behind the import's back.
fn probe(transport: &Transport, breaker: &Arc<Breaker>, timeout: Duration) {
    let (operator, breaker) = (transport.operator().clone(), Arc::clone(breaker));
    let path = path_of(EntryKey::Record(Bucket::Artifact, Digest::of(b"probe")));
    // The runtime of the transport ends it.
    transport.threads().spawn(async move {
        breaker
            .probe(|| async { within(timeout, read(&operator, &path, LARGEST)).await.map(drop) })
            .await;
    });
}

impl From<Refused> for String {
    fn from(refused: Refused) -> Self {
        refused.to_string()
    }
}

/// Reads the statement of a result that another producer may have uploaded meanwhile.
async fn statement_of(
    operator: &opendal::Operator,
    (bucket, key): (Bucket, Digest),
    trusted: &TrustedKeys,
    time: Duration,
) -> Result<Option<Statement>, Fault> {
    let path = path_of(EntryKey::Record(bucket, key));
    let file = within(time, read(operator, &path, LARGEST)).await?;
    Ok(file.and_then(|file| Statement::read(&file, bucket, key, trusted).ok()))
}
