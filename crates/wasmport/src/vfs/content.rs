//! The bytes of a file: those it was mounted with, and pages that clones share until one of them writes.

use super::error::FileError;
use super::pages::Pages;
use super::source::LazyBytes;
use bytes::Bytes;
use std::sync::Arc;

type Result<T = ()> = std::result::Result<T, FileError>;

/// Size of a page in bytes.
const PAGE: usize = 4096;

/// The bytes of a file. A clone takes constant time, and the first write to it copies one page.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    base: Base,
    /// Number of bytes at the start that are those of the base, as far as no page covers them.
    base_len: u64,
    /// The pages that were written.
    pages: Pages,
    len: u64,
}

/// The bytes that a file had when it was mounted.
#[derive(Clone, Debug)]
enum Base {
    Bytes(Bytes),
    Lazy(Arc<LazyBytes>),
}

impl Base {
    fn bytes(&self) -> Result<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Lazy(lazy) => Ok(lazy.bytes()?),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        let len = bytes.len() as u64;
        Self::new(Base::Bytes(bytes), len)
    }
}

impl From<LazyBytes> for Content {
    fn from(lazy: LazyBytes) -> Self {
        let len = lazy.len();
        Self::new(Base::Lazy(Arc::new(lazy)), len)
    }
}

impl Content {
    fn new(base: Base, len: u64) -> Self {
        Self { base, base_len: len, pages: Pages::default(), len }
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Loads the base if it is needed. No read fails then.
    pub fn load(&self) -> Result {
        self.base_from(0).map(drop)
    }

    /// Returns the base if it is needed and was not loaded yet.
    pub(super) fn unloaded(&self) -> Option<Arc<LazyBytes>> {
        match &self.base {
            Base::Lazy(lazy) if self.base_len > 0 && !lazy.is_loaded() => Some(Arc::clone(lazy)),
            _ => None,
        }
    }

    /// Returns why the bytes cannot be read, if they could not.
    pub fn failure(&self) -> Option<&str> {
        match &self.base {
            Base::Bytes(_) => None,
            Base::Lazy(lazy) => lazy.failure(),
        }
    }

    /// Returns the start of the first page that may have other bytes than zeros, from that of `offset` on.
    #[cfg(feature = "snapshot")]
    pub fn written_from(&self, offset: u64) -> Option<u64> {
        let (page, _) = split(offset);
        let start = page * PAGE as u64;
        if start < self.base_len {
            return Some(start);
        }
        self.pages.first_from(page).map(|page| page * PAGE as u64)
    }

    /// Copies bytes from `offset` on into `to`, and returns how many there were.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<usize> {
        let left = self.len.saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(to.len());
        if self.pages.is_empty() {
            copy(self.base_from(offset)?, &mut to[..count]);
            return Ok(count);
        }
        let mut done = 0;
        while done < count {
            let at = offset + done as u64;
            let (page, start) = split(at);
            let part = &mut to[done..count];
            let part_len = part.len().min(PAGE - start);
            self.read_page(page, start, &mut part[..part_len])?;
            done += part_len;
        }
        Ok(count)
    }

    /// Copies bytes of one page.
    fn read_page(&self, page: u64, start: usize, to: &mut [u8]) -> Result {
        let from = match self.pages.get(page) {
            Some(bytes) => bytes.get(start..).unwrap_or_default(),
            None => self.base_from(page * PAGE as u64 + start as u64)?,
        };
        copy(from, to);
        Ok(())
    }

