//! Interfaces as text, which the compiler compares, and programs when code arrives.
//!
//! Each import or export has a line: its name, quoted and escaped, a space, and its type in the text
//! format: `"add" (func (param i32) (param i32) (result i32))`. One string compiles much faster than a
//! type or a table entry for each.

use std::borrow::Cow;

/// Fails to compile if `exports` of the asset `exporter` lack one of the `imports` of the asset
/// `importer`, or have it with another type.
pub const fn check_link(imports: &str, exports: &str, importer: &str, exporter: &str) {
    let phrases = ["the asset `", "` does not export ", "` exports it as "];
    check(imports, exports, importer, exporter, &phrases);
}

/// Fails to compile if the host trait in the module `host`, which defines `theirs`, lacks one of `ours`,
/// the imports of `asset`.
pub const fn check_host(ours: &str, theirs: &str, asset: &str, host: &str) {
    let phrases = ["the host trait in `", "` does not define ", "` defines it as "];
    check(ours, theirs, asset, host, &phrases);
}

#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
const fn check(
    imports: &str,
    exports: &str,
    importer: &str,
    exporter: &str,
    [the, lacks, has_as]: &[&str; 3],
) {
    let imports = imports.as_bytes();
    let mut start = 0;
    while start < imports.len() {
        let end = line_end(imports, start);
        let name_end = name_end(imports, start);
        match find(exports.as_bytes(), imports, start, name_end) {
            None => panic!(
                "{}",
                Message::new()
                    .text(the)
                    .text(exporter)
                    .text(lacks)
                    .bytes(imports, start, name_end)
                    .text(", which the asset `")
                    .text(importer)
                    .text("` imports as ")
                    .bytes(imports, name_end + 1, end)
                    .as_str()
            ),
            Some((other, other_end)) => {
                let ours = Type { text: imports, start: name_end + 1, end };
                let theirs = Type { text: exports.as_bytes(), start: other, end: other_end };
                if !ours.accepts(&theirs) {
                    panic!(
                        "{}",
                        Message::new()
                            .text("the asset `")
                            .text(importer)
                            .text("` imports ")
                            .bytes(imports, start, name_end)
                            .text(" as ")
                            .bytes(imports, name_end + 1, end)
                            .text(", but ")
                            .text(the)
                            .text(exporter)
                            .text(has_as)
                            .bytes(exports.as_bytes(), other, other_end)
                            .as_str()
                    )
                }
            }
        }
        start = end + 1;
    }
}

/// An import or export.
pub(super) struct Entry<'a> {
    pub name: String,
    /// Its type in the text format.
    pub ty: &'a str,
}

/// Returns the entries of a text.
pub(super) fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    text.lines().filter_map(|line| {
        let (name, ty) = line.split_at_checked(name_end(line.as_bytes(), 0))?;
        Some(Entry { name: unescaped(name.trim_matches('"')), ty: ty.trim_start() })
    })
}

/// Reverses the escapes of a name.
fn unescaped(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            name.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => name.push('\n'),
            Some('r') => name.push('\r'),
            Some('t') => name.push('\t'),
            Some('0') => name.push('\0'),
            Some('u') => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                name.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            other => name.extend(other),
        }
    }
    name
}

/// Returns whether code of the type `found` fits where `expected` is due. Without `sizes` the limits of
/// memories and tables do not count.
pub(super) fn fits(expected: &str, found: &str, sizes: bool) -> bool {
    let [expected, found] =
        [expected, found].map(|text| Type { text: text.as_bytes(), start: 0, end: text.len() });
    if sizes { expected.accepts(&found) } else { expected.accepts_any_size(&found) }
}

