//! Ranges of bytes that may overlap, each with the bytes that are its own.

/// A range of bytes with its owner.
pub(super) struct Range<T> {
    pub start: u64,
    pub len: u64,
    pub owner: T,
}

/// Returns the owners in the order of their ranges, each with the number of bytes that no range in front of it has and
/// that lie in front of `end`. So the numbers add up to `end` at most, whatever a file claims.
pub(super) fn own_bytes<T>(mut ranges: Vec<Range<T>>, end: u64) -> Vec<(T, u64)> {
    ranges.sort_by_key(|range| range.start);
    let mut covered = 0_u64;
    let own = ranges.into_iter().map(|Range { start, len, owner }| {
        let last = start.saturating_add(len).min(end);
        let own = last.saturating_sub(start.max(covered));
        covered = covered.max(last);
        (owner, own)
    });
    own.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_counts_twice() {
        let range = |start, len, owner| Range { start, len, owner };
        let ranges = vec![range(10, 10, 'b'), range(0, 12, 'a'), range(15, u64::MAX, 'c')];
        assert_eq!(own_bytes(ranges, 30), [('a', 12), ('b', 8), ('c', 10)]);
        let outside = vec![range(40, 10, 'a'), range(u64::MAX, u64::MAX, 'b')];
        assert_eq!(own_bytes(outside, 30), [('a', 0), ('b', 0)]);
    }
}