    /// Returns the bytes of the base from `offset` on. Behind its end nothing is loaded.
    fn base_from(&self, offset: u64) -> Result<&[u8]> {
        if offset >= self.base_len {
            return Ok(&[]);
        }
        let bytes = self.base.bytes()?;
        let end = usize::try_from(self.base_len).unwrap_or(usize::MAX).min(bytes.len());
        Ok(usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..end))
            .unwrap_or_default())
    }

    /// Loads the base if a write of these bytes needs the rest of a page. The write then does not fail.
    pub fn prepare_write(&self, offset: u64, count: usize) -> Result {
        if count == 0 || matches!(self.base, Base::Bytes(_)) {
            return Ok(());
        }
        let end = offset.saturating_add(count as u64);
        let (last, last_end) = split(end);
        let (first, start) = split(offset);
        let needs = |page: u64| self.pages.get(page).is_none();
        // A last page that is written up to the end of the base needs no other bytes.
        let is_cut = last_end != 0 && end < self.base_len;
        if start != 0 && needs(first) {
            let _ = self.base_from(first * PAGE as u64)?;
        }
        if is_cut && needs(last) {
            let _ = self.base_from(last * PAGE as u64)?;
        }
        Ok(())
    }

    /// Writes `bytes` at `offset`, and zeros in a gap before them. The end must not be above 2⁶⁴.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result {
        self.prepare_write(offset, bytes.len())?;
        let mut done = 0;
        while done < bytes.len() {
            let (page, start) = split(offset + done as u64);
            let part = &bytes[done..];
            let part = &part[..part.len().min(PAGE - start)];
            self.write_page(page, start, part)?;
            done += part.len();
        }
        if !bytes.is_empty() {
            self.len = self.len.max(offset + bytes.len() as u64);
        }
        Ok(())
    }

    fn write_page(&mut self, page: u64, start: usize, bytes: &[u8]) -> Result {
        let end = start + bytes.len();
        let page_start = page * PAGE as u64;
        if let Some(part) = self.pages.get_mut(page).and_then(|stored| stored.get_mut(start..end)) {
            copy_bytes(bytes, part);
            return Ok(());
        }
        let (before, least) = match self.pages.get(page) {
            // It grows as vectors do.
            Some(stored) => (&stored[..], (2 * stored.len()).min(PAGE)),
            None if start != 0 || end < PAGE && page_start + (end as u64) < self.base_len => {
                (self.base_from(page_start)?, 0)
            }
            None => (&[][..], 0),
        };
        let before = &before[..before.len().min(PAGE)];
        let mut new = [0; PAGE];
        new[..before.len()].copy_from_slice(before);
        copy_bytes(bytes, &mut new[start..end]);
        let len = end.max(before.len()).max(least);
        self.pages.insert(page, &new[..len]);
        Ok(())
    }

    /// Loads the base if the file is cut in the middle of one of its pages. [`Self::set_len`] then does not fail.
    pub fn prepare_set_len(&self, len: u64) -> Result {
        let (page, start) = split(len);
        if len < self.len && start != 0 && self.pages.get(page).is_none() {
            let _ = self.base_from(page * PAGE as u64)?;
        }
        Ok(())
    }

    /// Cuts or lengthens the file; new bytes are zeros.
    pub fn set_len(&mut self, len: u64) -> Result {
        if len < self.len {
            let (page, start) = split(len);
            // The rest of the last page must be zeros when the file grows again.
            if start != 0 {
                self.write_page(page, start, &[])?;
                if let Some(rest) = self.pages.get_mut(page).and_then(|page| page.get_mut(start..))
                {
                    rest.fill(0);
                }
            }
            self.pages.truncate(page + u64::from(start != 0));
            self.base_len = self.base_len.min(len);
        }
        self.len = len;
        Ok(())
    }

    /// Returns all bytes, without a copy if none was written.
    pub fn to_bytes(&self) -> Result<Bytes> {
        if self.len == 0 {
            return Ok(Bytes::new());
        }
        if self.pages.is_empty() && self.len == self.base_len {
            let end = usize::try_from(self.len).map_err(|_| FileError::FileTooLarge)?;
            let bytes = match &self.base {
                Base::Bytes(bytes) => bytes.clone(),
                Base::Lazy(lazy) => lazy.bytes()?.clone(),
            };
            return Ok(bytes.slice(..end.min(bytes.len())));
        }
        let mut bytes = zeros(self.len)?;
        let _ = self.read(0, &mut bytes)?;
        Ok(bytes.into())
    }

    /// Returns all bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        self.to_bytes().map(Vec::from)
    }
}

