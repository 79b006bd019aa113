//! Pictures of pages, compared coarsely: the average colours of the cells of a grid.
//!
//! Fonts differ between machines: a grid shows missing parts and wrong colours, and no letters.

use crate::Result;
use std::fmt::Write as _;
use std::path::Path;

/// The number of columns and rows.
const COLUMNS: usize = 16;
const ROWS: usize = 9;

/// The largest difference of a cell's red, green or blue, and the largest on average.
const MOST: i32 = 60;
const MOST_ON_AVERAGE: i32 = 12;

type Grid = Vec<[i32; 3]>;

/// Compares a picture with the golden one, and returns what differs. With `bless` it becomes the golden one.
pub(crate) fn compare(name: &str, png: &[u8], bless: bool) -> Result<Option<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens").join(format!("{name}.txt"));
    let grid = of(png)?;
    if bless {
        std::fs::write(path, text(&grid)?)?;
        return Ok(None);
    }
    let golden = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let golden = parse(&golden).ok_or("the golden picture is damaged")?;
    let differences = grid
        .iter()
        .zip(&golden)
        .flat_map(|(own, golden)| own.iter().zip(golden).map(|(own, golden)| (own - golden).abs()));
    let differences: Vec<i32> = differences.collect();
    let most = differences.iter().copied().max().unwrap_or(0);
    let average = differences.iter().sum::<i32>() / i32::try_from(differences.len().max(1))?;
    let is_other = most > MOST || average > MOST_ON_AVERAGE || grid.len() != golden.len();
    Ok(is_other.then(|| {
        format!("it looks different: {name} differs by {most} of 255, and {average} on average")
    }))
}

fn of(png: &[u8]) -> Result<Grid> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let samples = info.color_type.samples();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut sums = vec![[0_u64; 4]; COLUMNS * ROWS];
    for (index, pixel) in pixels.chunks_exact(samples).take(width * height).enumerate() {
        let (x, y) = (index % width, index / width);
        let cell = (y * ROWS / height) * COLUMNS + x * COLUMNS / width;
        for part in 0..3 {
            sums[cell][part] += u64::from(pixel[if samples < 3 { 0 } else { part }]);
        }
        sums[cell][3] += 1;
    }
    let average =
        |sum: [u64; 4]| [0, 1, 2].map(|part| i32::try_from(sum[part] / sum[3].max(1)).unwrap_or(0));
    Ok(sums.into_iter().map(average).collect())
}

fn text(grid: &Grid) -> Result<String> {
    let mut text = String::new();
    for row in grid.chunks(COLUMNS) {
        for [r, g, b] in row {
            write!(text, "{r:02x}{g:02x}{b:02x} ")?;
        }
        text = text.trim_end().to_owned();
        text.push('\n');
    }
    Ok(text)
}

fn parse(text: &str) -> Option<Grid> {
    let cell = |word: &str| {
        let part = |at: usize| i32::from_str_radix(word.get(at..at + 2)?, 16).ok();
        Some([part(0)?, part(2)?, part(4)?])
    };
    text.split_whitespace().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_text() {
        let grid: Grid = (0..144).map(|i| [i, 255 - i, 7]).collect();
        let text = text(&grid).unwrap();
        assert_eq!(text.lines().count(), ROWS);
        assert_eq!(parse(&text), Some(grid));
        assert_eq!(parse("12345"), None);
    }
}
