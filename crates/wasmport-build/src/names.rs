//! Conversion of any text to Rust identifiers: deterministic, unique and stable.
//!
//! A name that is an identifier stays. If several names convert to the same identifier, the others get a
//! suffix from their own digest, which does not depend on the order or on other names.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use std::collections::{BTreeMap, BTreeSet};
use wasmport::Digest;

/// The maximal length of an identifier in bytes; longer names are truncated and get a suffix.
const MAX_LEN: usize = 64;

/// Rust's keywords of all editions, and names that cannot be raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A name to convert to an identifier.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    text: String,
    key: String,
}

impl Request {
    /// Creates a request with the text as its key.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), key: text.into() }
    }

    /// Sets the key that distinguishes this name from others with the same text.
    #[must_use]
    pub fn keyed_by(mut self, key: &str) -> Self {
        self.key = key.into();
        self
    }

    /// Creates a request for the setter of a global. Its key differs from that of an export with the same
    /// text.
    pub fn setter_of(name: &str) -> Self {
        Self { text: format!("set-{name}"), key: format!("set {name}") }
    }
}

/// Converts each request to an identifier in snake case. All are unique, and none is in `reserved`.
pub(crate) fn snake_case(requests: &[Request], reserved: &[&str]) -> Vec<String> {
    let bases: Vec<Base> = requests.iter().map(|r| Base::of(&r.text, reserved)).collect();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, base) in bases.iter().enumerate() {
        groups.entry(&base.ident).or_default().push(i);
    }
    let mut taken: BTreeSet<String> = groups.keys().map(ToString::to_string).collect();
    let mut idents = vec![String::new(); requests.len()];
    for (ident, members) in &groups {
        let unsuffixed = match members.as_slice() {
            [only] => Some(*only),
            _ => {
                let mut exact = members.iter().copied().filter(|i| bases[*i].exact);
                exact.next().filter(|_| exact.next().is_none())
            }
        };
        for &i in members {
            idents[i] = if Some(i) == unsuffixed && !bases[i].truncated {
                (*ident).to_string()
            } else {
                suffixed(ident, &requests[i].key, &mut taken)
            };
        }
    }
    idents
}

/// Appends as many digits of the key's digest as make the identifier unique.
fn suffixed(ident: &str, key: &str, taken: &mut BTreeSet<String>) -> String {
    let digest = Digest::of(key.as_bytes()).to_string();
    let trimmed = ident.trim_end_matches('_');
    (4..=digest.len())
        .map(|len| format!("{trimmed}_{}", &digest[..len]))
        .find(|candidate| taken.insert(candidate.clone()))
        // Only requests with equal keys get here; callers pass distinct keys.
        .unwrap_or_else(|| format!("{trimmed}_{digest}_{}", taken.len()))
}

/// An identifier before suffixes.
struct Base {
    ident: String,
    /// The text is this identifier.
    exact: bool,
    /// The text was truncated.
    truncated: bool,
}

impl Base {
    fn of(text: &str, reserved: &[&str]) -> Self {
        let mut ident = if is_snake_case(text) { text.to_string() } else { to_snake_case(text) };
        if ident.is_empty() || ident.bytes().all(|b| b == b'_') {
            ident = "unnamed".into();
        }
        if ident.starts_with(|c: char| c.is_ascii_digit()) {
            ident.insert(0, '_');
        }
        let truncated = ident.len() > MAX_LEN;
        ident.truncate(MAX_LEN);
        if KEYWORDS.contains(&ident.as_str()) || reserved.contains(&ident.as_str()) {
            ident.push('_');
        }
        Self { exact: ident == text, ident, truncated }
    }
}

/// Returns whether [`snake_case`] can return `text`.
pub(crate) fn is_identifier(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    starts_well && text != "_" && is_snake_case(text) && !KEYWORDS.contains(&text)
}