/// Returns zeros. Fails if there is no memory for them: a hole in a file may be larger than all memory.
pub(super) fn zeros(len: u64) -> Result<Vec<u8>> {
    let len = usize::try_from(len).map_err(|_| FileError::FileTooLarge)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| FileError::FileTooLarge)?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// Fills `to` with bytes and then with zeros.
fn copy(from: &[u8], to: &mut [u8]) {
    let count = from.len().min(to.len());
    let (start, rest) = to.split_at_mut(count);
    copy_bytes(&from[..count], start);
    if !rest.is_empty() {
        rest.fill(0);
    }
}

/// Copies all bytes into as many.
///
/// In parts: the C library copies 4 KiB by one instruction (`rep movsb`), which takes longer than its loop for fewer bytes.
fn copy_bytes(from: &[u8], to: &mut [u8]) {
    for (from, to) in from.chunks(PAGE / 2).zip(to.chunks_mut(PAGE / 2)) {
        to.copy_from_slice(from);
    }
}

/// Returns the page of an offset, and the offset in it.
fn split(offset: u64) -> (u64, usize) {
    (offset / PAGE as u64, (offset % PAGE as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_cuts_and_gaps_are_those_of_a_vector() {
        let mut model: Vec<u8> = (0..10_000_u32).map(|i| i as u8 | 1).collect();
        let mut content = Content::from(Bytes::from(model.clone()));
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..2000 {
            let (offset, len) = (random(20_000), random(9000) as usize);
            if random(3) == 0 {
                content.set_len(offset).unwrap();
                model.resize(offset as usize, 0);
            } else {
                let bytes = vec![random(256) as u8; len];
                content.write(offset, &bytes).unwrap();
                let end = offset as usize + len;
                if model.len() < end && len > 0 {
                    model.resize(end, 0);
                }
                if len > 0 {
                    model[offset as usize..end].copy_from_slice(&bytes);
                }
            }
            assert_eq!(content.len(), model.len() as u64);
            let (from, mut part) = (random(21_000), vec![9; 5000]);
            let count = content.read(from, &mut part).unwrap();
            assert_eq!(
                part[..count],
                *model.get(from as usize..).unwrap_or_default().get(..count).unwrap_or_default()
            );
        }
        assert_eq!(content.to_vec().unwrap(), model);
        assert!(content.pages.iter().all(|(_, page)| page.len() <= PAGE));
    }

    #[test]
    fn a_write_copies_one_page() {
        let mut content = Content::default();
        content.write(0, &vec![1; 64 * PAGE]).unwrap();
        let copy = content.clone();
        content.write(5 * PAGE as u64 + 1, b"x").unwrap();
        let mut copied = Vec::new();
        for (page, bytes) in copy.pages.iter() {
            if !content.pages.get(page).is_some_and(|other| std::ptr::eq(&**bytes, &**other)) {
                copied.push(page);
            }
        }
        assert_eq!(copied, [5]);
    }

    #[test]
    fn a_hole_that_is_larger_than_memory_is_an_error() {
        let mut content = Content::from(Bytes::from_static(b"x"));
        content.set_len(i64::MAX as u64).unwrap();
        content.write(1, b"y").unwrap();
        assert_eq!(content.to_bytes(), Err(FileError::FileTooLarge));
        let mut end = [1; 8];
        assert_eq!(content.read(i64::MAX as u64 - 8, &mut end), Ok(8));
        assert_eq!(end, [0; 8]);
    }

    #[test]
    fn a_clone_does_not_change() {
        let mut content = Content::from(Bytes::from_static(b"before"));
        let copy = content.clone();
        content.write(2, b"X").unwrap();
        content.set_len(4).unwrap();
        assert_eq!(
            (&content.to_bytes().unwrap()[..], &copy.to_bytes().unwrap()[..]),
            (&b"beXo"[..], &b"before"[..])
        );
    }
}
