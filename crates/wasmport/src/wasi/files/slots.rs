//! `Slots`: how many virtual files and directories a session may have open.

use crate::vfs::{Disk, FileError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of open descriptors of a session, and the most that may be open at once. Clones share the number.
#[derive(Clone, Debug)]
pub(in crate::wasi) struct Slots {
    taken: Arc<AtomicUsize>,
    most: usize,
}

impl Slots {
    /// Creates the slots of a session with these disks: the largest limit holds for all.
    pub fn new(disks: &[(String, Disk)]) -> Self {
        let most = disks.iter().map(|(_, disk)| disk.lock().tree.limits.open).max().unwrap_or(0);
        Self { taken: Arc::default(), most }
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
        let slots = Slots { taken: Arc::default(), most: 2 };
        let (first, _second) = (slots.take().unwrap(), slots.take().unwrap());
        assert_eq!(slots.take().unwrap_err(), FileError::TooManyOpen);
        drop(first);
        let _third = slots.take().unwrap();
        let _mounted = slots.take_always();
        assert_eq!(slots.clone().take().unwrap_err(), FileError::TooManyOpen);
    }
}
