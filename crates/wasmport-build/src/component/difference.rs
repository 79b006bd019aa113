//! Differences between two worlds, one per item.

use super::world::World;
use std::collections::HashSet;
use wasmport::interface::compatible;
use wit_parser::{Function, TypeDefKind, TypeId, WorldItem};

/// The direction of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The world must have every item of the component.
    Import,
    /// The component must have every item of the world.
    Export,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// One side lacks the item.
    Lacking,
    /// The interface has another version, which is compatible.
    Version,
    /// Only the names of parameters differ.
    Names,
    /// The types differ.
    Type,
}

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// An interface as a whole.
    Interface,
    /// A function.
    Function,
    /// A type other than a resource.
    Type,
    /// A resource.
    Resource,
}

/// A difference between two worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The direction of the item.
    pub direction: Direction,
    /// The name of the interface or function in its world.
    pub key: String,
    /// The name of the item in the interface; empty if the difference is about the key itself.
    pub item: String,
    /// The kind of the item.
    pub kind: ItemKind,
    /// The kind of difference.
    pub aspect: Aspect,
    /// The item in WIT, of the component and of the world.
    pub texts: [Option<String>; 2],
    /// The message.
    pub line: String,
}

/// The versions of an interface that count as one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// Equal ones: a composition connects no others.
    Equal,
    /// Compatible ones, as when Wasmtime links.
    Compatible,
}

impl Versions {
    /// Returns whether two names are those of one interface.
    pub fn match_names(self, name: &str, other: &str) -> bool {
        name == other || self == Self::Compatible && compatible(name) == compatible(other)
    }
}

/// An item of a world, or of an interface in it.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    Item(&'a WorldItem),
    Function(&'a Function),
    Type(TypeId),
}

/// The items that are compared.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub direction: Direction,
    pub key: String,
    pub item: String,
    pub subjects: [Option<Subject<'a>>; 2],
}

/// A comparison of a component's world with another world, and the differences found so far.
pub(super) struct Comparison<'a> {
    /// The world of the component.
    pub have: &'a World,
    /// The world that it must match.
    pub want: &'a World,
    /// The noun for `want` in messages.
    pub noun: &'static str,
    /// The versions that count as one interface.
    pub versions: Versions,
    /// The items that are compared now.
    pub place: Place<'a>,
    /// The differences.
    pub found: Vec<Difference>,
    /// Pairs of types that were compared: their difference is reported once.
    pub compared: HashSet<(TypeId, TypeId)>,
}

impl<'a> Comparison<'a> {
    pub fn new(have: &'a World, want: &'a World, noun: &'static str, versions: Versions) -> Self {
        let place = Place {
            direction: Direction::Import,
            key: String::new(),
            item: String::new(),
            subjects: [None, None],
        };
        Self { have, want, noun, versions, place, found: Vec::new(), compared: HashSet::new() }
    }

    /// Adds a difference of types.
    pub fn report(&mut self, line: String) {
        self.add(Aspect::Type, line);
    }

    /// Adds a difference.
    pub fn add(&mut self, aspect: Aspect, line: String) {
        let Place { direction, key, item, subjects: [mine, theirs] } = &self.place;
        let texts = [
            mine.map(|subject| self.have.subject_text(subject)),
            theirs.map(|subject| self.want.subject_text(subject)),
        ];
        let kinds = [
            mine.map(|subject| self.have.kind_of(subject)),
            theirs.map(|subject| self.want.kind_of(subject)),
        ];
        let kind = kinds.into_iter().flatten().next().unwrap_or(ItemKind::Interface);
        let (direction, key, item) = (*direction, key.clone(), item.clone());
        self.found.push(Difference { direction, key, item, kind, aspect, texts, line });
    }

    /// Adds the difference of two compatible versions of an interface.
    pub fn add_versions(&mut self, have: &str, want: &str) {
        let Place { direction, .. } = self.place;
        self.found.push(Difference {
            direction,
            key: have.to_owned(),
            item: String::new(),
            kind: ItemKind::Interface,
            aspect: Aspect::Version,
            texts: [Some(have.to_owned()), Some(want.to_owned())],
            line: format!("`{have}` was `{want}`"),
        });
    }

    /// Returns the messages.
    pub fn lines(self) -> Vec<String> {
        self.found.into_iter().map(|difference| difference.line).collect()
    }
}

impl World {
    /// Returns the kind of an item.
    fn kind_of(&self, subject: Subject<'_>) -> ItemKind {
        match subject {
            Subject::Function(_) | Subject::Item(WorldItem::Function(_)) => ItemKind::Function,
            Subject::Item(WorldItem::Interface { .. }) => ItemKind::Interface,
            Subject::Type(id) | Subject::Item(&WorldItem::Type { id, .. }) => {
                match self.resolve.types[id].kind {
                    TypeDefKind::Resource => ItemKind::Resource,
                    _ => ItemKind::Type,
                }
            }
        }
    }

    /// Formats an item of the world, or of an interface in it.
    fn subject_text(&self, subject: Subject<'_>) -> String {
        match subject {
            Subject::Function(function) | Subject::Item(WorldItem::Function(function)) => {
                self.function_text(function)
            }
            Subject::Type(id) | Subject::Item(&WorldItem::Type { id, .. }) => {
                self.definition_text(id)
            }
            Subject::Item(WorldItem::Interface { .. }) => "interface".into(),
        }
    }
}
