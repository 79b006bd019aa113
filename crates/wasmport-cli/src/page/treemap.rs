//! Treemaps: rectangles for sections and functions, as large as their bytes.

use super::cut;
use super::rows::escaped_len;
use crate::text::bytes;
use streemap::Rect;
use wasmport_build::sizes::{FunctionSize, OTHER, Sizes};

/// The width and height in units of the picture.
const WIDTH: f32 = 1000.0;
const HEIGHT: f32 = 420.0;

/// The smallest width and height of a rectangle with a label, and the width of a character.
const LABEL: (f32, f32) = (44.0, 15.0);
const CHARACTER: f32 = 6.6;

/// A rectangle.
pub(super) struct Tile {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
    /// The class that decides its colour.
    pub class: &'static str,
    /// The name, with bytes and share.
    pub label: String,
    /// The text in it, if there is room.
    pub text: Option<String>,
    /// The baseline and the left end of the text.
    pub text_at: (String, String),
    /// The name of the function, for the search.
    pub function: Option<String>,
}

/// A picture of the bytes of a file.
pub(super) struct Treemap {
    pub title: String,
    pub tiles: Vec<Tile>,
}

/// A part of a file.
struct Part {
    name: String,
    class: &'static str,
    bytes: u64,
    is_function: bool,
    area: Rect<f32>,
}

/// The bytes of a rectangle in the page besides names.
const TILE: usize = 300;

const NOWHERE: Rect<f32> = Rect { x: 0.0, y: 0.0, w: 0.0, h: 0.0 };

impl Part {
    fn new(name: String, class: &'static str, bytes: u64) -> Self {
        Self { name, class, bytes, is_function: false, area: NOWHERE }
    }

    /// Returns the bytes of the rectangle in the page: it may name the part in two labels, in its text and for the search.
    fn html_len(&self) -> usize {
        TILE + 4 * escaped_len(&self.name)
    }
}

/// Returns the number of parts in front that fit into `room` bytes of the page, at most `most`.
fn fitting(parts: &[Part], most: usize, room: usize) -> usize {
    let mut used = 0;
    let fits = |part: &&Part| {
        used += part.html_len();
        used <= room
    };
    parts.iter().take(most).take_while(fits).count()
}

/// Draws the sections of a file, and in the code its `most` largest functions, or fewer if they have more than `room` bytes
/// of the page.
pub(super) fn treemap(title: String, sizes: &Sizes, most: usize, room: usize) -> Treemap {
    let of_sections = room / 3;
    let mut parts = sections(sizes, of_sections);
    let whole = Rect { x: 0.0, y: 0.0, w: WIDTH, h: HEIGHT };
    layout(whole, &mut parts);
    let mut tiles = Vec::new();
    for part in parts {
        if part.class != CODE {
            tiles.push(tile(&part, sizes.bytes));
            continue;
        }
        let mut functions = functions(sizes, part.bytes, most, room - of_sections);
        layout(part.area, &mut functions);
        tiles.extend(functions.iter().map(|part| tile(part, sizes.bytes)));
    }
    Treemap { title, tiles }
}

const CODE: &str = "t-code";

/// The largest number of sections; the others are drawn as one.
const MOST_SECTIONS: usize = 30;

fn sections(sizes: &Sizes, room: usize) -> Vec<Part> {
    let mut code = 0;
    let mut parts: Vec<Part> = Vec::new();
    for section in &sizes.sections {
        if section.name == "code" || section.name == ".text" {
            code += section.bytes;
            continue;
        }
        let name = match section.module.filter(|module| *module > 0) {
            Some(module) => format!("{} of module {module}", section.name),
            None => section.name.clone(),
        };
        parts.push(Part::new(cut(&name, 80), class(&section.name), section.bytes));
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    let shown = fitting(&parts, MOST_SECTIONS, room);
    let rest: u64 = parts.drain(shown..).map(|part| part.bytes).sum();
    parts.push(Part::new("smaller sections".into(), "t-other", rest));
    parts.push(Part::new("code".into(), CODE, code));
    sorted(parts)
}

/// Returns the functions, and the other bytes of the code.
fn functions(sizes: &Sizes, code: u64, most: usize, room: usize) -> Vec<Part> {
    let mut largest: Vec<_> = sizes.functions.iter().collect();
    largest.sort_by_key(|function| std::cmp::Reverse(function.bytes));
    let part = |function: &&FunctionSize| {
        let name = super::functions::name(function);
        let class = if function.index.is_some() { "t-function" } else { "t-glue" };
        Part { is_function: true, ..Part::new(name, class, function.bytes) }
    };
    let mut parts: Vec<Part> = largest.iter().take(most).map(part).collect();
    parts.truncate(fitting(&parts, most, room));
    let shown: u64 = parts.iter().map(|part| part.bytes).sum();
    let smaller = (largest.len() - parts.len()) as u64 + sizes.unlisted.functions;
    let rest = code.saturating_sub(shown);
    let name = match smaller {
        0 => "between functions".to_owned(),
        1 => "1 smaller function".to_owned(),
        many => format!("{many} smaller functions"),
    };
    parts.push(Part::new(name, "t-rest", rest));
    sorted(parts)
}

/// Removes parts without bytes, and sorts the others as the layout needs them.
fn sorted(mut parts: Vec<Part>) -> Vec<Part> {
    parts.retain(|part| part.bytes > 0);
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts
}

fn layout(area: Rect<f32>, parts: &mut [Part]) {
    if !parts.is_empty() && area.w > 0.0 && area.h > 0.0 {
        streemap::squarify(area, parts, |part| part.bytes as f32, |part, area| part.area = area);
    }
}

fn class(section: &str) -> &'static str {
    match section {
        "data" | "element" | ".rodata.wasm" => "t-data",
        OTHER | "header" | "ELF header" | "ELF section headers" => "t-other",
        name if name.starts_with(".wasmtime") || name.starts_with(".eh_frame") => "t-tables",
        name if name.starts_with('"') || name == ".name.wasm" => "t-custom",
        ".symtab" | ".strtab" | ".shstrtab" => "t-custom",
        _ => "t-types",
    }
}

