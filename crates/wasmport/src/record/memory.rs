//! Writes of the host to memories, and comparisons of whole memories.

use super::find::Find;
use super::log::Log;
use super::writes::{Copy, Write};
use crate::error::RecordError;
use wasmtime::{Memory, StoreContextMut};

/// The most equal bytes between two changes that are written as one.
const GAP: usize = 8;
/// The most writes that are noted before their bytes are read.
const MOST_WRITES: usize = 4096;

impl Log {
    /// Notes that the host writes to a range, whose bytes are read before the guest runs. Returns false if those of
    /// earlier writes must be read first.
    #[inline]
    #[must_use]
    pub(super) fn wrote(&mut self, memory: Memory, address: usize, len: usize) -> bool {
        if !self.is_on() || len == 0 {
            return true;
        }
        let has_one = self.memory_names().len() <= 1;
        if let Some(last) = self.writes.last_mut()
            && last.address <= address
            && address <= last.address + last.len
            && has_one
        {
            last.len = last.len.max(address + len - last.address);
            return true;
        }
        if self.writes.len() >= MOST_WRITES {
            // Memories that are compared need no notes.
            return self.compares();
        }
        self.writes.push(Write { memory, address, len });
        true
    }

    /// Returns whether bytes that the host wrote are to be read.
    #[inline]
    pub(super) fn has_unread(&self) -> bool {
        !self.writes.is_empty() || !self.copies.is_empty()
    }

    /// Copies a memory of which the host may change any byte, unless there is a copy already.
    pub(super) fn copy(&mut self, memory: Memory, bytes: &[u8]) {
        let start = bytes.as_ptr().addr();
        let is_copied = self.copies.iter().any(|copy| copy.start == start) && !bytes.is_empty();
        if self.is_on() && !is_copied {
            self.copies.push(Copy { memory, start, bytes: bytes.to_vec() });
        }
    }
}

/// Appends what the host wrote since the guest ran. The order does not matter: all have the bytes that are there now.
pub(super) fn flush<T: 'static>(store: &mut StoreContextMut<'_, T>, find: Find<T>) {
    while flush_one(store, find) {}
}

/// Appends one write or the changes of one copy. Returns whether there are more.
fn flush_one<T: 'static>(store: &mut StoreContextMut<'_, T>, find: Find<T>) -> bool {
    let Some(log) = find(store.data_mut()) else { return false };
    let first = log.memories.first().copied();
    if let Some(Write { memory, address, len }) = log.writes.pop() {
        return with_bytes(store, find, memory, first, |log, index, bytes| {
            if let Some(part) = bytes.get(address..address.saturating_add(len)) {
                log.write(index, address as u64, part);
            }
        });
    }
    let Some(Copy { memory, bytes: before, .. }) = log.copies.pop() else { return false };
    with_bytes(store, find, memory, first, |log, index, bytes| {
        changes(&before, bytes, |start, part| log.write(index, start as u64, part));
    })
}

/// Passes the index and the bytes of a memory, which often is the first one, to `read`. Returns whether there are more to be
/// read.
#[inline]
fn with_bytes<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    find: Find<T>,
    memory: Memory,
    first: Option<Memory>,
    read: impl FnOnce(&mut Log, usize, &[u8]),
) -> bool {
    let is_first = first.is_some_and(|first| is_same(store, first, memory));
    let index = if is_first { Some(0) } else { index_of(store, find, memory) };
    let (bytes, data) = memory.data_and_store_mut(store);
    let Some(log) = find(data) else { return false };
    if let Some(index) = index {
        read(log, index, bytes);
    }
    log.has_unread()
}

/// Returns the index of a memory; ends the recording if the guest does not export it.
pub(super) fn index_of<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    find: Find<T>,
    memory: Memory,
) -> Option<usize> {
    let mut index = 0;
    while let Some(own) = find(store.data_mut())?.memories.get(index).copied() {
        if is_same(store, own, memory) {
            return Some(index);
        }
        index += 1;
    }
    find(store.data_mut())?.end_with(RecordError::Memory);
    None
}

/// Returns whether two memories are one: Wasmtime does not compare them, but each begins at an address of its own.
#[inline]
fn is_same<T: 'static>(store: &StoreContextMut<'_, T>, one: Memory, other: Memory) -> bool {
    one.data_ptr(store) == other.data_ptr(store)
}

/// Passes each part that changed to `change`, with its address. What was grown was zero.
fn changes(before: &[u8], now: &[u8], mut change: impl FnMut(usize, &[u8])) {
    const BLOCK: usize = 256;
    let mut open: Option<(usize, usize)> = None;
    for (index, block) in now.chunks(BLOCK).enumerate() {
        let start = index * BLOCK;
        let old = before.get(start..).unwrap_or_default();
        let old = &old[..old.len().min(block.len())];
        if old == block {
            continue;
        }
        for (offset, byte) in block.iter().enumerate() {
            if *byte == old.get(offset).copied().unwrap_or(0) {
                continue;
            }
            let at = start + offset;
            open = match open {
                Some((from, to)) if at - to <= GAP => Some((from, at + 1)),
                Some((from, to)) => {
                    change(from, now.get(from..to).unwrap_or_default());
                    Some((at, at + 1))
                }
                None => Some((at, at + 1)),
            };
        }
    }
    if let Some((from, to)) = open {
        change(from, now.get(from..to).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn changes_are_found_and_those_that_are_near_are_one() {
        let before = vec![0; 1000];
        let mut now = vec![0; 1300];
        for at in [3, 5, 255, 256, 999, 1200] {
            now[at] = 7;
        }
        let mut found = Vec::new();
        changes(&before, &now, |start, part| found.push((start, part.to_vec())));
        let starts: Vec<_> = found.iter().map(|(start, part)| (*start, part.len())).collect();
        assert_eq!(starts, [(3, 3), (255, 2), (999, 1), (1200, 1)]);
        let mut restored = before;
        restored.resize(1300, 0);
        for (start, part) in found {
            restored[start..start + part.len()].copy_from_slice(&part);
        }
        assert_eq!(restored, now);
    }
}
