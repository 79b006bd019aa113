//! Generates WIT names of all forms: several words, lower or upper case, digits, keywords.

use arbitrary::{Result, Unstructured};
use std::collections::BTreeSet;

/// Words with a meaning in WIT, Rust or wrappers.
const WORDS: &[&str] = &[
    "type",
    "self",
    "result",
    "option",
    "string",
    "error",
    "host",
    "new",
    "call",
    "data",
    "store",
    "session",
    "future",
    "stream",
    "static",
    "async",
    "drop",
    "clone",
    "instance",
    "asset",
    "T",
    "vec",
    "box",
    "some",
    "ok",
    "err",
    "debug",
    "into",
    "send",
    "imports",
    "exports",
    "guest",
    "rt",
    "constructor",
    "indices",
    "pre",
    "wasmtime",
    "core",
];

/// Beginnings and ends that generators add to names.
const PARTS: &[(&str, &str)] = &[
    ("host-", ""),
    ("host-", "-with-store"),
    ("guest-", ""),
    ("lower-", ""),
    ("lower-payload-", ""),
    ("method-", "-a"),
    ("static-", "-a"),
    ("constructor-", "-constructor"),
    ("call-", ""),
    ("func-", ""),
];

/// Names of one scope, which differ in more than case.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Returns a new name, escaped.
    pub fn next(&mut self, u: &mut Unstructured<'_>) -> Result<String> {
        let mut name = if !self.0.is_empty() && u.ratio(1, 3)? { self.like(u)? } else { name(u)? };
        while !self.0.insert(name.to_lowercase()) {
            name += &format!("-{}", self.0.len());
        }
        Ok(format!("%{name}"))
    }
}

impl Names {
    /// Generates a name that generated code can take for another.
    fn like(&self, u: &mut Unstructured<'_>) -> Result<String> {
        let names: Vec<&String> = self.0.iter().collect();
        let name = *u.choose(&names)?;
        // A hyphen before a digit is in no identifier in camel case.
        let joined = (b'0'..=b'9').fold(name.clone(), |name, digit| {
            name.replace(&format!("-{}", char::from(digit)), &char::from(digit).to_string())
        });
        if joined != *name && u.arbitrary()? {
            return Ok(joined);
        }
        let (before, after) = *u.choose(PARTS)?;
        Ok(format!("{before}{name}{after}"))
    }
}

fn name(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 4)? {
        return Ok((*u.choose(WORDS)?).into());
    }
    let count = u.int_in_range(1..=3)?;
    let words = (0..count).map(|number| word(u, number == 0)).collect::<Result<Vec<_>>>()?;
    Ok(words.join("-"))
}

/// Generates a word; the first of a name begins with a letter.
fn word(u: &mut Unstructured<'_>, is_first: bool) -> Result<String> {
    let mut word = String::new();
    for _ in 0..u.int_in_range(1..=3)? {
        // Few different letters, so that many names are similar.
        let letter = (is_first && word.is_empty()) || u.arbitrary()?;
        word.push(*u.choose(if letter { &['a', 'b'] } else { &['1', '2'] })?);
    }
    Ok(if u.arbitrary()? { word.to_uppercase() } else { word })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_differ() {
        let mut random = vec![0; 64 << 10];
        blake3::Hasher::new().finalize_xof().fill(&mut random);
        let (mut u, mut names) = (Unstructured::new(&random), Names::default());
        let all = (0..500).map(|_| names.next(&mut u)).collect::<Result<Vec<_>>>().unwrap();
        let functions: String = all.iter().map(|name| format!("{name}: func();\n")).collect();
        let text = format!("package a:b; interface c {{ {functions} }}");
        let mut resolve = wit_parser::Resolve::default();
        resolve.push_str("names.wit", &text).unwrap();
        for wanted in ["1", "A", "-"] {
            assert!(all.iter().any(|name| name.contains(wanted)), "{wanted}");
        }
    }
}
