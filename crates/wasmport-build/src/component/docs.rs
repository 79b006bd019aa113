//! Documentation of a world, copied to the world of a component.

use super::world::World;
use std::collections::HashMap;
use wit_parser::{Docs, Function, InterfaceId, Resolve, TypeDefKind, TypeId, WorldItem, WorldKey};

impl World {
    /// Copies the documentation of `other` to all items with the same names.
    pub fn with_docs_of(&mut self, other: &Self) {
        let interfaces = self.interfaces_shared_with(other);
        let Self { resolve, id } = self;
        let theirs = &other.resolve.worlds[other.id];
        resolve.worlds[*id].docs = theirs.docs.clone();
        let mut types: Vec<(TypeId, TypeId)> = Vec::new();
        let Resolve { worlds, interfaces: mine, types: arena, .. } = resolve;
        let world = &mut worlds[*id];
        for (items, theirs) in
            [(&mut world.imports, &theirs.imports), (&mut world.exports, &theirs.exports)]
        {
            for (key, item) in items {
                let their_key = match key {
                    WorldKey::Name(_) => Some(key.clone()),
                    WorldKey::Interface(id) => interfaces.get(id).map(|t| WorldKey::Interface(*t)),
                };
                match (item, their_key.and_then(|key| theirs.get(&key))) {
                    (WorldItem::Function(mine), Some(WorldItem::Function(theirs))) => {
                        mine.docs = theirs.docs.clone();
                    }
                    (WorldItem::Type { id: mine, .. }, Some(WorldItem::Type { id, .. })) => {
                        types.push((*mine, *id));
                    }
                    (
                        WorldItem::Interface { docs: mine, .. },
                        Some(WorldItem::Interface { docs, .. }),
                    ) => *mine = docs.clone(),
                    _ => {}
                }
            }
        }
        for (mine_id, their_id) in interfaces {
            let (mine, theirs) = (&mut mine[mine_id], &other.resolve.interfaces[their_id]);
            mine.docs = theirs.docs.clone();
            for (name, function) in &mut mine.functions {
                let docs = |function: &Function| function.docs.clone();
                function.docs = theirs.functions.get(name).map(docs).unwrap_or_default();
            }
            let pairs = mine.types.iter().map(|(name, mine)| (mine, theirs.types.get(name)));
            types.extend(pairs.filter_map(|(mine, theirs)| Some((*mine, *theirs?))));
        }
        for (mine, theirs) in types {
            let theirs = &other.resolve.types[theirs];
            arena[mine].docs = theirs.docs.clone();
            copy_parts(&mut arena[mine].kind, &theirs.kind);
        }
    }

    /// Adds a paragraph to the documentation of each exported function and interface for which there is one.
    pub fn document_exports(&mut self, note: impl Fn(&str) -> Option<String>) {
        let Self { resolve, id } = self;
        let exports = resolve.worlds[*id].exports.keys();
        let notes: Vec<Option<String>> =
            exports.map(|key| note(&resolve.name_world_key(key))).collect();
        let items = resolve.worlds[*id].exports.values_mut();
        for (item, note) in items.zip(notes) {
            let docs = match item {
                WorldItem::Function(function) => &mut function.docs,
                WorldItem::Interface { docs, .. } => docs,
                WorldItem::Type { .. } => continue,
            };
            let Some(note) = note else { continue };
            let own = docs.contents.take().map(|own| format!("{}\n\n", own.trim_end()));
            docs.contents = Some(own.unwrap_or_default() + &note);
        }
    }

