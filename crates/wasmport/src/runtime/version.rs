//! `InterfaceVersion`: a version of an interface.

use crate::code::Code;
use crate::interface::Interface;
use std::fmt;

/// A version of an interface: each generated wrapper of an interface with versions has an enum that implements
/// this trait.
pub trait InterfaceVersion: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// Kind of the code.
    type Code: Code;

    /// All versions, oldest first.
    const ALL: &'static [Self];

    /// Returns its name, as in `wasmport.toml`.
    fn name(self) -> &'static str;

    /// Returns the imports and exports of the version.
    fn interface(self) -> &'static Interface<Self::Code>;
}

/// Returns the position of a version among all.
pub fn index<V: InterfaceVersion>(version: V) -> usize {
    V::ALL.iter().position(|other| *other == version).unwrap_or_default()
}

/// A set of versions, one bit for each.
pub type VersionSet = u64;

/// All versions.
pub(crate) const ALL: VersionSet = VersionSet::MAX;

/// Returns the set with one version.
pub(super) fn bit<V: InterfaceVersion>(version: V) -> VersionSet {
    u32::try_from(index(version))
        .ok()
        .and_then(|index| 1_u64.checked_shl(index))
        .unwrap_or_default()
}

/// Returns the set of some versions.
pub(crate) fn set_of<V: InterfaceVersion>(versions: &[V]) -> VersionSet {
    versions.iter().fold(0, |set, version| set | bit(*version))
}