/// Returns whether `text` is an identifier of any case that is no keyword.
pub(crate) fn is_rust_identifier(text: &str) -> bool {
    let is_part = |c: char| c == '_' || c.is_alphanumeric();
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
        && text != "_"
        && text != "Self"
        && text.chars().all(is_part)
        && !KEYWORDS.contains(&text)
}

/// Returns the name of an interface without its version.
pub(crate) fn unversioned(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// Returns the known name nearest to `unknown`, if one is near enough to be a misspelling of it.
pub(crate) fn nearest<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(unknown, name);
    let near = known.into_iter().filter(|name| *name != unknown && !name.is_empty());
    // Comparing takes time in proportion to both lengths, and a long name is no misspelling of a short one.
    let near = near.filter(|name| name.len().abs_diff(unknown.len()) <= 1 + unknown.len() / 3);
    let mut near: Vec<_> = near.map(|name| (distance(name), name)).collect();
    near.sort_unstable();
    near.dedup();
    let (distance, name) = *near.first()?;
    // `v9` is as near to `v2` as to `v3`.
    let is_one_of_many = unknown.len() < 4 && near.get(1).is_some_and(|next| next.0 == distance);
    (distance <= 1 + unknown.len() / 3 && !is_one_of_many).then_some(name)
}

fn is_snake_case(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn to_snake_case(text: &str) -> String {
    let leading = text.len() - text.trim_start_matches('_').len();
    format!("{}{}", &text[..leading], ascii(text).to_snake_case())
}

/// Replaces characters outside of ASCII: rustc warns about confusable ones.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Converts the name of an asset to a type name.
pub(crate) fn type_name(ident: &str) -> String {
    let name = ascii(ident).to_upper_camel_case();
    match name.chars().next() {
        None => "Asset".into(),
        Some(c) if c.is_ascii_digit() => format!("Asset{name}"),
        // `Self` is a keyword, the others are type parameters of generated code.
        Some(_) if ["Self", "T", "H"].contains(&name.as_str()) => format!("{name}Asset"),
        Some(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idents(names: &[&str]) -> Vec<String> {
        let requests: Vec<Request> = names.iter().map(|name| Request::new(name)).collect();
        snake_case(&requests, &["new"])
    }

    #[test]
    fn identifiers_stay_and_others_are_converted() {
        assert_eq!(
            idents(&["add", "getValue", "foo-bar", "__heap_base", "_start", "A::b(c)", "größe"]),
            ["add", "get_value", "foo_bar", "__heap_base", "_start", "a_b_c", "gr_e"]
        );
    }

    #[test]
    fn fault_13_keywords_digits_and_empty_names() {
        assert_eq!(
            idents(&["type", "self", "crate", "new", "1st", "_", "Self2"]),
            ["type_", "self_", "crate_", "new_", "_1st", "unnamed", "self2"]
        );
        let empty = idents(&["", "_"]);
        assert!(
            empty.iter().all(|i| i.starts_with("unnamed_")) && empty[0] != empty[1],
            "{empty:?}"
        );
    }

    #[test]
    fn fault_14_collisions_are_stable_whatever_the_order_and_the_others() {
        let both = idents(&["get_x", "getX"]);
        assert_eq!(both[0], "get_x");
        assert!(both[1].starts_with("get_x_"));
        let more = idents(&["GetX", "getX", "get-x", "get_x"]);
        assert_eq!((&more[1], &more[3]), (&both[1], &both[0]));
        assert_eq!(more.iter().collect::<BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn long_names_are_truncated() {
        let long = ["a".repeat(700), "a".repeat(701)];
        let cut = idents(&[&long[0], &long[1]]);
        assert!(cut.iter().all(|i| i.len() < 80) && cut[0] != cut[1], "{cut:?}");
    }

    #[test]
    fn types_have_names() {
        let names = ["calc", "_1st", "self", "t", "", "x_y"].map(type_name);
        assert_eq!(names, ["Calc", "Asset1st", "SelfAsset", "TAsset", "Asset", "XY"]);
    }
}
