//! Storage behind a cache.

use super::key::EntryKey;
use std::io;

/// Storage for records and blobs. The cache verifies what it reads, so storage need not be trusted.
pub(crate) trait Backend: Send + Sync {
    /// Reads an entry, if there is one.
    fn read(&self, key: EntryKey) -> io::Result<Option<Vec<u8>>>;

    /// Returns whether there is an entry, without reading it.
    fn has(&self, key: EntryKey) -> bool;

    /// Writes an entry atomically, and replaces an existing one.
    fn write(&self, key: EntryKey, bytes: &[u8]) -> io::Result<()>;

    /// Moves a damaged entry away.
    fn quarantine(&self, key: EntryKey) -> io::Result<()>;

    /// Removes entries until no more than `max` bytes are left, if anything was written since opening.
    fn shrink(&self, max: u64) -> io::Result<()>;
}
