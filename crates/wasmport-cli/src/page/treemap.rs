//! Treemaps: rectangles for sections and functions, as large as their bytes.

use super::cut;
use crate::text::bytes;
use streemap::Rect;
use wasmport_build::sizes::{OTHER, Sizes};

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

const NOWHERE: Rect<f32> = Rect { x: 0.0, y: 0.0, w: 0.0, h: 0.0 };

impl Part {
    fn new(name: String, class: &'static str, bytes: u64) -> Self {
        Self { name, class, bytes, is_function: false, area: NOWHERE }
    }
}

/// Draws the sections of a file, and in the code its `most` largest functions.
pub(super) fn treemap(title: String, sizes: &Sizes, most: usize) -> Treemap {
    let mut parts = sections(sizes);
    let whole = Rect { x: 0.0, y: 0.0, w: WIDTH, h: HEIGHT };
    layout(whole, &mut parts);
    let mut tiles = Vec::new();
    for part in parts {
        if part.class != CODE {
            tiles.push(tile(&part, sizes.bytes));
            continue;
        }
        let mut functions = functions(sizes, part.bytes, most);
        layout(part.area, &mut functions);
        tiles.extend(functions.iter().map(|part| tile(part, sizes.bytes)));
    }
    Treemap { title, tiles }
}

const CODE: &str = "t-code";

/// The largest number of sections; the others are drawn as one.
const MOST_SECTIONS: usize = 30;

fn sections(sizes: &Sizes) -> Vec<Part> {
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
    let rest: u64 = parts.drain(MOST_SECTIONS.min(parts.len())..).map(|part| part.bytes).sum();
    parts.push(Part::new("smaller sections".into(), "t-other", rest));
    parts.push(Part::new("code".into(), CODE, code));
    sorted(parts)
}

/// Returns the functions, and the other bytes of the code.
fn functions(sizes: &Sizes, code: u64, most: usize) -> Vec<Part> {
    let mut largest: Vec<_> = sizes.functions.iter().collect();
    largest.sort_by_key(|function| std::cmp::Reverse(function.bytes));
    let mut parts = Vec::new();
    let (mut shown, mut smaller) = (0, sizes.unlisted.functions);
    for function in largest {
        if parts.len() >= most {
            smaller += 1;
            continue;
        }
        shown += function.bytes;
        let name = super::functions::name(function);
        let class = if function.index.is_some() { "t-function" } else { "t-glue" };
        parts.push(Part { is_function: true, ..Part::new(name, class, function.bytes) });
    }
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
        let all = treemap("a".into(), &sizes, 100);
        let sum: f64 = all.tiles.iter().map(area).sum();
        let picture = f64::from(WIDTH * HEIGHT);
        assert!((sum / picture - 1.0).abs() < 0.05, "{sum} of {picture}");
        let large = all.tiles.iter().find(|tile| tile.label.starts_with("large")).unwrap();
        let expected = picture * 1000.0 / sizes.bytes as f64;
        assert!((area(large) / expected - 1.0).abs() < 0.05, "{} of {expected}", area(large));
        assert_eq!(large.function.as_deref(), Some("large"));
        let few = treemap("a".into(), &sizes, 1);
        assert!(few.tiles.iter().any(|tile| tile.label.starts_with("2 smaller functions")));
        assert!(all.tiles.iter().all(|tile| tile.x.parse::<f64>().is_ok_and(f64::is_finite)));
    }
}
