//! Memories: the pages that differ from those of a fresh instance.

use super::runs::{PAGE, Run, Runs, is_zero};
use crate::error::{SnapshotError, SnapshotItem};
use crate::reserved;
use serde::{Deserialize, Serialize};
use wasmtime::{AsContextMut, Instance, Memory};

/// A saved memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedMemory {
    pub index: u32,
    /// The size in bytes.
    len: u64,
    /// Whether pages that are not saved are zeros; else they are as in a fresh instance.
    is_whole: bool,
    pub runs: Runs,
}

/// Returns an exported memory.
pub(super) fn memory(instance: &Instance, store: impl AsContextMut, index: u32) -> Option<Memory> {
    instance.get_memory(store, &format!("{}{index}", reserved::MEMORY))
}

impl SavedMemory {
    /// Saves the pages of a memory that differ from those of a fresh one, or that are not zeros if the program decides
    /// how the memory begins.
    pub fn of(index: u32, now: &[u8], fresh: Option<&[u8]>, stored: &mut Vec<u8>) -> Self {
        let mut runs = Runs::after(stored);
        let known = fresh.unwrap_or_default();
        for (number, page) in now.chunks(PAGE).enumerate() {
            let offset = number * PAGE;
            let known = known.get(offset..).unwrap_or_default();
            runs.compare(offset as u64, page, known, stored);
        }
        Self { index, len: now.len() as u64, is_whole: fresh.is_none(), runs }
    }

    /// Grows the memory of a fresh instance, and writes the pages.
    ///
    /// # Errors
    ///
    /// Fails if the memory cannot grow to the saved size or is larger, or if the snapshot does not fit it.
    pub fn restore(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
        stored: &[u8],
    ) -> Result<(), SnapshotError> {
        let memory = memory(instance, &mut store, self.index);
        let memory =
            memory.ok_or(SnapshotError::Damaged("it has another memory than the module"))?;
        self.grow(memory, &mut store)?;
        let bytes = memory.data_mut(&mut store);
        let mut position = 0;
        for run in self.runs.iter(stored) {
            let (run, saved) = run.ok_or(MISSING)?;
            // Each byte is written once, whatever a forged snapshot says.
            let is_in_order =
                |(start, end): &(usize, usize)| position <= *start && *end <= bytes.len();
            let (start, end) = bounds(&run).filter(is_in_order).ok_or(MISSING)?;
            if self.is_whole {
                clear(bytes.get_mut(position..start).ok_or(MISSING)?);
            }
            let to = bytes.get_mut(start..end).ok_or(MISSING)?;
            match run.is_zero {
                true => to.fill(0),
                false if to.len() == saved.len() => to.copy_from_slice(saved),
                false => return Err(MISSING),
            }
            position = end;
        }
        if self.is_whole {
            clear(bytes.get_mut(position..).ok_or(MISSING)?);
        }
        Ok(())
    }

    fn grow(&self, memory: Memory, mut store: impl AsContextMut) -> Result<(), SnapshotError> {
        let (item, saved) = (SnapshotItem::Memory(self.index), self.len);
        let found = memory.data_size(&store) as u64;
        let Some(missing) = saved.checked_sub(found) else {
            return Err(SnapshotError::TooLarge { item, saved, found });
        };
        if missing == 0 {
            return Ok(());
        }
        let page = memory.page_size(&store);
        if missing % page != 0 {
            return Err(SnapshotError::Damaged("the size of a memory is no number of pages"));
        }
        let grown = memory.grow(&mut store, missing / page);
        let reason = |error: wasmtime::Error| error.to_string();
        grown.map(drop).map_err(|error| SnapshotError::Growth {
            item,
            saved,
            reason: reason(error),
        })
    }
}

const MISSING: SnapshotError = SnapshotError::Damaged("a part of a memory is outside of it");

fn bounds(run: &Run) -> Option<(usize, usize)> {
    let end = run.offset.checked_add(run.len)?;
    Some((usize::try_from(run.offset).ok()?, usize::try_from(end).ok()?))
}

/// Writes zeros, but into pages alone that are not: a write makes the system allocate a page.
fn clear(bytes: &mut [u8]) {
    bytes.chunks_mut(PAGE).filter(|page| !is_zero(page)).for_each(|page| page.fill(0));
}
