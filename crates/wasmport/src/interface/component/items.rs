//! `ComponentItems`: the imports and exports of a component as text.

#[cfg(feature = "component-model")]
use super::compatible::compatible;
#[cfg(feature = "component-model")]
use crate::interface::lines::entries;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The imports and exports of a component. Types are text in the manner of WIT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentItems {
    /// The imported functions and resources.
    pub imports: Vec<ComponentItem>,
    /// The exported functions and resources.
    pub exports: Vec<ComponentItem>,
    /// Long types, by the name that stands for them in other types, such as `#0123456789abcdef`.
    pub definitions: BTreeMap<String, String>,
}

/// An import or export of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComponentItem {
    /// The interface that it belongs to, such as `demo:app/log@0.1.0`; empty if it belongs to none.
    pub interface: String,
    /// Its name, such as `[method]canvas.draw`; empty if it is the interface itself.
    pub name: String,
    /// Its type, such as `func(string) -> u32` or `resource`.
    pub ty: String,
}

impl ComponentItem {
    pub(crate) fn new(interface: &str, name: &str, ty: impl Into<String>) -> Self {
        Self { interface: interface.to_owned(), name: name.to_owned(), ty: ty.into() }
    }

    /// Returns what compatible items share.
    #[cfg(feature = "component-model")]
    pub(super) fn key(&self) -> (&str, &str) {
        (compatible(&self.interface), &self.name)
    }

    /// Returns the whole name, such as `demo:app/log@0.1.0#print`.
    #[must_use]
    pub fn path(&self) -> String {
        match (self.interface.as_str(), self.name.as_str()) {
            ("", name) => name.to_owned(),
            (interface, "") => interface.to_owned(),
            (interface, name) => format!("{interface}#{name}"),
        }
    }
}

impl ComponentItems {
    /// Returns the names of the exported interfaces, and of functions and resources that belong to none.
    #[cfg(feature = "inspect")]
    pub(crate) fn export_names(&self) -> Vec<String> {
        let name = |item: &ComponentItem| match item.interface.as_str() {
            "" => item.name.clone(),
            interface => interface.to_owned(),
        };
        let mut names: Vec<String> = self.exports.iter().map(name).collect();
        names.dedup();
        names
    }

    /// Reads the texts of an interface in generated code.
    #[cfg(feature = "component-model")]
    pub(crate) fn parse(
        imports: &[(&str, &str)],
        exports: &[(&str, &str)],
        definitions: &str,
    ) -> Self {
        let items = |groups: &[(&str, &str)]| {
            let of_group = |(interface, text): &(&str, &str)| {
                let items: Vec<ComponentItem> = entries(text)
                    .map(|entry| ComponentItem::new(interface, &entry.name, entry.ty))
                    .collect();
                items
            };
            groups.iter().flat_map(of_group).collect()
        };
        let definitions = definitions.lines().filter_map(|line| line.split_once(' '));
        Self {
            imports: items(imports),
            exports: items(exports),
            definitions: definitions.map(|(name, text)| (name.into(), text.into())).collect(),
        }
    }

    /// Returns the texts for generated code: of each interface a line for each item, and a line for each
    /// definition.
    #[doc(hidden)]
    #[must_use]
    pub fn texts(&self) -> (Groups, Groups, String) {
        let mut definitions = String::new();
        for (name, text) in &self.definitions {
            // Writing to a string cannot fail.
            let _ = writeln!(definitions, "{name} {text}");
        }
        (groups(&self.imports), groups(&self.exports), definitions)
    }
}

/// Interfaces, each with a line for each item.
type Groups = Vec<(String, String)>;

fn groups(items: &[ComponentItem]) -> Groups {
    let mut groups: Groups = Vec::new();
    for ComponentItem { interface, name, ty } in items {
        let line = format!("{name:?} {ty}\n");
        match groups.last_mut().filter(|(last, _)| last == interface) {
            Some((_, text)) => text.push_str(&line),
            None => groups.push((interface.clone(), line)),
        }
    }
    groups
}
