//! `Uploads`: results on their way to the remote store.

use super::breaker::{Breaker, Use};
use super::statement::{Producer, Statement};
use super::transport::{Fault, Threads, Transport, length, within, write};
use super::{LEAST_SPEED, Problems, lock, statement_of};
use crate::signature::TrustedKeys;
use crate::store::key::{Bucket, EntryKey};
use crate::store::layout::path_of;
use opendal::Operator;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wasmport::Digest;

/// Uploads at once.
const AT_ONCE: usize = 4;

/// The bytes that wait for their upload. A result beyond them is not uploaded: memory is worth more.
const MOST_BYTES: u64 = 256 << 20;

/// The memory that an upload takes besides its bytes: without it, many small results would take more than many large.
const OVERHEAD: u64 = 4 << 10;

/// Results on their way.
pub(super) struct Uploads {
    threads: Arc<Threads>,
    tasks: Mutex<JoinSet<()>>,
    shared: Arc<Shared>,
    /// The longest time that an import waits for them at its end.
    longest: Duration,
}

struct Shared {
    operator: Operator,
    breaker: Arc<Breaker>,
    problems: Arc<Mutex<Problems>>,
    producer: Producer,
    trusted: TrustedKeys,
    timeout: Duration,
    places: Semaphore,
    /// The results that are not uploaded yet, and their bytes.
    waiting: AtomicU64,
    bytes: AtomicU64,
}

/// A result.
struct Upload {
    bucket: Bucket,
    key: Digest,
    blob: Digest,
    bytes: Vec<u8>,
}

impl Uploads {
    pub fn new(
        transport: &Transport,
        (breaker, problems): (Arc<Breaker>, Arc<Mutex<Problems>>),
        (producer, trusted): (Producer, TrustedKeys),
        (timeout, longest): (Duration, Duration),
    ) -> Self {
        let shared = Shared {
            operator: transport.operator().clone(),
            breaker,
            problems,
            producer,
            trusted,
            timeout,
            places: Semaphore::new(AT_ONCE),
            waiting: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        let threads = Arc::clone(transport.threads());
        Self { threads, tasks: Mutex::default(), shared: Arc::new(shared), longest }
    }

    /// Begins an upload, and returns at once.
    pub fn push(&self, bucket: Bucket, key: Digest, blob: Digest, bytes: &[u8]) {
        let size = bytes.len() as u64 + OVERHEAD;
        let _ = self.shared.waiting.fetch_add(1, Relaxed);
        let is_full = self.shared.bytes.load(Relaxed).saturating_add(size) > MOST_BYTES;
        // It then counts as one that was not uploaded.
        let Some(handle) = self.threads.handle() else { return };
        if is_full || self.shared.breaker.usage() == Use::Ended {
            return;
        }
        let _ = self.shared.bytes.fetch_add(size, Relaxed);
        let upload = Upload { bucket, key, blob, bytes: bytes.to_vec() };
        let shared = Arc::clone(&self.shared);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        let _ = tasks.spawn_on(async move { shared.upload(upload).await }, handle);
    }

    /// Returns the number of results that wait for their upload.
    #[cfg(feature = "simulation")]
    pub fn waiting(&self) -> u64 {
        self.shared.waiting.load(Relaxed)
    }

    /// Waits for the uploads, and returns how many are left.
    pub fn finish(&self) -> u64 {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let all = async {
            tokio::select! {
                // Nobody waits for a store that does not answer.
                _ = self.shared.breaker.while_used(&[Use::Asked]) => {}
                () = async { while tasks.join_next().await.is_some() {} } => {}
            }
        };
        let _ = self.threads.block_on(async { tokio::time::timeout(self.longest, all).await });
        // An upload that has not ended is never seen: its record would have come last.
        tasks.abort_all();
        self.shared.waiting.load(Relaxed)
    }
}

impl Shared {
    async fn upload(&self, upload: Upload) {
        let size = upload.bytes.len() as u64 + OVERHEAD;
        if let Ok(_place) = self.places.acquire().await
            && let Some(uploaded) = self.try_twice(&upload).await
        {
            let _ = self.waiting.fetch_sub(1, Relaxed);
            if let Err(fault) = uploaded {
                let mut problems = lock(&self.problems);
                problems.fail(&fault);
                problems.lost += 1;
            }
        }
        let _ = self.bytes.fetch_sub(size, Relaxed);
    }

    /// Writes a result, again if the store that did not answer does so later. Returns nothing if the store is not asked
    /// any more.
    async fn try_twice(&self, upload: &Upload) -> Option<Result<(), Fault>> {
        let mut uploaded = None;
        for _ in 0..2 {
            if self.breaker.while_used(&[Use::Waits]).await != Use::Asked {
                break;
            }
            let result = self.write(upload).await;
            self.breaker.note(result.as_ref().err());
            uploaded = Some(result);
            if self.breaker.usage() != Use::Waits {
                break;
            }
        }
        uploaded
    }

    async fn write(&self, upload: &Upload) -> Result<(), Fault> {
        let &Upload { bucket, key, blob, ref bytes } = upload;
        let found = statement_of(&self.operator, (bucket, key), &self.trusted, self.timeout);
        let len = bytes.len() as u64;
        if let Some(found) = found.await?
            && self.has_blob(&found).await?
        {
            if found.blob != blob {
                lock(&self.problems).different.push(format!(
                    "two machines gave different results for the same input ({}, key {key}): the first one stays, by {}\n  \
                     help: run `cargo wasmport import --reproduce` on both machines to find the one that is wrong",
                    bucket.folder(),
                    found.producer
                ));
            }
            return Ok(());
        }
        let time = self.timeout + Duration::from_secs(len / LEAST_SPEED);
        let path = path_of(EntryKey::Blob(blob));
        within(time, write(&self.operator, &path, bytes.clone())).await?;
        let statement = Statement::new(bucket, key, blob, len, &self.producer);
        let file = statement.sign(&self.producer.key);
        let file = file.map_err(|error| Fault::Unavailable(error.to_string()))?;
        // The record comes last, so that its blob exists.
        let path = path_of(EntryKey::Record(bucket, key));
        within(self.timeout, write(&self.operator, &path, file)).await
    }

    /// Returns whether the blob of a statement is there, and not one that this import has found damaged.
    async fn has_blob(&self, found: &Statement) -> Result<bool, Fault> {
        if lock(&self.problems).damaged.contains(&found.blob) {
            return Ok(false);
        }
        let path = path_of(EntryKey::Blob(found.blob));
        let len = within(self.timeout, length(&self.operator, &path)).await?;
        Ok(len == Some(found.len))
    }
}