/// Returns the name in linkers of an import whose name occurs at several types: a linker has one definition for
/// each name. Sizes do not count: one memory can satisfy several imports.
#[must_use]
pub fn overload_name(name: &str, ty: &str) -> String {
    let text = Type { text: ty.as_bytes(), start: 0, end: ty.len() };
    if text.begins_with(b"(memory") {
        return format!("{name} memory {}", ty.contains(" shared"));
    }
    if text.begins_with(b"(table") {
        let element = ty.get(text.limits().end..).unwrap_or_default().trim_start();
        return format!("{name} table {}", element.strip_suffix(')').unwrap_or(element));
    }
    format!("{name} {}", structural(ty))
}

/// Returns a type without the mark of functions whose types only a module has.
pub(super) fn structural(ty: &str) -> Cow<'_, str> {
    match ty.strip_prefix("(func nominal") {
        Some(rest) => format!("(func{rest}").into(),
        None => ty.into(),
    }
}

/// The beginning of a function's type that only a module has.
const NOMINAL: &[u8] = b"(func nominal";

/// The type of an import or export, as a part of a text.
struct Type<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
}

impl Type<'_> {
    /// Returns whether an export of the type `other` satisfies an import of this type. Texts do not describe
    /// types that only a module has; these the linker checks.
    const fn accepts(&self, other: &Type<'_>) -> bool {
        if !self.is_of_kind(other) {
            return false;
        }
        if self.is_sized() {
            return self.has_room_for(other);
        }
        let is_unknown =
            self.begins_with(NOMINAL) || other.begins_with(NOMINAL) || contains_named_type(self);
        is_unknown && self.is_mutable() == other.is_mutable() || self.equals(other)
    }

    /// Returns whether it is a global that can be set.
    const fn is_mutable(&self) -> bool {
        self.begins_with(b"(global (mut ")
    }

    /// Returns whether both begin with the same keyword.
    const fn is_of_kind(&self, other: &Type<'_>) -> bool {
        let (keyword, others) = (self.keyword(), other.keyword());
        keyword.equals(&others)
    }

    const fn keyword(&self) -> Type<'_> {
        let mut end = self.start;
        while end < self.end && self.text[end] != b' ' && self.text[end] != b')' {
            end += 1;
        }
        Type { text: self.text, start: self.start, end }
    }

    /// Returns whether it is a memory or table.
    const fn is_sized(&self) -> bool {
        self.begins_with(b"(memory") || self.begins_with(b"(table")
    }

    /// Returns [`accepts`](Self::accepts) for the case that the limits of memories and tables do not count.
    fn accepts_any_size(&self, other: &Type<'_>) -> bool {
        if self.is_sized() && self.is_of_kind(other) {
            self.is_alike(other)
        } else {
            self.accepts(other)
        }
    }

    /// Returns whether `other` is equal apart from its limits.
    const fn is_alike(&self, other: &Type<'_>) -> bool {
        let (a, b) = (self.limits(), other.limits());
        let before = Type { text: self.text, start: self.start, end: a.start };
        let other_before = Type { text: other.text, start: other.start, end: b.start };
        let after = Type { text: self.text, start: a.end, end: self.end };
        let other_after = Type { text: other.text, start: b.end, end: other.end };
        before.equals(&other_before) && (contains_named_type(self) || after.equals(&other_after))
    }

    /// Returns whether `other` has at least the minimum and at most the maximum, and is otherwise equal.
    const fn has_room_for(&self, other: &Type<'_>) -> bool {
        let (a, b) = (self.limits(), other.limits());
        if b.min < a.min {
            return false;
        }
        match (a.max, b.max) {
            (Some(ours), Some(theirs)) if theirs > ours => return false,
            (Some(_), None) => return false,
            _ => {}
        }
        self.is_alike(other)
    }

    const fn limits(&self) -> LimitsText {
        let mut at = self.start;
        // Skips the keyword and the address type.
        while at < self.end && self.text[at] != b' ' {
            at += 1;
        }
        at += 1;
        if at + 3 < self.end && self.text[at] == b'i' {
            at += 4;
        }
        let start = at;
        let (min, at) = self.number(at);
        if at + 1 < self.end && self.text[at] == b' ' && self.text[at + 1].is_ascii_digit() {
            let (max, end) = self.number(at + 1);
            return LimitsText { start, end, min, max: Some(max) };
        }
        LimitsText { start, end: at, min, max: None }
    }

    const fn number(&self, mut at: usize) -> (u128, usize) {
        let mut value = 0;
        while at < self.end && self.text[at].is_ascii_digit() {
            value = value * 10 + (self.text[at] - b'0') as u128;
            at += 1;
        }
        (value, at)
    }

    const fn begins_with(&self, prefix: &[u8]) -> bool {
        let mut i = 0;
        while i < prefix.len() {
            if self.start + i >= self.end || self.text[self.start + i] != prefix[i] {
                return false;
            }
            i += 1;
        }
        true
    }

    const fn equals(&self, other: &Type<'_>) -> bool {
        if self.end - self.start != other.end - other.start {
            return false;
        }
        let mut i = 0;
        while self.start + i < self.end {
            if self.text[self.start + i] != other.text[other.start + i] {
                return false;
            }
            i += 1;
        }
        true
    }
}