    /// Returns this world's interfaces with those of `other` that have the same name.
    fn interfaces_shared_with(&self, other: &Self) -> HashMap<InterfaceId, InterfaceId> {
        let named = |world: &Self| {
            let ids = world.resolve.interfaces.iter().map(|(id, _)| id);
            ids.filter_map(|id| Some((world.resolve.id_of(id)?, id))).collect::<Vec<_>>()
        };
        let theirs: HashMap<String, InterfaceId> = named(other).into_iter().collect();
        let mine = named(self).into_iter();
        let mut shared: HashMap<_, _> =
            mine.filter_map(|(name, id)| Some((id, *theirs.get(&name)?))).collect();
        let (mine, theirs) = (&self.resolve.worlds[self.id], &other.resolve.worlds[other.id]);
        for (mine, theirs) in [(&mine.imports, &theirs.imports), (&mine.exports, &theirs.exports)] {
            for (key, item) in mine {
                if let WorldItem::Interface { id, .. } = item
                    && let Some(WorldItem::Interface { id: theirs, .. }) = theirs.get(key)
                    && let WorldKey::Name(_) = key
                {
                    let _ = shared.insert(*id, *theirs);
                }
            }
        }
        shared
    }
}

/// Copies the documentation of fields, cases and flags.
fn copy_parts(mine: &mut TypeDefKind, theirs: &TypeDefKind) {
    macro_rules! copy {
        ($mine:expr, $theirs:expr) => {
            for part in $mine {
                let same = $theirs.iter().find(|other| other.name == part.name);
                part.docs = same.map_or_else(Docs::default, |other| other.docs.clone());
            }
        };
    }
    match (mine, theirs) {
        (TypeDefKind::Record(mine), TypeDefKind::Record(theirs)) => {
            copy!(&mut mine.fields, theirs.fields);
        }
        (TypeDefKind::Variant(mine), TypeDefKind::Variant(theirs)) => {
            copy!(&mut mine.cases, theirs.cases);
        }
        (TypeDefKind::Enum(mine), TypeDefKind::Enum(theirs)) => {
            copy!(&mut mine.cases, theirs.cases);
        }
        (TypeDefKind::Flags(mine), TypeDefKind::Flags(theirs)) => {
            copy!(&mut mine.flags, theirs.flags);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples;
    use super::super::world::World;

    const WIT: &str = "package demo:app@0.1.0;
        /// Of the interface.
        interface things {
            /// Of the record.
            record thing {
                /// Of the field.
                size: u8,
            }
            /// Of the variant.
            variant kind {
                /// Of the case.
                one(thing),
            }
            /// Of the resource.
            resource box {
                /// Of the method.
                open: func(k: kind);
            }
        }
        /// Of the world.
        world app {
            /// Of the flags.
            flags look {
                /// Of the flag.
                bold,
            }
            /// Of the inline interface.
            import clock: interface {
                /// Of its function.
                now: func() -> u64;
            }
            export things;
            /// Of the function.
            export show: func(l: look);
        }";

    #[test]
    fn items_get_the_documentation_of_the_same_name() {
        let mut world = World::of(&examples::component(WIT), "asset").unwrap();
        assert!(!world.wit().unwrap().contains("///"));
        world.with_docs_of(&examples::world(WIT));
        let text = world.wit().unwrap();
        let comments = |text: &str| {
            let lines = text.lines().map(str::trim);
            let mut comments: Vec<String> =
                lines.filter(|line| line.starts_with("///")).map(str::to_owned).collect();
            comments.sort();
            comments
        };
        assert_eq!(comments(&text), comments(WIT), "{text}");
        let field = text.split("/// Of the field.").nth(1).unwrap();
        assert!(field.trim_start().starts_with("size"), "{text}");
    }

    #[test]
    fn other_names_get_none() {
        let mut world = World::of(&examples::component(WIT), "asset").unwrap();
        let other = WIT.replace("0.1.0", "0.2.0").replace("show", "hide").replace("look", "style");
        world.with_docs_of(&examples::world(&other.replace("clock", "time")));
        let text = world.wit().unwrap();
        assert_eq!(text.matches("///").count(), 1, "{text}");
        assert!(text.contains("/// Of the world."), "{text}");
    }
}
