//! Which import is satisfied by which export, by their names alone.

use std::collections::BTreeMap;

/// What satisfies which imports: by the import's name, the name of a component.
pub(crate) type Connections = BTreeMap<String, String>;

/// A component to be composed with others. The main one is the first, and its name is empty.
pub(super) struct Member<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

/// An import of one member and the export of another that satisfies it; without one, the whole of
/// its exports does. All by their places.
pub(super) struct Connection {
    pub to: usize,
    pub import: usize,
    pub from: usize,
    pub export: Option<usize>,
}

/// What is to be connected, and what was to be and cannot.
pub(super) struct Plan {
    pub connections: Vec<Connection>,
    pub faults: Vec<String>,
}

impl Plan {
    pub fn of(members: &[Member<'_>], chosen: Option<&Connections>) -> Self {
        let mut plan = Self { connections: Vec::new(), faults: Vec::new() };
        for import in chosen.into_iter().flat_map(Connections::keys) {
            if !members.iter().any(|member| member.imports.contains(import)) {
                let imports = list(members.iter().take(1).flat_map(|main| &main.imports));
                let import = quoted(import);
                plan.faults.push(format!("the component has no import {import}: it has {imports}"));
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
                    Err(fault) => plan.faults.push(fault),
                }
            }
        }
        if plan.faults.is_empty() {
            plan.check_use(members);
        }
        plan
    }

    /// Composing is asked for to satisfy something, with all of the components.
    fn check_use(&mut self, members: &[Member<'_>]) {
        for (i, member) in members.iter().enumerate().skip(1) {
            if self.connections.iter().all(|connection| connection.from != i) {
                let (name, exports) = (quoted(member.name), list(&member.exports));
                self.faults.push(format!("{name} satisfies no import: it exports {exports}"));
            }
        }
        if self.connections.is_empty() {
            let imports = list(members.iter().take(1).flat_map(|main| &main.imports));
            self.faults.push(format!("no import of the component is satisfied: it has {imports}"));
        }
    }

    /// The members in an order in which each comes after those that satisfy its imports.
    ///
    /// # Errors
    ///
    /// Those that cannot be ordered.
    pub fn order(&self, members: &[Member<'_>]) -> Result<Vec<usize>, String> {
        let mut rest: Vec<usize> = (0..members.len()).collect();
        let mut order = Vec::new();
        let waits = |i: usize, rest: &[usize]| {
            self.connections.iter().any(|link| link.to == i && rest.contains(&link.from))
        };
        while let Some(at) = rest.iter().position(|i| !waits(*i, &rest)) {
            order.push(rest.remove(at));
        }
        // What is waited for by none of them is not in the circle, but behind it.
        let serves = |i: usize, rest: &[usize]| {
            self.connections.iter().any(|link| link.from == i && rest.contains(&link.to))
        };
        while let Some(at) = rest.iter().position(|i| !serves(*i, &rest)) {
            let _ = rest.remove(at);
        }
        if order.len() == members.len() {
            return Ok(order);
        }
        let names = list(rest.into_iter().map(|i| members[i].name));
        Err(format!(
            "{names} satisfy imports of one another in a circle, and one must be the first"
        ))
    }
}

type Found = Option<(usize, Option<usize>)>;

/// What of `other` satisfies the import `name`.
fn by_name(members: &[Member<'_>], name: &str, other: &str) -> Result<Found, String> {
    let mut others = members.iter().enumerate().skip(1);
    match others.find(|(_, member)| member.name == other) {
        Some((from, member)) => Ok(Some((from, best_export(member, name)))),
        None => Err(format!(
            "import {} is to be satisfied by {}, and there is {}",
            quoted(name),
            quoted(other),
            list(members.iter().skip(1).map(|member| member.name))
        )),
    }
}

/// What satisfies the import `name` of the member `to`.
fn matching(members: &[Member<'_>], to: usize, name: &str) -> Result<Found, String> {
    let others = members.iter().enumerate().skip(1).filter(|(from, _)| *from != to);
    let found = others.filter_map(|(from, member)| Some((from, best_export(member, name)?)));
    match found.collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [(from, export)] => Ok(Some((*from, Some(*export)))),
        several => Err(format!(
            "import {} of {} is exported by {}: say which it is to be satisfied by",
            quoted(name),
            subject(members[to].name),
            list(several.iter().map(|(from, _)| members[*from].name))
        )),
    }
}

/// The export that has the name of an import, or else its newest compatible version.
fn best_export(member: &Member<'_>, import: &str) -> Option<usize> {
    let names = || member.exports.iter().map(String::as_str).enumerate();
    let exact = names().find_map(|(i, name)| (name == import).then_some(i));
    exact.or_else(|| {
        let wanted = Versioned::of(import)?;
        let compatible = names().filter_map(|(i, name)| Some((Versioned::of(name)?, i)));
        let compatible = compatible.filter(|(export, _)| {
            export.interface == wanted.interface && export.track() == wanted.track()
        });
        compatible.max_by_key(|(export, _)| export.version).map(|(_, i)| i)
    })
}

/// The name of an interface in a released version.
struct Versioned<'a> {
    interface: &'a str,
    version: [u64; 3],
}

impl<'a> Versioned<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (interface, version) = name.split_once('@')?;
        let version = version.split_once('+').map_or(version, |(version, _)| version);
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        let version = [numbers.next()??, numbers.next()??, numbers.next()??];
        numbers.next().is_none().then_some(Self { interface, version })
    }

    /// What compatible versions have in common.
    fn track(&self) -> [u64; 3] {
        match self.version {
            [0, 0, patch] => [0, 0, patch],
            [0, minor, _] => [0, minor, 0],
            [major, ..] => [major, 0, 0],
        }
    }
}

pub(super) fn subject(name: &str) -> String {
    if name.is_empty() { "the component".into() } else { quoted(name) }
}

pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.escape_debug())
}

pub(super) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| quoted(name.as_ref())).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compatible_as_cargo_has_it() {
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