/// The limits of a memory or table, and their place in the text.
struct LimitsText {
    start: usize,
    end: usize,
    min: u128,
    max: Option<u128>,
}

/// Returns whether a type refers to another type of its module, which texts do not describe.
const fn contains_named_type(ty: &Type<'_>) -> bool {
    let mut at = ty.start;
    while at < ty.end {
        let rest = Type { text: ty.text, start: at, end: ty.end };
        if rest.begins_with(b"(ref (") || rest.begins_with(b"(ref null (") {
            return true;
        }
        at += 1;
    }
    false
}

/// Returns the type of the entry whose quoted name is a part of `text`.
const fn find(entries: &[u8], text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let mut line = 0;
    while line < entries.len() {
        let line_end = line_end(entries, line);
        let name = Type { text: entries, start: line, end: name_end(entries, line) };
        if name.equals(&Type { text, start, end }) {
            return Some((name.end + 1, line_end));
        }
        line = line_end + 1;
    }
    None
}

const fn line_end(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at
}

/// Returns the index after the closing quote of the name that begins at `at`.
const fn name_end(text: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// A message that is built at compile time; one that is too long is truncated.
struct Message {
    bytes: [u8; 1024],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self { bytes: [0; 1024], len: 0 }
    }

    const fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes(), 0, text.len())
    }

    const fn bytes(mut self, text: &[u8], start: usize, end: usize) -> Self {
        let mut at = start;
        while at < end && self.len < self.bytes.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Truncated within a character.
            Err(_) => "the interfaces of two assets do not match",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_host, check_link, entries, fits, overload_name};

    fn error(import: &str, export: &str) -> Option<String> {
        let result = std::panic::catch_unwind(|| check_link(import, export, "app", "lib"));
        result.err().map(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
    }

    #[test]
    fn equal_types_fit_and_errors_name_both() {
        let add = "\"add\" (func (param i32) (result i32))\n";
        assert_eq!(error(add, add), None);
        assert_eq!(error("", add), None);
        let other = "\"a\" (func)\n\"add\" (func (param i64) (result i32))\n";
        let text = error(add, other).unwrap();
        for part in
            ["`app` imports \"add\" as (func (param i32)", "`lib` exports it as (func (param i64)"]
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(error(add, "\"ad\\\"d\" (func)\n").unwrap().contains("does not export \"add\""));
    }

    #[test]
    fn a_host_trait_must_cover_all_imports() {
        let check = || check_host("\"now\" (func)\n", "\"log\" (func)\n", "mod", "host::env");
        let panic = std::panic::catch_unwind(check).unwrap_err();
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        let expected =
            "the host trait in `host::env` does not define \"now\", which the asset `mod`";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn names_of_entries_are_as_they_were() {
        for name in ["add", "", "a\"b\\c", "\u{1b}[31m\n\t\0'", "größe", "} {", "\u{202e}"] {
            let text = format!("{name:?} (func)\n\"next\" (memory 1)\n");
            let entries: Vec<_> = entries(&text).map(|entry| (entry.name, entry.ty)).collect();
            assert_eq!(entries, [(name.to_owned(), "(func)"), ("next".to_owned(), "(memory 1)")]);
        }
    }

    #[test]
    fn sizes_count_if_they_are_asked_for() {
        assert!(fits("(memory 2)", "(memory 1)", false));
        assert!(!fits("(memory 2)", "(memory 1)", true));
        assert!(!fits("(memory 2)", "(memory i64 2)", false));
        assert!(!fits("(memory 2)", "(table 2 funcref)", false));
        assert!(fits("(table 5 funcref)", "(table 1 9 funcref)", false));
        assert!(!fits("(table 5 funcref)", "(table 5 externref)", false));
        assert!(!fits("(func (param i32))", "(func (param i64))", false));
    }

    #[test]
    fn types_of_the_module_do_not_fit_other_kinds() {
        for found in ["(global i32)", "(table 1 funcref)", "(memory 1)", "(tag)"] {
            assert!(!fits("(func (param (ref null (func …))))", found, false), "{found}");
            assert!(!fits("(func nominal)", found, false), "{found}");
        }
        assert!(!fits("(global (ref (func …)))", "(func)", false));
        assert!(!fits("(tag (param (ref (struct …))))", "(global i32)", false));
        assert!(fits("(global (ref (func …)))", "(global (ref (func)))", false));
        assert!(fits("(table 1 (ref null (func …)))", "(table 2 (ref null (func)))", false));
    }

    #[test]
    fn overloads_are_named_without_sizes() {
        for (ty, expected) in [
            ("(func nominal (param i32))", "f (func (param i32))"),
            ("(global i64)", "f (global i64)"),
            ("(memory i64 1 2 shared)", "f memory true"),
            ("(memory 1)", "f memory false"),
            ("(table i64 1 5 (ref null (func …)))", "f table (ref null (func …))"),
            ("(table 0 funcref)", "f table funcref"),
        ] {
            assert_eq!(overload_name("f", ty), expected);
        }
    }

    #[test]
    fn types_of_the_module_alone_fit_their_kind() {
        let own = "(global (ref null (struct)))";
        assert!(fits(own, "(global (ref null (struct …)))", false));
        assert!(fits(own, "(global structref)", false));
        assert!(!fits(own, "(global (mut structref))", false));
        assert!(!fits(own, "(memory 1)", false));
        assert!(!fits("(func (param (ref (array …))))", own, false));
        assert!(!fits("(tag (param (ref (array …))))", "(func)", false));
    }

    #[test]
    fn limits_are_compared_as_the_specification_says() {
        let fits = |import: &str, export: &str| {
            error(&format!("\"m\" {import}\n"), &format!("\"m\" {export}\n")).is_none()
        };
        assert!(fits("(memory 1)", "(memory 1 2)"));
        assert!(fits("(memory 1 4)", "(memory 2 4)"));
        assert!(!fits("(memory 2)", "(memory 1)"));
        assert!(!fits("(memory 1 2)", "(memory 1)"));
        assert!(!fits("(memory 1 2)", "(memory 1 3)"));
        assert!(!fits("(memory 1)", "(memory i64 1)"));
        assert!(!fits("(memory 1 2)", "(memory 1 2 shared)"));
        assert!(fits("(table 1 funcref)", "(table 5 funcref)"));
        assert!(!fits("(table 1 funcref)", "(table 5 externref)"));
        assert!(!fits("(memory 1)", "(table 1 funcref)"));
        assert!(!fits("(global i32)", "(global (mut i32))"));
        assert!(fits("(func nominal (param i32))", "(func (param i32))"));
    }
}
