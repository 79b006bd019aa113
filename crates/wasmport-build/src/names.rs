//! Names: from any text to Rust identifiers, deterministic, free of collisions, and stable.
//!
//! A name that is an identifier already keeps it. Where several names come down to one identifier,
//! each of the others gets a suffix from its own digest, which does not depend on the others or on
//! their order.

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use std::collections::{BTreeMap, BTreeSet};
use wasmport::Digest;

/// Longer names are cut and get a suffix: they would be no help to anyone.
const MAX_LEN: usize = 64;

/// Rust's keywords of all editions, and names that cannot be written raw.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// One name to be turned into an identifier.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    text: String,
    key: String,
}

impl Request {
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), key: text.into() }
    }

    /// Tells this name from others of the same text.
    #[must_use]
    pub fn keyed_by(mut self, key: &str) -> Self {
        self.key = key.into();
        self
    }

    /// The setter of a global: never takes the name of an export that is called so.
    pub fn setter_of(name: &str) -> Self {
        Self { text: format!("set-{name}"), key: format!("set {name}") }
    }
}

/// An identifier in snake case for each request, none twice and none of `reserved`.
pub(crate) fn snake_case(requests: &[Request], reserved: &[&str]) -> Vec<String> {
    let bases: Vec<Base> = requests.iter().map(|r| Base::of(&r.text, reserved)).collect();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, base) in bases.iter().enumerate() {
        groups.entry(&base.ident).or_default().push(i);
    }
    let mut taken: BTreeSet<String> = groups.keys().map(ToString::to_string).collect();
    let mut idents = vec![String::new(); requests.len()];
    for (ident, members) in &groups {
        let keeper = match members.as_slice() {
            [only] => Some(*only),
            _ => {
                let mut exact = members.iter().copied().filter(|i| bases[*i].exact);
                exact.next().filter(|_| exact.next().is_none())
            }
        };
        for &i in members {
            idents[i] = if Some(i) == keeper && !bases[i].cut {
                (*ident).to_string()
            } else {
                suffixed(ident, &requests[i].key, &mut taken)
            };
        }
    }
    idents
}

/// The identifier with as much of the key's digest as makes it unique.
fn suffixed(ident: &str, key: &str, taken: &mut BTreeSet<String>) -> String {
    let digest = Digest::of(key.as_bytes()).to_string();
    let trimmed = ident.trim_end_matches('_');
    (4..=digest.len())
        .map(|len| format!("{trimmed}_{}", &digest[..len]))
        .find(|candidate| taken.insert(candidate.clone()))
        // Only two requests of one key come here; the caller has given each its own.
        .unwrap_or_else(|| format!("{trimmed}_{digest}_{}", taken.len()))
}

struct Base {
    ident: String,
    /// The text was this identifier.
    exact: bool,
    /// The text was too long.
    cut: bool,
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
        let cut = ident.len() > MAX_LEN;
        ident.truncate(MAX_LEN);
        if KEYWORDS.contains(&ident.as_str()) || reserved.contains(&ident.as_str()) {
            ident.push('_');
        }
        Self { exact: ident == text, ident, cut }
    }
}

/// Whether `text` is what [`snake_case`] could have made.
pub(crate) fn is_identifier(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    starts_well && text != "_" && is_snake_case(text) && !KEYWORDS.contains(&text)
}

fn is_snake_case(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn to_snake_case(text: &str) -> String {
    let leading = text.len() - text.trim_start_matches('_').len();
    format!("{}{}", &text[..leading], ascii(text).to_snake_case())
}

/// Identifiers are ASCII: others make rustc warn of confusable characters.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A type's name from a file's or an asset's.
pub(crate) fn type_name(ident: &str) -> String {
    let name = ascii(ident).to_upper_camel_case();
    match name.chars().next() {
        None => "Asset".into(),
        Some(c) if c.is_ascii_digit() => format!("Asset{name}"),
        // A keyword, and the type parameters of generated code.
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
    fn long_names_are_cut() {
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
