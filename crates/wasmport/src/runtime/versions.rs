//! `Versions`: an interface that has several versions.

use super::detect::{Detect, Detected, Facts, named};
use super::loaded::Loaded;
use super::version::{ALL, InterfaceVersion, VersionSet, bit, index, set_of};
use crate::code::{Code, Operations as _};
use crate::error::{Error, Result};
#[cfg(feature = "inspect")]
use crate::inspect::{Inspected, Inspection};
use crate::interface::Difference;
use std::fmt;
use std::marker::PhantomData;

/// An interface that has several versions: what its wrapper expects of code of each, and how the version of code is
/// detected.
///
/// The wrapper has it as its `INTERFACE`. [`check`](Self::check) compares loaded code with the version that it
/// is of, and with the cargo feature `inspect` the method `inspect` does so before code is compiled.
pub struct Versions<V> {
    name: &'static str,
    detect: Detect,
    accepted: VersionSet,
    versions: PhantomData<fn() -> V>,
}

impl<V> Clone for Versions<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Versions<V> {}

impl<V> fmt::Debug for Versions<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions")
            .field("name", &self.name)
            .field("detect", &self.detect)
            .finish_non_exhaustive()
    }
}

impl<V> Versions<V> {
    pub(crate) const fn new(name: &'static str, detect: Detect) -> Self {
        Self { name, detect, accepted: ALL, versions: PhantomData }
    }

    /// Returns the name, which is also that of the wrapper's Rust module.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the way in which versions are detected.
    #[must_use]
    pub const fn detect(&self) -> Detect {
        self.detect
    }
}

impl<V: InterfaceVersion> Versions<V> {
    /// Returns the interface for code of these versions alone.
    #[must_use]
    pub fn accept(&self, versions: &[V]) -> Self {
        self.accepting(set_of(versions))
    }

    /// Returns the interface for code of those versions of a set that it accepts itself.
    fn accepting(mut self, accepted: VersionSet) -> Self {
        self.accepted &= accepted;
        self
    }

    /// Returns the versions that are accepted, oldest first.
    pub fn accepted(&self) -> impl DoubleEndedIterator<Item = V> + use<V> {
        let accepted = self.accepted;
        V::ALL.iter().copied().filter(move |version| accepted & bit(*version) != 0)
    }

    /// Checks that loaded code is of an accepted version, and has its imports and exports. Returns the version.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Version`] if the code is of another version, and with [`Error::Interface`], which has
    /// every difference, if it differs from the version that it is of.
    pub fn check(&self, loaded: &Loaded<V::Code>) -> Result<V> {
        self.check_counted(loaded, |_| true)
    }

    fn check_exports(&self, loaded: &Loaded<V::Code>) -> Result<V> {
        self.check_counted(loaded, |difference| !difference.is_of_import())
    }

    /// Version of [`check`](Self::check) that returns the position of the version, for generated code.
    ///
    /// # Errors
    ///
    /// Fails like [`check`](Self::check).
    #[doc(hidden)]
    pub fn checked_index(&self, loaded: &Loaded<V::Code>, accepted: VersionSet) -> Result<usize> {
        self.accepting(accepted).check(loaded).map(index)
    }

    /// Checks version and exports alone, for generated code.
    ///
    /// # Errors
    ///
    /// Fails like [`check`](Self::check).
    #[doc(hidden)]
    pub fn checked_exports_index(&self, loaded: &Loaded<V::Code>) -> Result<usize> {
        self.check_exports(loaded).map(index)
    }

    fn check_counted(
        &self,
        loaded: &Loaded<V::Code>,
        counts: impl Fn(&Difference) -> bool,
    ) -> Result<V> {
        let detected = loaded.version().map(named);
        let detected = detected.unwrap_or_else(|| self.detect.version(loaded));
        let differences = |version: V| {
            let differences = loaded.code().differences(version.interface()).into_iter();
            differences.filter(|difference| counts(difference)).collect()
        };
        self.decide(loaded.asset().name(), detected, differences)
    }

    /// Returns the version of code, if it is accepted and the code does not differ from it.
    fn decide(
        &self,
        asset: &str,
        detected: Detected<V>,
        differences: impl Fn(V) -> Vec<Difference>,
    ) -> Result<V> {
        let (version, differences) = match detected {
            Detected::Version(version) if self.accepted & bit(version) != 0 => {
                (version, differences(version))
            }
            Detected::Version(version) => {
                return Err(self.unsupported(asset, Some(version.name().into())));
            }
            Detected::Unknown(found) => return Err(self.unsupported(asset, found)),
            Detected::ByStructure => {
                let Some(found) = self.nearest(differences) else {
                    return Err(self.unsupported(asset, None));
                };
                found
            }
        };
        if differences.is_empty() {
            return Ok(version);
        }
        let (asset, interface) = (asset.into(), format!("{} {}", self.name, version.name()));
        Err(Error::Interface { asset, interface, differences })
    }

