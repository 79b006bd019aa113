//! `Version`: a version of an interface, with its names in Rust; the order of versions.

use std::cmp::Ordering;
use std::path::Path;

/// A version of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Its name in the settings.
    pub name: String,
    /// Name of its Rust module.
    pub module: String,
    /// Name of its variant in enums.
    pub variant: String,
    /// The world `path/to/wit#name`, or the path of a module.
    pub description: String,
}

impl Version {
    pub fn new(name: &str, description: &str) -> Self {
        let words =
            name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let words = words.collect::<Vec<_>>().join("_").to_lowercase();
        let module = if words.starts_with(|c: char| c.is_ascii_digit()) {
            format!("v{words}")
        } else {
            words
        };
        let variant = camel_case(&module);
        Self { name: name.into(), module, variant, description: description.into() }
    }

    /// Returns whether a module describes it, and not a world.
    pub fn is_module(&self) -> bool {
        let path = Path::new(&self.description);
        path.extension().is_some_and(|extension| extension == "wat" || extension == "wasm")
    }

    /// Returns the path of the file or folder that describes it.
    pub fn path(&self) -> &str {
        if self.is_module() { &self.description } else { world_path(&self.description).0 }
    }
}

/// Returns the name of a module as that of a variant. Only numbers need something between them.
fn camel_case(module: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut camel = String::new();
    for word in module.split('_') {
        if camel.ends_with(is_digit) && word.starts_with(is_digit) {
            camel.push('_');
        }
        let mut letters = word.chars();
        camel.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        camel.extend(letters);
    }
    camel
}

/// Splits `path/to/wit#name` into the path and the name.
pub(crate) fn world_path(world: &str) -> (&str, Option<&str>) {
    match world.rsplit_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (world, None),
    }
}

/// Compares names so that numbers in them count as numbers, and that a version comes behind those that lead to it:
/// `v2` is before `v10`, and `1.0.0-rc.1` before `1.0.0`.
pub(super) fn natural(one: &str, other: &str) -> Ordering {
    let (mut one_rest, mut other_rest) = (one, other);
    loop {
        let (one_part, other_part) = (part(&mut one_rest), part(&mut other_rest));
        let ordering = key(one_part).cmp(&key(other_part));
        if ordering != Ordering::Equal || one_part.is_empty() {
            return ordering.then_with(|| one.cmp(other));
        }
    }
}

/// Returns what a part of a name is compared by: the end of a name is behind a dash, and numbers are in the order of
/// their lengths.
fn key(part: &str) -> (u8, &str, usize, &str) {
    let rank = if part.starts_with('-') { 0 } else { 1 + u8::from(!part.is_empty()) };
    let digits = part.trim_start_matches('0');
    match part.starts_with(|c: char| c.is_ascii_digit()) {
        // All numbers are together.
        true => (rank, "0", digits.len(), digits),
        false => (rank, part, 0, ""),
    }
}

/// Splits off the digits at the beginning, or everything before the first digit.
fn part<'a>(text: &mut &'a str) -> &'a str {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(text.len());
    let (part, rest) = text.split_at(end);
    *text = rest;
    part
}
