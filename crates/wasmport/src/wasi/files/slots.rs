//! `Slots`: how many virtual files and directories a session may have open, and how many names it may be reading.

use crate::vfs::{Disk, FileError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The most names in all listings of a session, as a multiple of its files: twice as many as a walk through all directories
/// needs that keeps each of them open.
const LISTINGS: u64 = 2;

/// The number of open descriptors of a session, and the most that may be open at once; and the same for the names in
/// listings. Clones share the numbers.
#[derive(Clone, Debug)]
pub(in crate::wasi) struct Slots {
    taken: Arc<AtomicUsize>,
    most: usize,
    names: Arc<AtomicU64>,
    most_names: u64,
}

impl Slots {
    /// Creates the slots of a session with these disks: the largest limit holds for all.
    pub fn new(disks: &[(String, Disk)]) -> Self {
        let limits = || disks.iter().map(|(_, disk)| disk.lock().tree.limits);
        let most = limits().map(|limits| limits.open).max().unwrap_or(0);
        let files = limits().map(|limits| limits.files).max().unwrap_or(0);
        let most_names = files.saturating_mul(LISTINGS);
        Self { taken: Arc::default(), most, names: Arc::default(), most_names }
    }

    /// Takes a slot.
    pub fn take(&self) -> Result<Slot, FileError> {
        let slot = self.take_always();
        // A session runs on one thread at a time: nothing changes the number between.
        if self.taken.load(Ordering::Relaxed) > self.most {
            Err(FileError::TooManyOpen)
        } else {
            Ok(slot)
        }
    }

    /// Takes a slot although none may be left: mounted directories are always there.
    pub fn take_always(&self) -> Slot {
        let _ = self.taken.fetch_add(1, Ordering::Relaxed);
        Slot(Arc::clone(&self.taken))
    }

    /// Takes room for the names of a listing: it keeps those that are removed while it is read, which no other limit
    /// counts.
    pub fn hold_names(&self, count: u64) -> Result<HeldNames, FileError> {
        let before = self.names.fetch_add(count, Ordering::Relaxed);
        let held = HeldNames { names: Arc::clone(&self.names), count };
        if before.saturating_add(count) > self.most_names {
            Err(FileError::TooManyOpen)
        } else {
            Ok(held)
        }
    }
}

/// Names in a listing, which no longer count when this is dropped.
#[derive(Debug)]
pub(in crate::wasi) struct HeldNames {
    names: Arc<AtomicU64>,
    count: u64,
}

impl Drop for HeldNames {
    fn drop(&mut self) {
        let _ = self.names.fetch_sub(self.count, Ordering::Relaxed);
    }
}

/// A taken slot, which is free again when this is dropped.
#[derive(Debug)]
pub(in crate::wasi) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        let _ = self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_slot_is_free_again() {
        let slots = Slots { most: 2, ..Slots::new(&[]) };
        let (first, _second) = (slots.take().unwrap(), slots.take().unwrap());
        assert_eq!(slots.take().unwrap_err(), FileError::TooManyOpen);
        drop(first);
        let _third = slots.take().unwrap();
        let _mounted = slots.take_always();
        assert_eq!(slots.clone().take().unwrap_err(), FileError::TooManyOpen);
    }

    #[test]
    fn names_of_dropped_listings_do_not_count() {
        let slots = Slots { most_names: 10, ..Slots::new(&[]) };
        let first = slots.hold_names(6).unwrap();
        assert_eq!(slots.clone().hold_names(5).unwrap_err(), FileError::TooManyOpen);
        let _second = slots.hold_names(4).unwrap();
        drop(first);
        let _third = slots.hold_names(6).unwrap();
        assert_eq!(slots.hold_names(u64::MAX).unwrap_err(), FileError::TooManyOpen);
        assert_eq!(slots.hold_names(1).unwrap_err(), FileError::TooManyOpen);
    }
}
