//! What differs between a component's world and another one, item by item.

use super::wit::World;
use super::words::label;
use std::collections::HashSet;
use wit_parser::{Function, InterfaceId, TypeId, WorldItem, WorldKey};

pub(super) fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:")
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    /// What the component has, the world must have.
    Import,
    /// What the world has, the component must have.
    Export,
}

/// The lines, while they are found.
pub(super) struct Listing<'a> {
    pub have: &'a World,
    pub want: &'a World,
    /// What that is, in words.
    wanted: &'static str,
    lines: Vec<String>,
    /// Types of one name that were compared: they are said to differ once.
    pub compared: HashSet<(TypeId, TypeId)>,
}

impl<'a> Listing<'a> {
    /// In what a component with the world `have` differs from the world `want`.
    pub fn of_worlds(have: &'a World, want: &'a World, ignore_wasi: bool) -> Vec<String> {
        let mut listing = Self::new(have, want, "the world");
        listing.world(ignore_wasi);
        listing.lines
    }

    /// In what the export of `have` differs from the import of `want`.
    pub fn of_connection(
        (have, export): (&'a World, &str),
        (want, import): (&'a World, &str),
    ) -> Vec<String> {
        let mut listing = Self::new(have, want, "the import");
        let exported = find(have, &have.resolve.worlds[have.id].exports, export);
        let imported = find(want, &want.resolve.worlds[want.id].imports, import);
        if let (Some(exported), Some(imported)) = (exported, imported) {
            listing.item(&format!("export `{export}`"), exported, imported, Direction::Export);
        }
        listing.lines
    }

    fn new(have: &'a World, want: &'a World, wanted: &'static str) -> Self {
        Self { have, want, wanted, lines: Vec::new(), compared: HashSet::new() }
    }

    pub fn say(&mut self, line: String) {
        self.lines.push(line);
    }

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
                    self.say(format!("import `{name}: {text}` is not in the world{hint}"));
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
                    self.say(format!(
                        "export `{name}` is missing: {} has `{name}: {text}`{hint}",
                        self.wanted
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
                self.say(format!("{at} is `{}` instead of `{}`", texts[0], texts[1]));
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
                    self.say(format!("{at}: type `{name}` is not in the world: it is `{text}`"));
                }
                (None, Some(want)) => {
                    let text = theirs.definition_text(*want);
                    self.say(format!(
                        "{at}: type `{name}` is missing: {} has `{text}`",
                        self.wanted
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
                    self.say(format!("{at}: {label} is not in the world: it is `{text}`"));
                }
                (None, Some(want)) => {
                    let (label, text) = (label(want), theirs.function_text(want));
                    self.say(format!("{at}: {label} is missing: {} has `{text}`", self.wanted));
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
            return self.say(format!("{at} is `{}` instead of `{}`", texts[0], texts[1]));
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

/// The same interface in another version.
fn other_version(world: &World, items: &Items, name: &str) -> Option<String> {
    let unversioned = |name: &str| Some(name.split_once('@')?.0.to_owned());
    let wanted = unversioned(name)?;
    let mut names = items.keys().map(|key| world.resolve.name_world_key(key));
    names.find(|name| unversioned(name).as_ref() == Some(&wanted))
}

/// An item of a world in the words of WIT.
fn described(world: &World, item: &WorldItem) -> String {
    match item {
        WorldItem::Function(function) => world.function_text(function),
        WorldItem::Type { id, .. } => world.definition_text(*id),
        WorldItem::Interface { .. } => "interface".into(),
    }
}