    /// Returns the newest accepted version from which code differs least.
    fn nearest(&self, differences: impl Fn(V) -> Vec<Difference>) -> Option<(V, Vec<Difference>)> {
        let mut nearest: Option<(V, Vec<Difference>)> = None;
        for version in self.accepted().rev() {
            let own = differences(version);
            if own.is_empty() {
                return Some((version, own));
            }
            if nearest.as_ref().is_none_or(|(_, least)| own.len() < least.len()) {
                nearest = Some((version, own));
            }
        }
        nearest
    }

    fn unsupported(&self, asset: &str, found: Option<String>) -> Error {
        Error::Version {
            asset: asset.into(),
            interface: self.name.into(),
            found: found.as_deref().map(shown),
            detected_by: self.detect.to_string(),
            supported: self.accepted().map(|version| version.name().into()).collect(),
        }
    }
}

/// Length in characters up to which the name of an unknown version is in an error.
const SHOWN: usize = 60;

/// Returns the name of an unknown version for errors. It comes from a stranger's file: it may have any length, and
/// control the terminal.
fn shown(found: &str) -> String {
    let (mut characters, mut shown) = (found.chars(), String::new());
    for character in characters.by_ref().take(SHOWN) {
        shown.extend(character.escape_debug());
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

impl<C: Code> Facts for Loaded<C> {
    fn section(&self, name: &str) -> Option<Option<&[u8]>> {
        let sections = self.sections()?;
        Some(sections.iter().find(|(own, _)| own == name).map(|(_, data)| data.as_slice()))
    }

    fn exports(&self) -> Vec<String> {
        self.code().export_names()
    }
}

#[cfg(feature = "inspect")]
impl Facts for Inspection<'_> {
    fn section(&self, name: &str) -> Option<Option<&[u8]>> {
        // Those that loaded code has too, so that it is of the same version.
        let section = self.short_sections.iter().find(|(own, _)| own == name);
        Some(section.map(|(_, data)| data.as_slice()))
    }

    fn exports(&self) -> Vec<String> {
        if !self.is_component {
            return self.exports.iter().map(|export| export.name.to_owned()).collect();
        }
        self.component.export_names()
    }
}

#[cfg(feature = "inspect")]
impl<V: InterfaceVersion<Code: Inspected>> Versions<V> {
    /// Reads a file before it is compiled, and returns its version. Does not compare it with the version's imports
    /// and exports if something else tells the version.
    ///
    /// # Errors
    ///
    /// Fails like [`Inspection::of`], and with [`Error::Version`] if the version is not accepted.
    pub fn version(&self, bytes: &[u8]) -> Result<V> {
        let found = Inspection::of(bytes)?;
        let detected = self.detected(&found);
        let is_open = detected == Detected::ByStructure;
        self.decide("", detected, |version| match is_open {
            true => found.differences(version.interface()),
            false => Vec::new(),
        })
    }

    /// Reads a file before it is compiled, detects its version, and compares it with that version.
    ///
    /// # Errors
    ///
    /// Fails like [`Inspection::of`], with [`Error::Version`] if the version is not accepted, and with
    /// [`Error::Interface`], which has every difference from the version.
    pub fn inspect<'a>(&self, bytes: &'a [u8]) -> Result<(V, Inspection<'a>)> {
        let found = Inspection::of(bytes)?;
        let version = self.compared(&found, self.detected(&found))?;
        Ok((version, found))
    }

    /// Reads a file before it is compiled like [`inspect`](Self::inspect); `version` returns the version.
    ///
    /// # Errors
    ///
    /// Fails like [`inspect`](Self::inspect).
    pub fn inspect_by<'a>(
        &self,
        bytes: &'a [u8],
        version: impl FnOnce(&Inspection<'a>) -> Option<V>,
    ) -> Result<(V, Inspection<'a>)> {
        let found = Inspection::of(bytes)?;
        let detected = version(&found).map_or(Detected::Unknown(None), Detected::Version);
        let version = self.compared(&found, detected)?;
        Ok((version, found))
    }

    /// Code of the other kind has no version: that is its difference.
    fn detected(&self, found: &Inspection<'_>) -> Detected<V> {
        use crate::asset::Kind as _;
        if found.is_component == V::Code::IS_COMPONENT {
            self.detect.version(found)
        } else {
            Detected::ByStructure
        }
    }

    fn compared(&self, found: &Inspection<'_>, detected: Detected<V>) -> Result<V> {
        self.decide("", detected, |version| found.differences(version.interface()))
    }
}
