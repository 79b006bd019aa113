//! `Room`: the bytes of a page that the parts of an asset may have.

/// The largest number of assets among which the functions of a page are divided.
const MOST_SHARES: usize = 40;

/// The bytes of the page that each part of an asset may have, as estimated before it is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The table of imports, and that of exports.
    pub table: usize,
    /// The table of functions.
    pub functions: usize,
    /// All treemaps.
    pub tiles: usize,
    /// The code of one function.
    pub code: usize,
}

impl Room {
    /// Returns the room of one of several assets.
    pub fn of_one_of(assets: usize) -> Self {
        let shares = assets.clamp(1, MOST_SHARES);
        Self {
            table: 300_000,
            functions: 1_200_000 / shares,
            tiles: 600_000 / shares,
            code: 900_000 / shares.min(10),
        }
    }

    /// Returns a part of the room, for an asset that did not fit.
    pub fn divided(self, by: usize) -> Self {
        let by = by.max(1);
        Self {
            table: self.table / by,
            functions: self.functions / by,
            tiles: self.tiles / by,
            code: self.code / by,
        }
    }
}

/// The bytes of a page that an asset may need although others follow.
const RESERVE: usize = 40_000;

/// Returns how many of the `left` bytes of a page an asset may have if `waiting` others follow: an equal share, or more if
/// the others have enough then.
pub(super) fn share(left: usize, waiting: usize) -> usize {
    let equal = left / waiting.saturating_add(1);
    let generous = left.saturating_sub(waiting.saturating_mul(RESERVE));
    equal.max(generous).max(RESERVE).min(left)
}

/// Divides bytes among parts. What a part does not need is left to the others.
pub(super) fn shares(needs: &[usize], bytes: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|part| needs[*part]);
    let (mut left, mut shares) = (bytes, vec![0; needs.len()]);
    for (done, part) in order.into_iter().enumerate() {
        shares[part] = needs[part].min(left / (needs.len() - done));
        left -= shares[part];
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_divided_by_need() {
        assert_eq!(shares(&[10, 500, 1000], 300), [10, 145, 145]);
        assert_eq!(shares(&[10, 20], 300), [10, 20]);
        assert_eq!(shares(&[], 300), [0_usize; 0]);
    }

    #[test]
    fn an_asset_leaves_room_for_the_others() {
        assert_eq!(share(1_000_000, 0), 1_000_000);
        assert_eq!(share(1_000_000, 1), 1_000_000 - RESERVE);
        assert_eq!(share(1_000_000, 2000), RESERVE);
        assert_eq!(share(1000, 2000), 1000);
    }

    #[test]
    fn room_shrinks() {
        let all = Room::of_one_of(1);
        assert!(all.divided(2).functions < all.functions && all.divided(1000).code < 1000);
        assert_eq!(all.divided(0), all);
    }
}
