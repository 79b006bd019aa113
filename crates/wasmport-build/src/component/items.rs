//! Comparison of worlds, interfaces and functions, item by item.

use super::difference::{Aspect, Comparison, Difference, Direction, Place, Subject, Versions};
use super::text::label;
use super::world::World;
use crate::names::unversioned;
use wit_parser::{Function, InterfaceId, WorldItem, WorldKey};

/// Returns whether a package or interface belongs to WASI.
pub(super) fn is_wasi(name: &str) -> bool {
    name.starts_with("wasi:")
}

/// Compares a component's world `have` with the world `want`. Returns one line for each difference.
pub(super) fn compare_worlds(have: &World, want: &World, ignore_wasi: bool) -> Vec<String> {
    let mut comparison = Comparison::new(have, want, "the world", Versions::Equal);
    comparison.world(ignore_wasi);
    comparison.lines()
}

/// Returns every difference that keeps a component of the world `after` from taking the place of one of the world
/// `before`. Compatible versions of an interface are compared as one interface.
pub(crate) fn misfits(after: &World, before: &World) -> Vec<Difference> {
    let mut comparison = Comparison::new(after, before, "the earlier world", Versions::Compatible);
    comparison.world(false);
    comparison.found
}

/// Compares the export of `have` with the import of `want`. Returns one line for each difference.
pub(super) fn compare_connection(
    (have, export): (&World, &str),
    (want, import): (&World, &str),
) -> Vec<String> {
    let mut comparison = Comparison::new(have, want, "the import", Versions::Equal);
    let exported = find(have, &have.resolve.worlds[have.id].exports, export);
    let imported = find(want, &want.resolve.worlds[want.id].imports, import);
    if let (Some(exported), Some(imported)) = (exported, imported) {
        comparison.enter(Direction::Export, export, Some(exported), Some(imported));
        comparison.item(&format!("export `{export}`"), exported, imported);
    }
    comparison.lines()
}

impl<'a> Comparison<'a> {
    fn world(&mut self, ignore_wasi: bool) {
        let (have, want) = (self.have, self.want);
        let (mine, theirs) = (&have.resolve.worlds[have.id], &want.resolve.worlds[want.id]);
        for (key, item) in &mine.imports {
            let name = have.resolve.name_world_key(key);
            if ignore_wasi && is_wasi(&name) {
                continue;
            }
            let wanted = self.find(want, &theirs.imports, &name);
            self.enter(Direction::Import, &name, Some(item), wanted.as_ref().map(|found| found.1));
            match wanted {
                Some((other, wanted)) => {
                    if name != other {
                        self.add_versions(&name, &other);
                    }
                    self.item(&format!("import `{name}`"), item, wanted);
                }
                None => {
                    let hint = other_version(want, &theirs.imports, &name);
                    let hint = hint.map_or_else(String::new, |h| format!(", which has `{h}`"));
                    let text = described(have, item);
                    let line = format!("import `{name}: {text}` is not in the world{hint}");
                    self.add(Aspect::Lacking, line);
                }
            }
        }
        for (key, item) in &theirs.exports {
            let name = want.resolve.name_world_key(key);
            let found = self.find(have, &mine.exports, &name);
            self.enter(Direction::Export, &name, found.as_ref().map(|found| found.1), Some(item));
            match found {
                Some((other, found)) => {
                    if name != other {
                        self.add_versions(&other, &name);
                    }
                    self.item(&format!("export `{name}`"), found, item);
                }
                None => {
                    let hint = other_version(have, &mine.exports, &name);
                    let hint =
                        hint.map_or_else(String::new, |h| format!(", the component has `{h}`"));
                    let text = described(want, item);
                    let noun = self.noun;
                    let line =
                        format!("export `{name}` is missing: {noun} has `{name}: {text}`{hint}");
                    self.add(Aspect::Lacking, line);
                }
            }
        }
    }

