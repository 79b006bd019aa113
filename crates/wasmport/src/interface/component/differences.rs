//! The comparison of a component with an interface.

use super::compatible::compatible;
use super::items::{ComponentItem, ComponentItems};
use super::shape::UNKNOWN;
use super::wasi::{Preview, preview};
use crate::interface::Difference;
use crate::interface::difference::{LONGEST, cut};
use crate::interface::options::Options;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Returns every difference between a component and an interface.
pub(crate) fn differences(
    expected: &ComponentItems,
    found: &ComponentItems,
    options: &Options,
) -> Vec<Difference> {
    let texts = Texts { expected: &expected.definitions, found: &found.definitions };
    let mut differences = exports(expected, found, options, &texts);
    let names = || found.exports.iter().flat_map(|item| [item.path(), item.interface.clone()]);
    let has = |wanted: &str| names().any(|name| compatible(&name) == compatible(wanted));
    differences.extend(options.one_of(has));
    differences.extend(imports(expected, found, options, &texts));
    differences
}

/// Returns the differences of exports: the component has to have those of the interface.
fn exports(
    expected: &ComponentItems,
    found: &ComponentItems,
    options: &Options,
    texts: &Texts<'_>,
) -> Vec<Difference> {
    let (items, interfaces) = (by_key(&found.exports), interfaces(&found.exports));
    let mut missing = BTreeSet::new();
    let mut differences = Vec::new();
    for item in &expected.exports {
        let interface = item.interface.as_str();
        let Some(other) = items.get(&item.key()) else {
            let is_there = interfaces.contains(compatible(interface));
            // An interface is there as a whole or not at all; one without functions has only types.
            let is_optional = options.optional.contains(&item.path().as_str())
                || options.optional.contains(&interface) && !is_there;
            if is_optional || item.name.is_empty() && is_there {
                continue;
            }
            if interface.is_empty() || interfaces.contains(compatible(interface)) {
                let expected = texts.whole(texts.expected, &item.ty);
                differences.push(Difference::MissingExport { name: item.path(), expected });
            } else if missing.insert(interface) {
                // One difference stands for all of its functions.
                let found = other_version(interface, &found.exports);
                differences.push(Difference::MissingInterface { name: interface.into(), found });
            }
            continue;
        };
        if let Some((expected, found)) = texts.different(&item.ty, &other.ty) {
            differences.push(Difference::ExportType { name: other.path(), expected, found });
        }
    }
    differences
}

/// Returns the differences of imports: the host gives those of the interface.
fn imports(
    expected: &ComponentItems,
    found: &ComponentItems,
    options: &Options,
    texts: &Texts<'_>,
) -> Vec<Difference> {
    let (given, interfaces) = (by_key(&expected.imports), interfaces(&expected.imports));
    let granted = granted(expected, options);
    // One difference stands for all items of an interface, and of a package of WASI.
    let (mut unknown, mut lacking) = (BTreeSet::new(), BTreeSet::new());
    let mut differences = Vec::new();
    for item in &found.imports {
        let (interface, name) = (item.interface.as_str(), item.name.clone());
        let (module, part) = (interface.to_owned(), preview(interface));
        if item.name.is_empty() {
            // It has only types, which functions bring with them.
            continue;
        }
        if let Some(given) = given.get(&item.key()) {
            if let Some((expected, found)) = texts.different(&given.ty, &item.ty) {
                differences.push(Difference::ImportType { module, name, expected, found });
            }
        } else if part.is_some_and(|part| granted.contains(&part)) {
            // The host gives all of it, also what the interface does not import.
        } else if part == Some(Preview::Two) {
            let package = interface.split('/').next().unwrap_or_default();
            if lacking.insert(package) {
                differences.push(Difference::Capability { module: package.to_owned() });
            }
        } else if interface.is_empty() || interfaces.contains(compatible(interface)) {
            let found = texts.whole(texts.found, &item.ty);
            differences.push(Difference::UnknownImport { module, name, found });
        } else if unknown.insert(interface) {
            let given = other_version(interface, &expected.imports);
            differences.push(Difference::UnknownInterface { name: module, given });
        }
    }
    differences
}

fn by_key(items: &[ComponentItem]) -> HashMap<(&str, &str), &ComponentItem> {
    // Of several compatible versions the first one counts.
    items.iter().rev().map(|item| (item.key(), item)).collect()
}

fn interfaces(items: &[ComponentItem]) -> BTreeSet<&str> {
    items.iter().map(|item| compatible(&item.interface)).collect()
}

