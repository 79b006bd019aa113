//! The names by which settings refer to an interface of a world.

use super::choices::Choices;
use super::reserved::rust_ident;
use wit_parser::{InterfaceId, Resolve, WorldKey};

/// A name for an interface, or for a package or namespace around it.
pub(super) struct Key {
    pub name: String,
    /// The modules that lead from there to the interface; none for names of the interface itself.
    pub modules: Vec<String>,
}

impl Key {
    fn new(name: impl Into<String>, modules: &[String]) -> Self {
        Self { name: name.into(), modules: modules.to_vec() }
    }

    fn is_exact(&self) -> bool {
        self.modules.is_empty()
    }
}

/// Lists the names of an interface, the most exact first.
pub(super) fn keys(resolve: &Resolve, key: &WorldKey) -> Vec<Key> {
    let id = match key {
        WorldKey::Name(name) => return vec![Key::new(name, &[])],
        WorldKey::Interface(id) => *id,
    };
    let interface = &resolve.interfaces[id];
    let (Some(name), Some(package)) = (&interface.name, interface.package) else {
        return Vec::new();
    };
    let package = &resolve.packages[package].name;
    let bare = format!("{}:{}", package.namespace, package.name);
    let module = [rust_ident(name)];
    let path = [rust_ident(&package.name), rust_ident(name)];
    vec![
        Key::new(package.interface_id(name), &[]),
        Key::new(format!("{bare}/{name}"), &[]),
        Key::new(package.to_string(), &module),
        Key::new(bare, &module),
        Key::new(&package.namespace, &path),
    ]
}

/// Lists the names of the interface itself.
pub(super) fn exact_names(resolve: &Resolve, key: &WorldKey) -> Vec<String> {
    keys(resolve, key).into_iter().filter(Key::is_exact).map(|key| key.name).collect()
}

/// Returns whether `with` says where the interface is.
pub(super) fn is_remapped(resolve: &Resolve, id: InterfaceId, choices: &Choices) -> bool {
    let keys = keys(resolve, &WorldKey::Interface(id));
    keys.iter().any(|key| choices.with.contains_key(&key.name))
}
