//! Connections between imports and exports of several components, chosen by name.

use super::error::{ComposeError, ConnectionError};
use crate::names::nearest;
use std::collections::BTreeMap;

/// A map from the name of an import to the name of the component that satisfies it.
pub(crate) type Connections = BTreeMap<String, String>;

/// A component of a composition. The main one is the first, and its name is empty.
pub(super) struct Member<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// An import of one member and the export of another that satisfies it, by their indices. Without
/// `export`, the instance with all exports satisfies it.
pub(super) struct Connection {
    pub to: usize,
    pub import: usize,
    pub from: usize,
    pub export: Option<usize>,
}

/// The connections to make, and the errors found while choosing them.
pub(super) struct CompositionPlan {
    pub connections: Vec<Connection>,
    pub errors: Vec<ConnectionError>,
}

impl CompositionPlan {
    /// Chooses the connections: those of the settings, else by name and compatible version.
    pub fn new(members: &[Member<'_>], chosen: Option<&Connections>) -> Self {
        let mut plan = Self { connections: Vec::new(), errors: Vec::new() };
        for import in chosen.into_iter().flat_map(Connections::keys) {
            if !members.iter().any(|member| member.imports.contains(import)) {
                let imports = imports_of_main(members);
                let nearest = nearest(import, imports.iter().map(String::as_str));
                let (import, nearest) = (import.clone(), nearest.map(ToOwned::to_owned));
                plan.errors.push(ConnectionError::UnknownImport { import, imports, nearest });
            }
        }
        for (to, member) in members.iter().enumerate() {
            for (import, name) in member.imports.iter().enumerate() {
                let found = match chosen.and_then(|chosen| chosen.get(name)) {
                    Some(other) if other != member.name => by_name(members, name, other),
                    None if to == 0 && chosen.is_some() => Ok(None),
                    _ => matching(members, to, name),
                };
                match found {
                    Ok(None) => {}
                    Ok(Some((from, export))) => {
                        plan.connections.push(Connection { to, import, from, export });
                    }
                    Err(error) => plan.errors.push(error),
                }
            }
        }
        if plan.errors.is_empty() {
            plan.check_use(members);
        }
        plan
    }

    /// Reports members that satisfy no import, and a main component without connections.
    fn check_use(&mut self, members: &[Member<'_>]) {
        for (i, member) in members.iter().enumerate().skip(1) {
            if self.connections.iter().all(|connection| connection.from != i) {
                let (component, exports) = (member.name.to_owned(), member.exports.clone());
                self.errors.push(ConnectionError::Unused { component, exports });
            }
        }
        if self.connections.is_empty() {
            let imports = imports_of_main(members);
            self.errors.push(ConnectionError::Unconnected { imports });
        }
    }

    /// Orders the members so that each comes after those that satisfy its imports.
    ///
    /// # Errors
    ///
    /// Fails with [`ComposeError::Cycle`] and the members of a cycle.
    pub fn order(&self, members: &[Member<'_>]) -> Result<Vec<usize>, ComposeError> {
        let mut rest: Vec<usize> = (0..members.len()).collect();
        let mut order = Vec::new();
        let waits = |i: usize, rest: &[usize]| {
            self.connections.iter().any(|link| link.to == i && rest.contains(&link.from))
        };
        while let Some(at) = rest.iter().position(|i| !waits(*i, &rest)) {
            order.push(rest.remove(at));
        }
        // A member that satisfies none of the rest is not in the cycle, but depends on it.
        let serves = |i: usize, rest: &[usize]| {
            self.connections.iter().any(|link| link.from == i && rest.contains(&link.to))
        };
        while let Some(at) = rest.iter().position(|i| !serves(*i, &rest)) {
            let _ = rest.remove(at);
        }
        if order.len() == members.len() {
            return Ok(order);
        }
        Err(ComposeError::Cycle(rest.into_iter().map(|i| members[i].name.to_owned()).collect()))
    }
}

/// The index of a member, and the index of its export; `None` is the instance with all exports.
type Source = (usize, Option<usize>);

fn imports_of_main(members: &[Member<'_>]) -> Vec<String> {
    members.first().map(|main| main.imports.clone()).unwrap_or_default()
}

/// Finds the export of `other` that satisfies the import `name`.
fn by_name(
    members: &[Member<'_>],
    name: &str,
    other: &str,
) -> Result<Option<Source>, ConnectionError> {
    let mut others = members.iter().enumerate().skip(1);
    match others.find(|(_, member)| member.name == other) {
        Some((from, member)) => Ok(Some((from, best_export(member, name)))),
        None => Err(ConnectionError::UnknownComponent {
            import: name.into(),
            component: other.into(),
            components: members.iter().skip(1).map(|member| member.name.to_owned()).collect(),
        }),
    }
}

/// Finds the only export that satisfies the import `name` of the member `to`.
fn matching(
    members: &[Member<'_>],
    to: usize,
    name: &str,
) -> Result<Option<Source>, ConnectionError> {
    let others = members.iter().enumerate().skip(1).filter(|(from, _)| *from != to);
    let found = others.filter_map(|(from, member)| Some((from, best_export(member, name)?)));
    match found.collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [(from, export)] => Ok(Some((*from, Some(*export)))),
        several => Err(ConnectionError::Ambiguous {
            import: name.into(),
            importer: members[to].name.into(),
            exporters: several.iter().map(|(from, _)| members[*from].name.to_owned()).collect(),
        }),
    }
}

/// Returns the export with the name of an import, or else its newest compatible version.
fn best_export(member: &Member<'_>, import: &str) -> Option<usize> {
    let names = || member.exports.iter().map(String::as_str).enumerate();
    let exact = names().find_map(|(i, name)| (name == import).then_some(i));
    exact.or_else(|| {
        let wanted = VersionedName::parse(import)?;
        let compatible = names().filter_map(|(i, name)| Some((VersionedName::parse(name)?, i)));
        let compatible = compatible.filter(|(export, _)| {
            export.interface == wanted.interface && export.track() == wanted.track()
        });
        compatible.max_by_key(|(export, _)| export.version).map(|(_, i)| i)
    })
}

/// The name of an interface with a released version.
struct VersionedName<'a> {
    interface: &'a str,
    version: [u64; 3],
}

impl<'a> VersionedName<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (interface, version) = name.split_once('@')?;
        let version = version.split_once('+').map_or(version, |(version, _)| version);
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        let version = [numbers.next()??, numbers.next()??, numbers.next()??];
        numbers.next().is_none().then_some(Self { interface, version })
    }

    /// Returns the part of the version that compatible versions share.
    fn track(&self) -> [u64; 3] {
        match self.version {
            [0, 0, patch] => [0, 0, patch],
            [0, minor, _] => [0, minor, 0],
            [major, ..] => [major, 0, 0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compatible_as_in_cargo() {
        let compatible = |a: &str, b: &str| {
            let member =
                Member { name: "", bytes: &[], imports: Vec::new(), exports: vec![b.into()] };
            best_export(&member, a).is_some()
        };
        for (a, b, expected) in [
            ("a:b/c@1.2.3", "a:b/c@1.0.0", true),
            ("a:b/c@1.2.3", "a:b/c@2.2.3", false),
            ("a:b/c@0.2.3", "a:b/c@0.2.4+build.7", true),
            ("a:b/c@0.2.3", "a:b/c@0.3.3", false),
            ("a:b/c@0.0.3", "a:b/c@0.0.4", false),
            ("a:b/c@0.2.3", "a:b/d@0.2.3", false),
            ("a:b/c@0.2.3", "a:b/c@0.2.4-rc.1", false),
            ("a:b/c@0.2.3-rc.1", "a:b/c@0.2.3-rc.1", true),
            ("a:b/c", "a:b/c@1.0.0", false),
            ("a:b/c@99999999999999999999.0.0", "a:b/c@99999999999999999999.0.1", false),
            ("x", "x", true),
        ] {
            assert_eq!(compatible(a, b), expected, "{a} {b}");
        }
    }
}
