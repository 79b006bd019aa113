//! Comparison of worlds, interfaces and functions, item by item.

use super::difference::Comparison;
use super::text::label;
use super::world::World;
use crate::names::unversioned;
use wit_parser::{Function, InterfaceId, WorldItem, WorldKey};

/// Returns whether a package or interface belongs to WASI.
pub(super) fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:")
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    /// The world must have every item of the component.
    Import,
    /// The component must have every item of the world.
    Export,
}

/// Compares a component's world `have` with the world `want`. Returns one line for each difference.
pub(super) fn compare_worlds(have: &World, want: &World, ignore_wasi: bool) -> Vec<String> {
    let mut comparison = Comparison::new(have, want, "the world");
    comparison.world(ignore_wasi);
    comparison.lines
}

/// Compares the export of `have` with the import of `want`. Returns one line for each difference.
pub(super) fn compare_connection(
    (have, export): (&World, &str),
    (want, import): (&World, &str),
) -> Vec<String> {
    let mut comparison = Comparison::new(have, want, "the import");
    let exported = find(have, &have.resolve.worlds[have.id].exports, export);
    let imported = find(want, &want.resolve.worlds[want.id].imports, import);
    if let (Some(exported), Some(imported)) = (exported, imported) {
        comparison.item(&format!("export `{export}`"), exported, imported, Direction::Export);
    }
    comparison.lines
}

impl Comparison<'_> {
    fn world(&mut self, ignore_wasi: bool) {
        let (have, want) = (self.have, self.want);
        let (mine, theirs) = (&have.resolve.worlds[have.id], &want.resolve.worlds[want.id]);
        for (key, item) in &mine.imports {
            let name = have.resolve.name_world_key(key);
            if ignore_wasi && is_wasi(&name) {
                continue;
            }
            match find(want, &theirs.imports, &name) {
                Some(wanted) => {
                    self.item(&format!("import `{name}`"), item, wanted, Direction::Import)
                }
                None => {
                    let hint = other_version(want, &theirs.imports, &name);
                    let hint = hint.map_or_else(String::new, |h| format!(", which has `{h}`"));
                    let text = described(have, item);
                    self.report(format!("import `{name}: {text}` is not in the world{hint}"));
                }
            }
        }
        for (key, item) in &theirs.exports {
            let name = want.resolve.name_world_key(key);
            match find(have, &mine.exports, &name) {
                Some(found) => {
                    self.item(&format!("export `{name}`"), found, item, Direction::Export)
                }
                None => {
                    let hint = other_version(have, &mine.exports, &name);
                    let hint =
                        hint.map_or_else(String::new, |h| format!(", the component has `{h}`"));
                    let text = described(want, item);
                    self.report(format!(
                        "export `{name}` is missing: {} has `{name}: {text}`{hint}",
                        self.noun
                    ));
                }
            }
        }
    }

    fn item(&mut self, at: &str, have: &WorldItem, want: &WorldItem, direction: Direction) {
        match (have, want) {
            (WorldItem::Function(have), WorldItem::Function(want)) => self.function(at, have, want),
            (WorldItem::Interface { id: have, .. }, WorldItem::Interface { id: want, .. }) => {
                self.interface(at, *have, *want, direction);
            }
            (WorldItem::Type { id: have, .. }, WorldItem::Type { id: want, .. }) => {
                self.definition(at, *have, *want);
            }
            _ => {
                let texts = [described(self.have, have), described(self.want, want)];
                self.report(format!("{at} is `{}` instead of `{}`", texts[0], texts[1]));
            }
        }
    }

    fn interface(&mut self, at: &str, have: InterfaceId, want: InterfaceId, direction: Direction) {
        let (mine, theirs) = (self.have, self.want);
        let have = &mine.resolve.interfaces[have];
        let want = &theirs.resolve.interfaces[want];
        let import = direction == Direction::Import;
        for name in if import { &have.types } else { &want.types }.keys() {
            match (have.types.get(name), want.types.get(name)) {
                (Some(have), Some(want)) => {
                    self.definition(&format!("{at}: type `{name}`"), *have, *want);
                }
                (Some(have), None) => {
                    let text = mine.definition_text(*have);
                    self.report(format!("{at}: type `{name}` is not in the world: it is `{text}`"));
                }
                (None, Some(want)) => {
                    let text = theirs.definition_text(*want);
                    self.report(format!(
                        "{at}: type `{name}` is missing: {} has `{text}`",
                        self.noun
                    ));
                }
                (None, None) => {}
            }
        }
        for name in if import { &have.functions } else { &want.functions }.keys() {
            match (have.functions.get(name), want.functions.get(name)) {
                (Some(have), Some(want)) => {
                    self.function(&format!("{at}: {}", label(have)), have, want);
                }
                (Some(have), None) => {
                    let (label, text) = (label(have), mine.function_text(have));
                    self.report(format!("{at}: {label} is not in the world: it is `{text}`"));
                }
                (None, Some(want)) => {
                    let (label, text) = (label(want), theirs.function_text(want));
                    self.report(format!("{at}: {label} is missing: {} has `{text}`", self.noun));
                }
                (None, None) => {}
            }
        }
    }

    fn function(&mut self, at: &str, have: &Function, want: &Function) {
        let names = |f: &Function| f.params.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        if have.kind.is_async() != want.kind.is_async()
            || names(have) != names(want)
            || have.result.is_some() != want.result.is_some()
        {
            let texts = [self.have.function_text(have), self.want.function_text(want)];
            return self.report(format!("{at} is `{}` instead of `{}`", texts[0], texts[1]));
        }
        for (have, want) in have.params.iter().zip(&want.params) {
            self.value(&format!("{at}: parameter `{}`", have.name), have.ty, want.ty);
        }
        if let (Some(have), Some(want)) = (have.result, want.result) {
            self.value(&format!("{at}: the result"), have, want);
        }
    }
}

type Items = wit_parser::IndexMap<WorldKey, WorldItem>;

fn find<'a>(world: &World, items: &'a Items, name: &str) -> Option<&'a WorldItem> {
    let mut items = items.iter();
    items.find(|(key, _)| world.resolve.name_world_key(key) == name).map(|(_, item)| item)
}

/// Returns the name of the same interface in another version.
fn other_version(world: &World, items: &Items, name: &str) -> Option<String> {
    let is_other = |other: &String| {
        let is_versioned = [name, other].iter().all(|name| unversioned(name) != *name);
        is_versioned && unversioned(other) == unversioned(name)
    };
    items.keys().map(|key| world.resolve.name_world_key(key)).find(is_other)
}

/// Formats an item of a world as WIT.
fn described(world: &World, item: &WorldItem) -> String {
    match item {
        WorldItem::Function(function) => world.function_text(function),
        WorldItem::Type { id, .. } => world.definition_text(*id),
        WorldItem::Interface { .. } => "interface".into(),
    }
}