fn tile(part: &Part, all: u64) -> Tile {
    let Rect { x, y, w, h } = part.area;
    let share = part.bytes as f64 * 100.0 / all.max(1) as f64;
    let room = ((w - 8.0) / CHARACTER).max(0.0) as usize;
    let text = (w >= LABEL.0 && h >= LABEL.1).then(|| cut(&part.name, room.saturating_sub(1)));
    let number = |value: f32| format!("{value:.1}");
    Tile {
        x: number(x),
        y: number(y),
        // A gap between rectangles.
        width: number((w - 1.0).max(0.4)),
        height: number((h - 1.0).max(0.4)),
        class: part.class,
        label: format!("{}: {} ({share:.1} %)", part.name, bytes(part.bytes)),
        text,
        text_at: (number(x + 4.0), number(y + 12.0)),
        function: part.is_function.then(|| part.name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn area(tile: &Tile) -> f64 {
        let [width, height] = [&tile.width, &tile.height].map(|text| text.parse::<f64>().unwrap());
        (width + 1.0) * (height + 1.0)
    }

    #[test]
    fn rectangles_fill_the_picture_in_proportion() {
        let nops = "nop ".repeat(1000);
        let wat = format!(
            "(module (memory 1) (data \"{}\") (func $large {nops}) (func $small nop) (func $tiny))",
            "x".repeat(500)
        );
        let sizes = wasmport_build::sizes::of_bytes(Path::new("a.wat"), wat.as_bytes()).unwrap();
        let all = treemap("a".into(), &sizes, 100, 100_000);
        let sum: f64 = all.tiles.iter().map(area).sum();
        let picture = f64::from(WIDTH * HEIGHT);
        assert!((sum / picture - 1.0).abs() < 0.05, "{sum} of {picture}");
        let large = all.tiles.iter().find(|tile| tile.label.starts_with("large")).unwrap();
        let expected = picture * 1000.0 / sizes.bytes as f64;
        assert!((area(large) / expected - 1.0).abs() < 0.05, "{} of {expected}", area(large));
        assert_eq!(large.function.as_deref(), Some("large"));
        let few = treemap("a".into(), &sizes, 1, 100_000);
        assert!(few.tiles.iter().any(|tile| tile.label.starts_with("2 smaller functions")));
        assert!(all.tiles.iter().all(|tile| tile.x.parse::<f64>().is_ok_and(f64::is_finite)));
    }

    #[test]
    fn rectangles_are_bounded_in_bytes() {
        let functions = (0..100).map(|n| format!("(func $\"{}{n}\" nop)", "&".repeat(150)));
        let sections = (0..25).map(|n| format!("(@custom \"{}{n}\" \"\")", "&".repeat(70)));
        let parts: String = functions.chain(sections).collect();
        let wat = format!("(module {parts})");
        let sizes = wasmport_build::sizes::of_bytes(Path::new("a.wat"), wat.as_bytes()).unwrap();
        let map = treemap("a".into(), &sizes, 100, 60_000);
        let name = |tile: &Tile| tile.function.as_deref().map_or(0, escaped_len);
        let len = |tile: &Tile| TILE + 2 * escaped_len(&tile.label) + name(tile);
        let bytes: usize = map.tiles.iter().map(len).sum();
        assert!((20_000..60_000).contains(&bytes), "{bytes} in {} tiles", map.tiles.len());
        let has = |text: &str| map.tiles.iter().any(|tile| tile.label.contains(text));
        assert!(has("smaller functions") && has("smaller sections"));
    }
}
