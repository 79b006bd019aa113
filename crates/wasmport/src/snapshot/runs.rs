//! Runs: the parts of a memory or file that differ from what is known.

use serde::{Deserialize, Serialize};

/// Bytes that are compared and stored as one.
pub(super) const PAGE: usize = 4096;

static ZEROS: [u8; PAGE] = [0; PAGE];

/// Consecutive bytes that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub offset: u64,
    pub len: u64,
    /// Whether they are zeros, and so are not stored.
    pub is_zero: bool,
}

/// Parts that differ, and the place of their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The offset of the bytes among those of the snapshot.
    at: u64,
}

impl Runs {
    /// Begins with the bytes that come after `stored`.
    pub fn after(stored: &[u8]) -> Self {
        Self { runs: Vec::new(), at: stored.len() as u64 }
    }

    /// Compares a page with the known one, of which missing bytes are zeros, and appends it to `stored` if it differs.
    pub fn compare(&mut self, offset: u64, page: &[u8], known: &[u8], stored: &mut Vec<u8>) {
        let known = &known[..known.len().min(page.len())];
        let (same, beyond) = page.split_at(known.len());
        if same == known && is_zero(beyond) {
            return;
        }
        let (len, is_zero) = (page.len() as u64, is_zero(page));
        if !is_zero {
            stored.extend_from_slice(page);
        }
        match self.runs.last_mut() {
            Some(last) if last.is_zero == is_zero && last.offset + last.len == offset => {
                last.len += len;
            }
            _ => self.runs.push(Run { offset, len, is_zero }),
        }
    }

    /// Returns about how many bytes of memory a file of `len` bytes takes that has these parts.
    #[cfg(feature = "vfs")]
    pub fn memory(&self, len: u64) -> u64 {
        let stored = self.runs.iter().filter(|run| !run.is_zero).map(|run| run.len);
        let pages = |bytes: u64| bytes.checked_next_multiple_of(PAGE as u64).unwrap_or(u64::MAX);
        // The bytes of a whole file have no pages.
        let memory = |bytes| if bytes == len { bytes } else { pages(bytes) };
        stored.map(memory).fold(0, u64::saturating_add)
    }

    /// Returns each run with its bytes, which are empty for zeros. `None` stands for a run whose bytes are missing.
    pub fn iter<'s>(&'s self, stored: &'s [u8]) -> impl Iterator<Item = Option<(Run, &'s [u8])>> {
        let mut at = self.at;
        self.runs.iter().map(move |run| {
            if run.is_zero {
                return Some((*run, &[][..]));
            }
            let end = at.checked_add(run.len)?;
            let bytes = stored.get(usize::try_from(at).ok()?..usize::try_from(end).ok()?)?;
            at = end;
            Some((*run, bytes))
        })
    }
}

/// Returns whether all bytes are zeros.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(PAGE).all(|page| page == &ZEROS[..page.len()])
}