/// Returns the name of the same interface in another version.
fn other_version(interface: &str, items: &[ComponentItem]) -> Option<String> {
    let unversioned = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    let wanted = unversioned(interface);
    let mut others = items.iter().map(|item| &item.interface);
    others.find(|other| unversioned(other) == wanted).cloned()
}

/// Returns the parts of WASI that the host gives: each as a whole.
fn granted(expected: &ComponentItems, options: &Options) -> BTreeSet<Preview> {
    if !options.wasi {
        return BTreeSet::new();
    }
    let imported = expected.imports.iter().filter_map(|item| preview(&item.interface));
    imported.chain([Preview::Two]).collect()
}

/// The texts of long types of both sides.
struct Texts<'a> {
    expected: &'a BTreeMap<String, String>,
    found: &'a BTreeMap<String, String>,
}

impl Texts<'_> {
    /// Returns the texts of two types for a message, if the types are different.
    fn different(&self, expected: &str, found: &str) -> Option<(String, String)> {
        if expected == found || expected == UNKNOWN || found == UNKNOWN {
            return None;
        }
        let both = [(self.expected, expected), (self.found, found)];
        let whole = both.map(|(definitions, text)| expanded(definitions, text, LONGEST));
        if let [Some(expected), Some(found)] = whole {
            return Some((expected, found));
        }
        let [expected, found] = self.innermost(expected, found);
        Some((
            format!("a type with {}", self.whole(self.expected, &expected)),
            format!("one with {}", self.whole(self.found, &found)),
        ))
    }

    /// Returns a type for a message.
    fn whole(&self, definitions: &BTreeMap<String, String>, text: &str) -> String {
        expanded(definitions, text, LONGEST).unwrap_or_else(|| cut(text.to_owned()))
    }

    /// Returns the parts of two types in which they differ, with all that is around them on one level.
    fn innermost(&self, expected: &str, found: &str) -> [String; 2] {
        let (mut expected, mut found) = (expected.to_owned(), found.to_owned());
        loop {
            let pair = tokens(&expected).zip(tokens(&found)).find(|(mine, theirs)| mine != theirs);
            let Some((mine, theirs)) = pair else { break };
            let (Some(mine), Some(theirs)) = (self.expected.get(mine), self.found.get(theirs))
            else {
                break;
            };
            let inner = (mine.clone(), theirs.clone());
            (expected, found) = inner;
        }
        [expected, found]
    }
}

/// Returns the parts of a type between punctuation.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', ':', '<', '>', '(', ')', '{', '}'])
}

