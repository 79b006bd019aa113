//! Text about modules and components: what they want, import and export, and what changes.

use crate::diff::{of_capability, of_contents as of_contents_diff};
use crate::text::{bytes, plain};
use std::collections::BTreeMap;
use wasmport_build::Kind;
use wasmport_build::contents::{Contents, Item};
use wasmport_build::diff::ContentsDiff;
use wasmport_build::registry::Addition;

/// Returns the lines about a module or component that is to be added.
pub(super) fn of_addition(addition: &Addition) -> Vec<String> {
    let (pin, contents) = (addition.pin(), addition.contents());
    let mut lines = vec![
        format!("{} {}", contents.kind.name(), pin.reference),
        format!("  manifest {}", pin.manifest),
        format!("  layer    {} ({})", pin.layer, bytes(addition.bytes())),
        format!("  file     {}", addition.path().display()),
    ];
    lines.extend(of_contents(contents));
    lines.into_iter().map(|line| plain(&line)).collect()
}

fn of_contents(contents: &Contents) -> Vec<String> {
    let mut lines = Vec::new();
    match contents.capabilities.as_slice() {
        [] => lines.push("wants nothing of the system or the program".to_owned()),
        wanted => {
            lines.push("wants".to_owned());
            lines.extend(wanted.iter().map(of_capability));
        }
    }
    lines.push(format!("imports {}", count(&contents.imports)));
    lines.extend(of_items(&contents.imports, contents.kind));
    lines.push(format!("exports {}", count(&contents.exports)));
    lines.extend(of_items(&contents.exports, contents.kind));
    lines
}

fn count(items: &[Item]) -> String {
    if items.is_empty() { "nothing".into() } else { items.len().to_string() }
}

/// Returns a line for each item of a module, and one for each interface of a component.
fn of_items(items: &[Item], kind: Kind) -> Vec<String> {
    let mut interfaces = BTreeMap::<&str, usize>::new();
    let mut lines = Vec::new();
    for Item { of, name, ty, .. } in items {
        match of.as_str() {
            "" => lines.push(format!("  {name:?}: {ty}")),
            interface if kind == Kind::Component => {
                *interfaces.entry(interface).or_default() += usize::from(!name.is_empty());
            }
            module => lines.push(format!("  {module:?} {name:?}: {ty}")),
        }
    }
    let line = |(interface, items): (&str, usize)| match items {
        1 => format!("  {interface}, 1 item"),
        items => format!("  {interface}, {items} items"),
    };
    lines.extend(interfaces.into_iter().map(line));
    lines
}

/// The number of imports and exports that are listed.
const LISTED: usize = 200;

/// Returns the lines about what a newer file changes: capabilities first.
pub(super) fn of_update(
    before: &Contents,
    addition: &Addition,
    diff: &ContentsDiff,
) -> Vec<String> {
    let after = addition.contents();
    let mut lines = vec![
        format!("{} {}", after.kind.name(), addition.pin().reference),
        format!("  manifest {}", addition.pin().manifest),
        format!("  layer    {} ({})", addition.pin().layer, bytes(addition.bytes())),
    ];
    if before.kind != after.kind {
        lines.push(format!("  it was a {}", before.kind.name()));
    }
    let mut lines: Vec<String> = lines.into_iter().map(|line| plain(&line)).collect();
    lines.extend(of_contents_diff(diff, LISTED));
    if diff.interface.is_empty() {
        lines.push("same imports and exports".to_owned());
    }
    lines
}
