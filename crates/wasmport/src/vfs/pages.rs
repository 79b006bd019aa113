//! `Pages`: the pages of a file that were written, which clones share.

use rpds::RedBlackTreeMapSync;
use triomphe::Arc;

/// Number of pages in a block.
const BLOCK: usize = 128;

/// The bytes of a page. It may be short: the rest are zeros.
///
/// This `Arc` has no weak references: whether a page is shared is read from memory that is not in the cache, and the one of
/// the standard library would wait for it to lock it.
type Page = Arc<[u8]>;

/// The pages of a file that were written, by their numbers. A clone takes constant time.
///
/// They are in blocks, so that the tree of a large file has few levels: the search for a page would otherwise take as long
/// as the copy of its bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages(RedBlackTreeMapSync<u64, [Option<Page>; BLOCK]>);

impl Pages {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, page: u64) -> Option<&Page> {
        let (block, index) = place(page);
        self.0.get(&block)?.get(index)?.as_ref()
    }

    /// Returns the number of the first page from `page` on.
    #[cfg(feature = "snapshot")]
    pub fn first_from(&self, page: u64) -> Option<u64> {
        let (first, index) = place(page);
        self.0.range(first..).find_map(|(block, pages)| {
            let skipped = if *block == first { index } else { 0 };
            let found = pages.iter().skip(skipped).position(Option::is_some)?;
            Some(block * BLOCK as u64 + (skipped + found) as u64)
        })
    }

    /// Returns a page for a change; a clone keeps its own.
    pub fn get_mut(&mut self, page: u64) -> Option<&mut [u8]> {
        let (block, index) = place(page);
        let page = self.0.get_mut(&block)?.get_mut(index)?.as_mut()?;
        if !page.is_unique() {
            *page = Arc::from(&**page);
        }
        Arc::get_mut(page)
    }

    pub fn insert(&mut self, page: u64, bytes: &[u8]) {
        let (block, index) = place(page);
        if !self.0.contains_key(&block) {
            self.0.insert_mut(block, std::array::from_fn(|_| None));
        }
        if let Some(slot) = self.0.get_mut(&block).and_then(|block| block.get_mut(index)) {
            *slot = Some(Arc::from(bytes));
        }
    }

    /// Removes all pages from `first` on.
    pub fn truncate(&mut self, first: u64) {
        let (block, index) = place(first);
        let is_kept = index > 0;
        let later = if is_kept { block.saturating_add(1) } else { block };
        let cut: Vec<u64> = self.0.range(later..).map(|(block, _)| *block).collect();
        for block in cut {
            let _ = self.0.remove_mut(&block);
        }
        let Some(last) = self.0.get_mut(&block).filter(|_| is_kept) else { return };
        last.iter_mut().skip(index).for_each(|page| *page = None);
        if last.iter().all(Option::is_none) {
            let _ = self.0.remove_mut(&block);
        }
    }

    /// Returns the pages in the order of their numbers.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Page)> {
        self.0.iter().flat_map(|(block, pages)| {
            let number = move |index: usize| block * BLOCK as u64 + index as u64;
            pages.iter().enumerate().filter_map(move |(i, page)| Some((number(i), page.as_ref()?)))
        })
    }
}

/// Returns the block of a page, and the index in it.
fn place(page: u64) -> (u64, usize) {
    (page / BLOCK as u64, (page % BLOCK as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_at_any_number() {
        let all = [0, 5, 127, 128, 200, 255, 256, 1000];
        for first in [0, 1, 5, 127, 128, 129, 255, 256, 257, 1000, 1001, u64::MAX] {
            let mut pages = Pages::default();
            all.iter().for_each(|page| pages.insert(*page, &[1]));
            let copy = pages.clone();
            pages.truncate(first);
            let left: Vec<u64> = pages.iter().map(|(page, _)| page).collect();
            assert_eq!(left, all.iter().copied().filter(|page| *page < first).collect::<Vec<_>>());
            assert_eq!(pages.is_empty(), left.is_empty());
            assert_eq!(copy.iter().count(), all.len());
            #[cfg(feature = "snapshot")]
            assert_eq!(copy.first_from(first), all.into_iter().find(|page| *page >= first));
        }
    }
}