/// Replaces names of long types by the types, if the result has at most `max` bytes.
fn expanded(definitions: &BTreeMap<String, String>, text: &str, max: usize) -> Option<String> {
    let mut whole = text.to_owned();
    // Each round replaces a name by a longer text, so the length ends the loop.
    loop {
        let defined = tokens(&whole).find_map(|token| definitions.get_key_value(token));
        let Some((name, text)) = defined else { break };
        whole = whole.replace(name.as_str(), text);
        if whole.len() > max {
            return None;
        }
    }
    (whole.len() <= max).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(imports: &[(&str, &str, &str)], exports: &[(&str, &str, &str)]) -> ComponentItems {
        let [imports, exports] = [imports, exports]
            .map(|items| items.iter().map(|(i, n, ty)| ComponentItem::new(i, n, *ty)).collect());
        ComponentItems { imports, exports, definitions: BTreeMap::new() }
    }

    fn said(expected: &ComponentItems, found: &ComponentItems) -> Vec<String> {
        let options = Options {
            sizes: false,
            wasi: false,
            any_import_module: false,
            optional: &["a:b/more@0.1.0", "tick"],
            one_of: &[],
        };
        differences(expected, found, &options).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn compatible_versions_are_one_interface() {
        let expected = items(
            &[("a:b/log@0.2.3", "print", "func(string)")],
            &[("a:b/run@1.4.0", "run", "func()")],
        );
        let found = items(
            &[("a:b/log@0.2.1", "print", "func(string)")],
            &[("a:b/run@1.5.0", "run", "func()")],
        );
        assert_eq!(said(&expected, &found), [""; 0]);
        let found = items(
            &[("a:b/log@0.3.0", "print", "func(string)")],
            &[("a:b/run@2.0.0", "run", "func()")],
        );
        assert_eq!(
            said(&expected, &found),
            [
                "it does not export the interface `a:b/run@1.4.0`, but `a:b/run@2.0.0`",
                "it imports the interface `a:b/log@0.3.0`, and the host gives `a:b/log@0.2.3`",
            ]
        );
    }

    #[test]
    fn all_differences_are_listed() {
        let expected = items(
            &[("a:b/log", "print", "func(string)"), ("", "now", "func() -> u64")],
            &[
                ("", "run", "func()"),
                ("", "tick", "func()"),
                ("a:b/more@0.1.0", "extra", "func()"),
                ("a:b/two", "f", "func()"),
                ("a:b/two", "g", "func()"),
                ("a:b/three", "f", "func()"),
                ("a:b/three", "g", "func() -> u8"),
            ],
        );
        let found = items(
            &[
                ("a:b/log", "print", "func(list<u8>)"),
                ("a:b/log", "flush", "func()"),
                ("", "later", "func()"),
                ("wasi:cli/environment@0.2.3", "get-environment", "func()"),
                ("wasi:cli/exit@0.2.3", "exit", "func(result)"),
                ("wasi:http/types@0.2.3", "x", "func()"),
            ],
            &[("a:b/three", "f", "async func()")],
        );
        assert_eq!(
            said(&expected, &found),
            [
                "it does not export \"run\" func()",
                "it does not export the interface `a:b/two`",
                "it exports \"a:b/three#f\" as async func(), and the interface has func()",
                "it does not export \"a:b/three#g\" func() -> u8",
                "it imports \"a:b/log\" \"print\" as func(list<u8>), and the host gives func(string)",
                "it imports \"a:b/log\" \"flush\" func(), which the host does not give",
                "it imports \"later\" func(), which the host does not give",
                "it needs WASI (\"wasi:cli\"), which the host does not grant",
                "it imports the interface `wasi:http/types@0.2.3`, which the host does not give",
            ]
        );
    }

    #[test]
    fn a_host_gives_all_of_the_parts_of_wasi_that_it_gives() {
        let found = items(
            &[
                ("wasi:cli/exit@0.2.3", "exit", "func(result)"),
                ("wasi:http/types@0.2.3", "x", "func()"),
                ("wasi:http/outgoing-handler@0.2.3", "handle", "func()"),
                ("wasi:random/random@0.3.0", "x", "func()"),
                ("wasi:cli/exit@0.2.0-rc.1", "exit", "func(result)"),
                ("wasi:cli/wishes@0.2.3", "x", "func()"),
            ],
            &[],
        );
        let unknown = |expected: &ComponentItems| -> Vec<String> {
            let options = Options {
                sizes: false,
                wasi: true,
                any_import_module: false,
                optional: &[],
                one_of: &[],
            };
            let differences = differences(expected, &found, &options).into_iter();
            let names = differences.map(|difference| match difference {
                Difference::UnknownInterface { name, .. } => name,
                other => other.to_string(),
            });
            names.collect()
        };
        let rest = ["wasi:cli/exit@0.2.0-rc.1", "wasi:cli/wishes@0.2.3"];
        assert_eq!(
            unknown(&items(&[], &[])),
            [
                &["wasi:http/types@0.2.3", "wasi:http/outgoing-handler@0.2.3"][..],
                &["wasi:random/random@0.3.0"],
                &rest
            ]
            .concat()
        );
        let expected = items(
            &[("wasi:http/types@0.2.0", "x", "func()"), ("wasi:cli/exit@0.3.0", "exit", "func()")],
            &[],
        );
        assert_eq!(unknown(&expected), rest);
    }

    #[test]
    fn long_types_are_compared_to_the_part_that_differs() {
        let long = |last: &str| {
            let cases: Vec<String> = (0..60).map(|i| format!("case-{i}")).collect();
            format!("variant {{ {}, {last} }}", cases.join(", "))
        };
        let with = |digest: &str, inner: &str, outer: &str| {
            let mut items = items(&[], &[("", "run", &format!("func({outer}) -> u8"))]);
            items.definitions.insert(digest.into(), inner.into());
            items.definitions.insert(
                outer.into(),
                format!("record {{ a: u8, kind: {digest}, rest: {} }}", "#c"),
            );
            items.definitions.insert("#c".into(), long("same"));
            items
        };
        let expected = with("#a", "record { x: u8 }", "#o");
        let found = with("#b", "record { x: u16 }", "#p");
        assert_eq!(
            said(&expected, &found),
            [
                "it exports \"run\" as one with record { x: u16 }, and the interface has a type with record { x: u8 }"
            ]
        );
        let missing = said(&items(&[], &[("", "f", &long("last"))]), &items(&[], &[]));
        assert!(missing[0].ends_with('…') && missing[0].len() < 400, "{missing:?}");
    }
}
