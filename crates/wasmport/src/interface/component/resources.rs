//! `Resources`: the names of the resources of a component.

use super::compatible::compatible;
use std::collections::HashMap;
use std::fmt::Debug;

/// Whether items are imports or exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Import,
    Export,
}

/// The names of resources, by their identity: where a resource is first imported or exported.
pub(super) struct Resources<R> {
    /// By the identity as text, because the types of Wasmtime have no hash.
    found: HashMap<String, Vec<(R, Place, String)>>,
    /// The interface whose items are written.
    place: Place,
}

/// An imported or exported interface.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    side: Side,
    interface: String,
}

impl<R: PartialEq + Debug> Resources<R> {
    pub fn new() -> Self {
        let place = Place { side: Side::Import, interface: String::new() };
        Self { found: HashMap::new(), place }
    }

    /// Sets the interface whose items are written.
    pub fn enter(&mut self, side: Side, interface: &str) {
        self.place = Place { side, interface: interface.to_owned() };
    }

    /// Adds a resource of the interface, and returns whether it is no other name of one that is known.
    pub fn add(&mut self, resource: R, name: &str) -> bool {
        let known = self.found.entry(format!("{resource:?}")).or_default();
        let is_new = known.iter().all(|(other, ..)| *other != resource);
        if is_new {
            known.push((resource, self.place.clone(), name.to_owned()));
        }
        is_new
    }

    /// Returns the name of a resource where items of the interface refer to it.
    pub fn name(&self, resource: &R) -> String {
        let known = self.found.get(&format!("{resource:?}")).into_iter().flatten();
        let Some((_, place, name)) = known.into_iter().find(|(other, ..)| other == resource) else {
            return "resource".into();
        };
        // Names of interfaces may hold any text.
        let (shown, name) = (compatible(&place.interface).escape_debug(), name.escape_debug());
        let path = match place.interface.as_str() {
            "" => name.to_string(),
            _ => format!("{shown}/{name}"),
        };
        match place.side {
            _ if *place == self.place => name.to_string(),
            Side::Import => path,
            Side::Export => format!("exported {path}"),
        }
    }
}
