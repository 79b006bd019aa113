//! `ContentsDiff`: the differences of what two modules or components import, export and want.

use super::change::{Change, Direction};
use super::level::{Compatibility, Level};
use super::{items, worlds};
use crate::asset::Kind;
use crate::contents::{Capability, Contents};
use serde::Serialize;
use wasmport::engine::RequiredFeatures;

/// The largest number of changes that are listed for an asset. The rest is counted.
pub const MOST_CHANGES: usize = 1000;

/// The differences of what two modules or components import, export and want.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ContentsDiff {
    /// The meaning of all differences for a program; null if it is not known.
    pub compatibility: Option<Compatibility>,
    /// The part of the version that they raise; null without a difference, or if it is not known.
    pub level: Option<Level>,
    /// The differences of imports and exports.
    pub interface: Vec<Change>,
    /// The number of differences beyond the first 1000.
    #[serde(skip_serializing_if = "is_zero")]
    pub unlisted_changes: usize,
    /// The names of all imports that are new, also of those beyond the first 1000 differences.
    #[serde(skip)]
    pub(super) new_imports: Vec<String>,
    /// The differences of the parts of the system that it wants.
    pub capabilities: CapabilityDiff,
    /// The differences of what it needs of the engine.
    pub engine: EngineDiff,
}

/// The parts of the system that a file wants now, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CapabilityDiff {
    /// Capabilities that only the later file wants.
    pub gained: Vec<Capability>,
    /// Capabilities that only the earlier file wanted.
    pub lost: Vec<Capability>,
}

/// The differences of what a file needs of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineDiff {
    /// Wasm features that only the later file uses.
    pub features_gained: Vec<&'static str>,
    /// Wasm features that only the earlier file used.
    pub features_lost: Vec<&'static str>,
    /// Cargo features of the `wasmport` crate that only the later file needs.
    pub cargo_features_gained: Vec<&'static str>,
    /// Cargo features of the `wasmport` crate that only the earlier file needed.
    pub cargo_features_lost: Vec<&'static str>,
}

impl ContentsDiff {
    /// Compares two modules or components.
    #[must_use]
    pub fn of(before: &Contents, after: &Contents) -> Self {
        let interface = match (&before.world, &after.world) {
            (Some(before), Some(after)) => worlds::changes(before, after),
            _ => items::changes(before, after),
        };
        let capabilities = CapabilityDiff {
            gained: missing_in(&before.capabilities, &after.capabilities),
            lost: missing_in(&after.capabilities, &before.capabilities),
        };
        let engine = EngineDiff::of(before, after);
        let mut worst = worst(&interface).unwrap_or((Compatibility::Compatible, Level::Patch));
        if !engine.cargo_features_gained.is_empty() || needs_setting(before, after) {
            worst = worst.max((Compatibility::NeedsRecompile, Level::Minor));
        }
        if before.kind != after.kind {
            worst = (Compatibility::Breaks, Level::Major);
        }
        let found = Self::new(interface, capabilities, engine);
        let is_known = worst.0 == Compatibility::Breaks || !has_opaque(before, after);
        if is_known { found.with(worst) } else { found }
    }

    /// Describes a module or component that was added: nothing used it before.
    pub(super) fn of_added(after: &Contents) -> Self {
        let capabilities = CapabilityDiff { gained: after.capabilities.clone(), lost: Vec::new() };
        let engine = EngineDiff {
            features_gained: names(after.features),
            cargo_features_gained: after.needs.clone(),
            ..EngineDiff::default()
        };
        Self::new(items::of_added(after), capabilities, engine)
            .with((Compatibility::Compatible, Level::Minor))
    }

    /// Describes a module or component that was removed.
    pub(super) fn of_removed(before: &Contents) -> Self {
        let capabilities = CapabilityDiff { gained: Vec::new(), lost: before.capabilities.clone() };
        let engine = EngineDiff {
            features_lost: names(before.features),
            cargo_features_lost: before.needs.clone(),
            ..EngineDiff::default()
        };
        Self::new(Vec::new(), capabilities, engine).with((Compatibility::Breaks, Level::Major))
    }

    fn new(mut interface: Vec<Change>, capabilities: CapabilityDiff, engine: EngineDiff) -> Self {
        let new = interface.iter().filter(|c| c.direction == Direction::Import && c.is_new());
        let new_imports = new.map(Change::shown).collect();
        let unlisted_changes = interface.len().saturating_sub(MOST_CHANGES);
        // The worst ones are listed in any case.
        if unlisted_changes > 0 {
            interface.sort_by_key(|change| std::cmp::Reverse((change.compatibility, change.level)));
            interface.truncate(MOST_CHANGES);
        }
        Self { interface, unlisted_changes, new_imports, capabilities, engine, ..Self::default() }
    }

    fn with(self, (compatibility, level): (Compatibility, Level)) -> Self {
        Self { compatibility: Some(compatibility), level: Some(level), ..self }
    }

    /// Returns whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { interface, capabilities, engine, .. } = self;
        interface.is_empty()
            && *capabilities == CapabilityDiff::default()
            && *engine == EngineDiff::default()
    }
}

impl EngineDiff {
    fn of(before: &Contents, after: &Contents) -> Self {
        Self {
            features_gained: names(after.features.missing_in(before.features)),
            features_lost: names(before.features.missing_in(after.features)),
            cargo_features_gained: lacking(&before.needs, &after.needs),
            cargo_features_lost: lacking(&after.needs, &before.needs),
        }
    }
}

/// Returns whether the later file uses a proposal that an import accepts only if a setting enables it.
fn needs_setting(before: &Contents, after: &Contents) -> bool {
    let gained = after.features.missing_in(before.features);
    gained.missing_in(RequiredFeatures::on_by_default()).iter().next().is_some()
}

/// Returns whether both sides have an item that may differ inside: of a component that WIT cannot describe.
fn has_opaque(before: &Contents, after: &Contents) -> bool {
    let is_described = before.world.is_some() && after.world.is_some();
    let both = [(&before.imports, &after.imports), (&before.exports, &after.exports)];
    !is_described && both.iter().any(|(before, after)| items::has_opaque(before, after))
}

fn names(features: RequiredFeatures) -> Vec<&'static str> {
    features.iter().map(|feature| feature.name()).collect()
}

fn lacking(known: &[&'static str], names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| !known.contains(name)).collect()
}

fn missing_in(known: &[Capability], wanted: &[Capability]) -> Vec<Capability> {
    let is_known = |wanted: &&Capability| known.iter().any(|other| other.kind == wanted.kind);
    wanted.iter().filter(|wanted| !is_known(wanted)).cloned().collect()
}

fn worst(changes: &[Change]) -> Option<(Compatibility, Level)> {
    let compatibility = changes.iter().map(|change| change.compatibility).max()?;
    let level = changes.iter().map(|change| change.level).max()?;
    Some((compatibility, level))
}

pub(super) fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The kinds of a file that became another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KindChange {
    /// The kind before.
    pub before: Kind,
    /// The kind after.
    pub after: Kind,
}
