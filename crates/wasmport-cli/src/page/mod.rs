//! Pages of the inspector: one file of HTML, which needs no network and works without JavaScript.

mod asset;
mod code;
mod functions;
mod room;
mod rows;
mod treemap;

use crate::text::{bytes, plain};
use askama::Template;
use asset::AssetPage;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use room::{Room, share};
use rows::{escaped_len, row_len, within};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use wasmport_build::inspector::{AssetOverview, EngineSetting, Overview, write_page};

/// The size in bytes that a page does not exceed: further assets are in its table alone.
const LARGEST: usize = 2_900_000;

/// The bytes of the page besides assets, rows, warnings, style and script.
const FRAME: usize = 20_000;

/// The largest number of assets in the table, and the bytes of the page that they may have.
const MOST_ASSETS: usize = 2000;
const LARGEST_ROWS: usize = 700_000;

/// The largest number of warnings, and the bytes of the page that they may have.
const MOST_WARNINGS: usize = 200;
const LARGEST_WARNINGS: usize = 100_000;

/// The number of times that an asset is rendered with less room until it fits, and the bytes below which it is not tried.
const MOST_TRIES: usize = 6;
const SMALLEST: usize = 3000;

/// The longest text of a cell in characters.
const LONGEST: usize = 160;

const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");

/// A page cannot be written.
#[derive(Debug)]
pub(crate) enum PageError {
    Render(askama::Error),
    Write(wasmport_build::Error),
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Render(error) => write!(f, "the page cannot be rendered: {error}"),
            Self::Write(error) => error.fmt(f),
        }
    }
}

/// The result of `inspect --html` as JSON.
#[derive(Serialize)]
pub(crate) struct Written<'a> {
    page: &'a Path,
    bytes: usize,
    #[serde(flatten)]
    overview: &'a Overview,
}

impl<'a> Written<'a> {
    pub fn new(page: &'a Path, bytes: usize, overview: &'a Overview) -> Self {
        Self { page, bytes, overview }
    }
}

/// Returns the line that says where the page is.
pub(crate) fn line(path: &Path, len: usize) -> String {
    plain(&format!("page: {} ({})", path.display(), bytes(len as u64)))
}

/// Returns the title of a page about files.
pub(crate) fn title_of_files(files: &[PathBuf]) -> String {
    let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match files {
        [one] => name(one),
        files => format!("{} files", files.len()),
    }
}

/// Renders and writes a page, and returns its length in bytes.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub(crate) fn write(path: &Path, title: &str, overview: &Overview) -> Result<usize, PageError> {
    let page = render(title, overview).map_err(PageError::Render)?;
    write_page(path, &page).map_err(PageError::Write)?;
    Ok(page.len())
}

/// The page as a whole.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: String,
    overview: &'a Overview,
    style: &'static str,
    script: &'static str,
    /// The digest by which the browser runs the one script of the page, and no other.
    script_digest: String,
    rows: Vec<AssetRow>,
    more_assets: usize,
    /// The rendered assets. Their text is escaped already.
    assets: Vec<String>,
    warnings: Vec<String>,
    more_warnings: usize,
    engine: Vec<&'a EngineSetting>,
    changed: usize,
    host: String,
}

/// An asset in the table of all assets.
struct AssetRow {
    /// The number of its part of the page; none if the page would be too large with it.
    id: Option<usize>,
    source: String,
    what: &'static str,
    kind: &'static str,
    status: &'static str,
    wasm: u64,
    artifacts: usize,
    stored: u64,
}

impl AssetRow {
    /// Returns the bytes of the cells. The status is a class too, and the source may be a link.
    fn cells(&self) -> Vec<usize> {
        let numbers = [self.wasm, self.artifacts as u64, self.stored];
        let digits = numbers.into_iter().map(|number| number.to_string().len());
        let texts = [escaped_len(&self.source) + 30, self.what.len(), self.kind.len()];
        texts.into_iter().chain([2 * self.status.len()]).chain(digits).collect()
    }
}

fn render(title: &str, overview: &Overview) -> askama::Result<String> {
    let interfaces = overview.interfaces.iter().map(|asset| (asset, "interface"));
    let all = overview.assets.iter().map(|asset| (asset, "asset")).chain(interfaces);
    let all: Vec<(&AssetOverview, &'static str)> = all.collect();
    let listed = all.iter().take(MOST_ASSETS).map(|&(asset, what)| row(asset, what));
    let (mut rows, _) = within(listed, LARGEST_ROWS, AssetRow::cells);
    let warnings = overview.warnings.iter().take(MOST_WARNINGS).map(|text| cell(text));
    let warning_cells = |text: &String| vec![escaped_len(text)];
    let (warnings, _) = within(warnings, LARGEST_WARNINGS, warning_cells);
    let used = rows.iter().map(|row| row_len(&row.cells())).sum::<usize>()
        + warnings.iter().map(|text| row_len(&warning_cells(text))).sum::<usize>();
    let mut left = LARGEST.saturating_sub(STYLE.len() + SCRIPT.len() + FRAME + used);
    let mut assets = Vec::new();
    let count = rows.len();
    for (index, (row, (asset, _))) in rows.iter_mut().zip(&all).enumerate() {
        let allowed = share(left, count - index - 1);
        if let Some(page) = details(asset, assets.len(), all.len(), allowed)? {
            left -= page.len();
            row.id = Some(assets.len());
            assets.push(page);
        }
    }
    let mut engine: Vec<&EngineSetting> = overview.engine.iter().collect();
    engine.sort_by_key(|setting| setting.is_default);
    let digest = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    let page = Page {
        title: cell(title),
        overview,
        style: STYLE,
        script: SCRIPT,
        script_digest: digest,
        more_assets: all.len() - rows.len(),
        rows,
        assets,
        more_warnings: overview.warnings.len() - warnings.len(),
        warnings,
        changed: engine.iter().filter(|setting| !setting.is_default).count(),
        engine,
        host: overview.host.to_string(),
    };
    page.render()
}

/// Renders an asset into at most `allowed` bytes, with less and less of it. Returns none if it does not fit.
fn details(
    asset: &AssetOverview,
    id: usize,
    assets: usize,
    allowed: usize,
) -> askama::Result<Option<String>> {
    let mut room = Room::of_one_of(assets);
    for _ in 0..MOST_TRIES {
        if allowed < SMALLEST {
            break;
        }
        let page = AssetPage::new(asset, id, assets, room).render()?;
        if page.len() <= allowed {
            return Ok(Some(page));
        }
        room = room.divided(page.len() / allowed + 1);
    }
    Ok(None)
}

fn row(asset: &AssetOverview, what: &'static str) -> AssetRow {
    AssetRow {
        id: None,
        source: cell(&asset.source),
        what,
        kind: asset.kind.name(),
        status: asset::status(asset.status),
        wasm: asset.sizes.as_ref().map_or(0, |sizes| sizes.bytes),
        artifacts: asset.artifacts.len(),
        stored: asset.artifacts.iter().map(|artifact| artifact.bytes).sum(),
    }
}

/// Returns text for a cell: without control characters, and cut if it is long.
fn cell(text: &str) -> String {
    cut(text, LONGEST)
}

/// Returns text without control characters, and cut after a number of characters.
fn cut(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    plain(&short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short_and_plain() {
        assert_eq!(cell("a"), "a");
        assert_eq!(cell(&"é".repeat(200)).chars().count(), LONGEST + 1);
        let hostile = cell("\u{1b}[31m\u{202e}\0\n");
        assert!(!hostile.contains(['\u{1b}', '\u{202e}', '\0', '\n']), "{hostile:?}");
    }
}
