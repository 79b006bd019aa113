//! Denied differences: those with which a command fails.

use super::denied::{Denial, Denied};
use super::level::Compatibility;
use super::report::{ArtifactDiff, AssetDiff, DiffReport, DiffStatus};
use super::sizes::difference;

/// The number of names in a message.
const NAMED: usize = 4;

impl DiffReport {
    /// Denies differences: those of these kinds are in [`denied`](Self::denied) afterwards.
    pub fn deny(&mut self, rules: &[Denial]) {
        let mut rules = rules.to_vec();
        rules.sort_unstable();
        rules.dedup();
        let denied = |asset: &AssetDiff| -> Vec<Denied> {
            let of_rule = |rule: &Denial| {
                let message = message(*rule, asset)?;
                Some(Denied { rule: *rule, path: asset.path.clone(), message })
            };
            rules.iter().filter_map(of_rule).collect()
        };
        self.denied = self.assets.iter().flat_map(denied).collect();
    }
}

fn message(rule: Denial, asset: &AssetDiff) -> Option<String> {
    match rule {
        Denial::Breaking => breaking(asset),
        Denial::NewCapabilities => {
            let gained = &asset.contents.capabilities.gained;
            let names = gained.iter().map(|capability| capability.kind.to_string());
            listed("it wants", &names.collect::<Vec<_>>())
        }
        Denial::NewImports => listed("it imports", &asset.contents.new_imports),
        Denial::Larger => larger(asset),
    }
}

fn breaking(asset: &AssetDiff) -> Option<String> {
    if asset.status == DiffStatus::Removed {
        return Some("it was removed".into());
    }
    match asset.contents.compatibility {
        Some(Compatibility::Breaks) => {}
        None if asset.status == DiffStatus::Changed && asset.is_another_source() => {
            return Some("nothing tells whether it breaks programs: compare the files".into());
        }
        _ => return None,
    }
    if let Some(kind) = asset.kind {
        return Some(format!("it was a {} and is a {}", kind.before.name(), kind.after.name()));
    }
    let breaks = |change: &&super::Change| change.compatibility == Compatibility::Breaks;
    let mut changes = asset.contents.interface.iter().filter(breaks);
    let first = changes.next()?;
    let name = first.shown();
    let more = match changes.count() {
        0 => String::new(),
        count => format!(", and {count} more"),
    };
    Some(format!("{} {name}: {}{more}", first.direction.name(), first.reason))
}

/// Returns a message with the first names; none without a name.
fn listed(what: &str, names: &[String]) -> Option<String> {
    let (first, more) = (names.iter().take(NAMED), names.len().saturating_sub(NAMED));
    let first: Vec<&str> = first.map(String::as_str).collect();
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!first.is_empty()).then(|| format!("{what} {}{more}", first.join(", ")))
}

fn larger(asset: &AssetDiff) -> Option<String> {
    let file = match (asset.before, asset.after) {
        (Some(before), Some(after)) => grown(before.bytes, after.bytes),
        _ => None,
    };
    let of_target = |artifact: &ArtifactDiff| {
        let grown = grown(artifact.before?.bytes, artifact.after?.bytes)?;
        Some(format!("{}: {grown}", artifact.target))
    };
    file.or_else(|| {
        let grown: Vec<String> = asset.artifacts.iter().filter_map(of_target).collect();
        listed("artifacts for", &grown)
    })
}

fn grown(before: Option<u64>, after: Option<u64>) -> Option<String> {
    let (before, after) = (before?, after?);
    let more = difference(before, after);
    (more > 0).then(|| format!("{before} bytes became {after} bytes (+{more})"))
}
