//! `Detect`: the ways to know the version of code.

use super::version::InterfaceVersion;
use std::fmt;

/// The way in which the version of code is detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detect {
    /// The newest version whose imports and exports the code has.
    Structure,
    /// The content of the custom section of this name, as text.
    Section(&'static str),
    /// The text that `*` stands for in the name of an export.
    Export(&'static str),
    /// An export for each version, oldest first.
    Exports(&'static [&'static str]),
    /// The program says it; if it does not, like [`Self::Structure`].
    Program,
}

/// The facts about code from which a version is detected.
pub(super) trait Facts {
    /// Returns the content of a custom section; none if no section is known of the code.
    fn section(&self, name: &str) -> Option<Option<&[u8]>>;

    /// Returns the names of the exports.
    fn exports(&self) -> Vec<String>;
}

/// The result of a detection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Detected<V> {
    /// A version of the interface.
    Version(V),
    /// Another version, or none.
    Unknown(Option<String>),
    /// The imports and exports decide.
    ByStructure,
}

impl Detect {
    pub(super) fn version<V: InterfaceVersion>(self, code: &impl Facts) -> Detected<V> {
        match self {
            Self::Structure | Self::Program => Detected::ByStructure,
            Self::Section(name) => match code.section(name) {
                None => Detected::ByStructure,
                Some(None) => Detected::Unknown(None),
                Some(Some(data)) => {
                    let text = String::from_utf8_lossy(data);
                    named(text.trim_matches(|c: char| c.is_whitespace() || c == '\0'))
                }
            },
            Self::Export(pattern) => {
                let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
                let matched = |name: &String| {
                    Some(name.strip_prefix(before)?.strip_suffix(after)?.to_owned())
                };
                let matched: Vec<String> = code.exports().iter().filter_map(matched).collect();
                let is_of = |version: &&V| matched.iter().any(|text| text == version.name());
                match V::ALL.iter().rev().find(is_of) {
                    Some(version) => Detected::Version(*version),
                    None => Detected::Unknown(matched.into_iter().next()),
                }
            }
            Self::Exports(names) => {
                let exports = code.exports();
                let has = |name: &&str| exports.iter().any(|export| export == name);
                let found = V::ALL.iter().zip(names).rev().find(|(_, name)| has(name));
                found.map_or(Detected::Unknown(None), |(version, _)| Detected::Version(*version))
            }
        }
    }
}

/// Returns the version of this name. An empty one is none.
pub(super) fn named<V: InterfaceVersion>(name: &str) -> Detected<V> {
    if name.is_empty() {
        return Detected::Unknown(None);
    }
    let found = V::ALL.iter().find(|version| version.name() == name);
    found
        .map_or_else(|| Detected::Unknown(Some(name.into())), |version| Detected::Version(*version))
}

impl fmt::Display for Detect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure => f.write_str("its imports and exports"),
            Self::Section(name) => write!(f, "the custom section {name:?}"),
            Self::Export(pattern) => write!(f, "the name of an export {pattern:?}"),
            Self::Exports(names) => {
                f.write_str("one of the exports ")?;
                names.iter().enumerate().try_for_each(|(i, name)| {
                    write!(f, "{}{name:?}", if i == 0 { "" } else { ", " })
                })
            }
            Self::Program => f.write_str("the program"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::Interface;
    use wasmtime::Module;

    static INTERFACE: Interface = Interface::new("plugin", &[], &[], "");

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Version {
        One,
        Two,
    }

    impl InterfaceVersion for Version {
        type Code = Module;
        const ALL: &'static [Self] = &[Self::One, Self::Two];

        fn name(self) -> &'static str {
            if self == Self::One { "1" } else { "2" }
        }

        fn interface(self) -> &'static Interface {
            &INTERFACE
        }
    }

    /// Code with exports, and with a custom section `version` if it has its sections.
    struct Code(&'static [&'static str], Option<Option<&'static [u8]>>);

    impl Facts for Code {
        fn section(&self, name: &str) -> Option<Option<&[u8]>> {
            self.1.map(|section| section.filter(|_| name == "version"))
        }

        fn exports(&self) -> Vec<String> {
            self.0.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn exports_tell_the_version() {
        let by_pattern = |exports| Detect::Export("run-v*-now").version(&Code(exports, None));
        assert_eq!(by_pattern(&["a", "run-v1-now"]), Detected::Version(Version::One));
        // The newest of several counts, and an unknown one only if there is no other.
        let several = by_pattern(&["run-v3-now", "run-v2-now", "run-v1-now"]);
        assert_eq!(several, Detected::Version(Version::Two));
        let unknown: Detected<Version> = by_pattern(&["run-v3-now", "run-v-no"]);
        assert_eq!(unknown, Detected::Unknown(Some("3".into())));
        assert_eq!(by_pattern(&["run-v1"]), Detected::<Version>::Unknown(None));
        // Before and after the star do not overlap.
        let overlapping = Detect::Export("run*run").version::<Version>(&Code(&["run"], None));
        assert_eq!(overlapping, Detected::Unknown(None));

        let by_name = |exports| Detect::Exports(&["run", "run_2"]).version(&Code(exports, None));
        assert_eq!(by_name(&["run"]), Detected::Version(Version::One));
        assert_eq!(by_name(&["run", "run_2"]), Detected::Version(Version::Two));
        assert_eq!(by_name(&["walk"]), Detected::<Version>::Unknown(None));
    }

    #[test]
    fn a_section_tells_the_version() {
        let of = |section| Detect::Section("version").version(&Code(&[], section));
        assert_eq!(of(Some(Some(b"2"))), Detected::Version(Version::Two));
        assert_eq!(of(Some(Some(b" 1\n\0"))), Detected::Version(Version::One));
        assert_eq!(of(Some(Some(b"v1"))), Detected::<Version>::Unknown(Some("v1".into())));
        assert_eq!(of(Some(Some(b"  "))), Detected::<Version>::Unknown(None));
        assert_eq!(of(Some(None)), Detected::<Version>::Unknown(None));
        // Imported assets have no sections that are known.
        assert_eq!(of(None), Detected::<Version>::ByStructure);
        assert_eq!(Detect::Structure.version::<Version>(&Code(&[], None)), Detected::ByStructure);
    }
}