    /// Sets the item of the worlds that is compared.
    fn enter(
        &mut self,
        direction: Direction,
        key: &str,
        have: Option<&'a WorldItem>,
        want: Option<&'a WorldItem>,
    ) {
        let (key, item) = (key.to_owned(), String::new());
        let subjects = [have.map(Subject::Item), want.map(Subject::Item)];
        self.place = Place { direction, key, item, subjects };
    }

    /// Sets the item of an interface that is compared.
    fn enter_item(&mut self, item: &str, have: Option<Subject<'a>>, want: Option<Subject<'a>>) {
        item.clone_into(&mut self.place.item);
        self.place.subjects = [have, want];
    }

    /// Finds the item of this name, or of a compatible version. Returns it with its own name.
    fn find(
        &self,
        world: &'a World,
        items: &'a Items,
        name: &str,
    ) -> Option<(String, &'a WorldItem)> {
        let exact = find(world, items, name).map(|item| (name.to_owned(), item));
        exact.or_else(|| {
            let mut items =
                items.iter().map(|(key, item)| (world.resolve.name_world_key(key), item));
            items.find(|(other, _)| self.versions.match_names(other, name))
        })
    }

    fn item(&mut self, at: &str, have: &'a WorldItem, want: &'a WorldItem) {
        match (have, want) {
            (WorldItem::Function(have), WorldItem::Function(want)) => self.function(at, have, want),
            (WorldItem::Interface { id: have, .. }, WorldItem::Interface { id: want, .. }) => {
                self.interface(at, *have, *want);
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

    fn interface(&mut self, at: &str, have: InterfaceId, want: InterfaceId) {
        let (mine, theirs) = (self.have, self.want);
        let have = &mine.resolve.interfaces[have];
        let want = &theirs.resolve.interfaces[want];
        let import = self.place.direction == Direction::Import;
        for name in if import { &have.types } else { &want.types }.keys() {
            let found = (have.types.get(name).copied(), want.types.get(name).copied());
            self.enter_item(name, found.0.map(Subject::Type), found.1.map(Subject::Type));
            match found {
                (Some(have), Some(want)) => {
                    self.definition(&format!("{at}: type `{name}`"), have, want);
                }
                (Some(have), None) => {
                    let text = mine.definition_text(have);
                    let line = format!("{at}: type `{name}` is not in the world: it is `{text}`");
                    self.add(Aspect::Lacking, line);
                }
                (None, Some(want)) => {
                    let (noun, text) = (self.noun, theirs.definition_text(want));
                    let line = format!("{at}: type `{name}` is missing: {noun} has `{text}`");
                    self.add(Aspect::Lacking, line);
                }
                (None, None) => {}
            }
        }
        for name in if import { &have.functions } else { &want.functions }.keys() {
            let found = (have.functions.get(name), want.functions.get(name));
            self.enter_item(name, found.0.map(Subject::Function), found.1.map(Subject::Function));
            match found {
                (Some(have), Some(want)) => {
                    self.function(&format!("{at}: {}", label(have)), have, want);
                }
                (Some(have), None) => {
                    let (label, text) = (label(have), mine.function_text(have));
                    let line = format!("{at}: {label} is not in the world: it is `{text}`");
                    self.add(Aspect::Lacking, line);
                }
                (None, Some(want)) => {
                    let (label, noun, text) = (label(want), self.noun, theirs.function_text(want));
                    let line = format!("{at}: {label} is missing: {noun} has `{text}`");
                    self.add(Aspect::Lacking, line);
                }
                (None, None) => {}
            }
        }
    }

    fn function(&mut self, at: &str, have: &Function, want: &Function) {
        let names = |f: &Function| f.params.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        let is_alike = have.kind.is_async() == want.kind.is_async()
            && have.params.len() == want.params.len()
            && have.result.is_some() == want.result.is_some();
        if !is_alike || names(have) != names(want) {
            let texts = [self.have.function_text(have), self.want.function_text(want)];
            let line = format!("{at} is `{}` instead of `{}`", texts[0], texts[1]);
            if !is_alike || self.versions == Versions::Equal {
                return self.report(line);
            }
            self.add(Aspect::Names, line);
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
