//! Names that meet: those of different items that would be one name in Rust. The shorter one stays, and the
//! other gets the first digits of its digest, as names in wrappers of modules do.
//!
//! A type `host-file` meets the trait of a resource `file`, a function `method-file-read` the field for the
//! resource's method, and the words of `v1-1` are joined to those of `v11`.

mod functions;
mod modules;
mod scope;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{InterfaceId, Resolve, TypeId, WorldId, WorldItem};

/// The new names of a world.
#[derive(Debug)]
pub(super) struct Meetings {
    /// The word before the digits of a new name. It is in no other name.
    pub mark: String,
    /// The own names of types that have new ones.
    pub types: BTreeMap<TypeId, String>,
}

impl Meetings {
    /// Renames what would meet another name.
    pub fn avoid(resolve: &mut Resolve, world: WorldId, mark: String) -> Self {
        let mut meetings = Self { mark, types: BTreeMap::new() };
        meetings.packages(resolve);
        meetings.interfaces(resolve, world);
        meetings.types(resolve, world);
        meetings.cases(resolve);
        meetings.functions(resolve, world);
        meetings
    }

    /// Returns a name with digits behind the mark.
    fn renamed(&self, name: &str, digits: &str) -> String {
        format!("{name}-{}-{digits}", self.mark)
    }

    /// Returns a text in which new names are the own ones again.
    pub fn without_digits(&self, text: &str) -> String {
        let mark = format!("-{}-", self.mark);
        let mut parts = text.split(&mark);
        let first = parts.next().unwrap_or_default().to_owned();
        parts
            .fold(first, |own, part| own + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
    }

    /// Returns a name as the wrapper has it in the end.
    fn shown(&self, name: &str) -> String {
        name.replace(&format!("-{}-", self.mark), "-")
    }
}

/// Returns the interfaces that a world imports or exports.
fn interfaces(resolve: &Resolve, world: WorldId, is_export: bool) -> BTreeSet<InterfaceId> {
    let world = &resolve.worlds[world];
    let items = if is_export { &world.exports } else { &world.imports };
    let interfaces = items.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    });
    interfaces.collect()
}
