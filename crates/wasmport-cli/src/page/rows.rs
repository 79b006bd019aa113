//! Rows of tables, as many as fit into a number of bytes.

/// The bytes of a row besides its text.
const ROW: usize = 60;

/// The bytes of a cell besides its text.
const CELL: usize = 24;

/// Returns the bytes of text in HTML.
pub(super) fn escaped_len(text: &str) -> usize {
    text.len() + 5 * text.bytes().filter(|byte| b"<>&\"'".contains(byte)).count()
}

/// Returns the bytes of a row whose cells have these bytes of text.
pub(super) fn row_len(cells: &[usize]) -> usize {
    ROW + cells.iter().map(|len| CELL + len).sum::<usize>()
}

/// Takes rows until they have `most` bytes, and returns how many are left out.
pub(super) fn within<T>(
    rows: impl ExactSizeIterator<Item = T>,
    most: usize,
    cells: impl Fn(&T) -> Vec<usize>,
) -> (Vec<T>, usize) {
    let all = rows.len();
    let (mut taken, mut used) = (Vec::new(), 0_usize);
    for row in rows {
        used += row_len(&cells(&row));
        if used > most {
            break;
        }
        taken.push(row);
    }
    let left = all - taken.len();
    (taken, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_bounded_in_bytes() {
        let rows: Vec<String> = (0..100).map(|_| "<".repeat(100)).collect();
        let (taken, left) = within(rows.into_iter(), 10_000, |row| vec![escaped_len(row)]);
        assert_eq!((taken.len(), left), (14, 86));
        assert_eq!(within([1, 2].into_iter(), 10_000, |_| vec![1]), (vec![1, 2], 0));
    }
}
