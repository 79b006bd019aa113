//! The advisories of the crates that decide what Wasmtime generates.

use super::compiler::Compiler;
use rustsec::advisory::Advisory;
use rustsec::{Collection, Database, Version, VersionReq};
use std::collections::BTreeSet;

/// The numbers of a crate's releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    /// The same as Wasmtime's.
    Wasmtime,
    /// Cranelift's: 48.0.8 of Wasmtime has 0.135.8 of Cranelift, as 1.0.0 had 0.88.0. Older ones differ.
    Cranelift,
}

/// The difference between Cranelift's minor number and Wasmtime's major number.
const CRANELIFT_AHEAD: u64 = 87;

/// The crates whose code decides what Wasmtime generates, with names that they had before. Wasmtime depends on its own
/// release of each; the few others, such as `regalloc2`, have versions that a version of Wasmtime does not tell.
const CRATES: &[(&str, Numbering)] = &[
    ("cranelift-assembler-x64", Numbering::Cranelift),
    ("cranelift-bforest", Numbering::Cranelift),
    ("cranelift-bitset", Numbering::Cranelift),
    ("cranelift-codegen", Numbering::Cranelift),
    ("cranelift-codegen-meta", Numbering::Cranelift),
    ("cranelift-codegen-shared", Numbering::Cranelift),
    ("cranelift-control", Numbering::Cranelift),
    ("cranelift-entity", Numbering::Cranelift),
    ("cranelift-frontend", Numbering::Cranelift),
    ("cranelift-isle", Numbering::Cranelift),
    ("cranelift-native", Numbering::Cranelift),
    ("cranelift-srcgen", Numbering::Cranelift),
    ("cranelift-wasm", Numbering::Cranelift),
    ("pulley-interpreter", Numbering::Wasmtime),
    ("wasmtime", Numbering::Wasmtime),
    ("wasmtime-cranelift", Numbering::Wasmtime),
    ("wasmtime-environ", Numbering::Wasmtime),
    ("wasmtime-internal-core", Numbering::Wasmtime),
    ("wasmtime-internal-cranelift", Numbering::Wasmtime),
    ("wasmtime-internal-unwinder", Numbering::Wasmtime),
    ("wasmtime-internal-winch", Numbering::Wasmtime),
    ("wasmtime-winch", Numbering::Wasmtime),
    ("winch-codegen", Numbering::Wasmtime),
];

impl Numbering {
    /// Returns the crate's version in a release of Wasmtime; none if it is not known.
    fn version(self, wasmtime: &Version) -> Option<Version> {
        match self {
            Self::Wasmtime => Some(wasmtime.clone()),
            Self::Cranelift => {
                let minor = wasmtime.major.checked_add(CRANELIFT_AHEAD)?;
                (wasmtime.major > 0).then(|| Version::new(0, minor, wasmtime.patch))
            }
        }
    }

    /// Returns the release of Wasmtime with this version of the crate; none if it is not known.
    fn wasmtime(self, version: &Version) -> Option<Version> {
        match self {
            Self::Wasmtime => Some(version.clone()),
            Self::Cranelift => {
                let major = version.minor.checked_sub(CRANELIFT_AHEAD)?;
                (version.major == 0 && major > 0).then(|| Version::new(major, 0, version.patch))
            }
        }
    }
}

/// An advisory that counts.
pub(super) struct Relevant<'d> {
    pub advisory: &'d Advisory,
    numbering: Numbering,
}

impl Relevant<'_> {
    /// Returns whether it only informs.
    pub fn is_informational(&self) -> bool {
        self.advisory.metadata.informational.is_some()
    }

    /// Returns whether it is about some release that may have been the compiler.
    fn affects(&self, compiler: &Compiler) -> bool {
        let is_affected = |version: &Version| self.affects_release(version);
        match compiler {
            Compiler::Release(version) => is_affected(version),
            Compiler::Major(major) => self.releases(*major).iter().any(is_affected),
        }
    }

    fn affects_release(&self, wasmtime: &Version) -> bool {
        let version = self.numbering.version(wasmtime);
        version.is_some_and(|version| self.advisory.versions.is_vulnerable(&version))
    }

    /// Returns releases of a major version, one of each range that the advisory distinguishes: its bounds, and the
    /// releases behind them.
    fn releases(&self, major: u64) -> BTreeSet<Version> {
        let bounds = self.bounds().filter(|bound| bound.major == major);
        let behind = bounds.flat_map(|bound| {
            let Version { major, minor, patch, .. } = bound;
            let next = Version::new(major, minor, patch.saturating_add(1));
            [next, Version::new(major, minor.saturating_add(1), 0), bound]
        });
        let (first, last) = (Version::new(major, 0, 0), Version::new(major, u64::MAX, u64::MAX));
        behind.chain([first, last]).collect()
    }

    /// Returns the bounds of its ranges, as releases of Wasmtime.
    fn bounds(&self) -> impl Iterator<Item = Version> {
        let versions = &self.advisory.versions;
        let requirements = versions.patched().iter().chain(versions.unaffected());
        requirements.flat_map(lower_numbers).filter_map(|version| self.numbering.wasmtime(&version))
    }
}

/// Returns the versions in a requirement.
fn lower_numbers(requirement: &VersionReq) -> impl Iterator<Item = Version> {
    requirement.comparators.iter().map(|comparator| {
        Version::new(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0))
    })
}

/// The advisories that count, in the order of their names.
pub(super) struct Advisories<'d>(Vec<Relevant<'d>>);

impl<'d> Advisories<'d> {
    /// Selects those about the crates that count. Withdrawn ones do not.
    pub fn of(database: &'d Database) -> Self {
        let of_crate = |advisory: &Advisory| {
            let package = advisory.metadata.package.as_str();
            CRATES.iter().find(|(name, _)| *name == package).map(|(_, numbering)| *numbering)
        };
        let is_of_rust =
            |advisory: &Advisory| advisory.metadata.collection == Some(Collection::Rust);
        let advisories = database.iter().filter(|a| !a.withdrawn() && !is_of_rust(a));
        let relevant = advisories
            .filter_map(|advisory| Some(Relevant { advisory, numbering: of_crate(advisory)? }));
        let mut relevant: Vec<Relevant<'_>> = relevant.collect();
        relevant.sort_by(|one, other| one.advisory.id().as_str().cmp(other.advisory.id().as_str()));
        Self(relevant)
    }

    /// Returns those about some release that may have been the compiler.
    pub fn about(&self, compiler: &Compiler) -> impl Iterator<Item = &Relevant<'d>> {
        self.0.iter().filter(move |relevant| relevant.affects(compiler))
    }

    /// Returns the oldest release that can replace the compiler: none of the advisories that matter is about it.
    pub fn replacement(&self, compiler: &Compiler) -> Option<Version> {
        let matters = || self.0.iter().filter(|relevant| !relevant.is_informational());
        let is_good = |release: &Version| {
            // A replacement that is not a release would be none.
            release.pre.is_empty() && !matters().any(|relevant| relevant.affects_release(release))
        };
        let oldest = compiler.oldest();
        let later: BTreeSet<Version> =
            matters().flat_map(Relevant::bounds).filter(|bound| *bound >= oldest).collect();
        later.into_iter().find(is_good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(package: &str, versions: &str) -> Advisory {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"{package}\"\ndate = \"2026-01-01\"\n\
             [versions]\n{versions}\n```\n\n# Title\n\nText.\n"
        );
        text.parse().unwrap()
    }

    fn affected(package: &str, versions: &str, compilers: &[&str]) -> Vec<bool> {
        let advisory = advisory(package, versions);
        let numbering = CRATES.iter().find(|(name, _)| *name == package).unwrap().1;
        let relevant = Relevant { advisory: &advisory, numbering };
        let compilers = compilers.iter().map(|text| Compiler::parse(text).unwrap());
        compilers.map(|compiler| relevant.affects(&compiler)).collect()
    }

    #[test]
    fn crates_have_the_numbers_of_their_release() {
        // The numbers of the release that this is built with are in the lock file.
        let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        // A published package has a lock file of its own.
        let lock = ["../../Cargo.lock", "Cargo.lock"].map(|file| package.join(file));
        let lock = lock.iter().find_map(|file| crate::fs::read_optional(file).unwrap()).unwrap();
        let lock = String::from_utf8(lock).unwrap();
        let wasmtime = Version::parse(wasmport::engine::wasmtime_version()).unwrap();
        let mut checked = 0;
        for (name, numbering) in CRATES {
            let version = numbering.version(&wasmtime).unwrap();
            assert_eq!(numbering.wasmtime(&version).as_ref(), Some(&wasmtime), "{name}");
            let entry = |version: &dyn std::fmt::Display| {
                format!("name = \"{name}\"\nversion = \"{version}")
            };
            if lock.contains(&entry(&"")) {
                assert!(lock.contains(&entry(&version)), "{name} is not {version}");
                checked += 1;
            }
        }
        assert!(checked > 10, "{checked}");
    }

    #[test]
    fn a_major_version_counts_if_one_of_its_releases_does() {
        let patched = r#"patched = [">= 48.0.4, < 49.0.0", ">= 49.0.2"]"#;
        let all = ["47.0.9", "48.0.3", "48.0.4", "49.0.1", "49.0.2", "47", "48", "49", "50"];
        let with =
            |unaffected: &str| affected("wasmtime", &format!("{patched}\n{unaffected}"), &all);
        let [f, t] = [false, true];
        assert_eq!(with("unaffected = [\"< 48.0.0\"]"), [f, t, f, t, f, f, t, t, f]);
        assert_eq!(with(""), [t, t, f, t, f, t, t, t, f]);
        // Releases between two others.
        let between = "patched = [\">= 48.0.4\"]\nunaffected = [\"<= 48.0.2\"]";
        let compilers = ["48.0.2", "48.0.3", "48.0.4", "48", "47", "49"];
        assert_eq!(affected("wasmtime", between, &compilers), [f, t, f, t, f, f]);
        let cranelift = "patched = [\">= 0.135.4\"]\nunaffected = [\"< 0.135.3\"]";
        assert_eq!(affected("cranelift-codegen", cranelift, &compilers), [f, t, f, t, f, f]);
        assert_eq!(affected("wasmtime", "patched = []", &["0.40.0", "48", "99.1.2"]), [t, t, t]);
        // Cranelift's number of that time is not known.
        assert_eq!(affected("cranelift-codegen", "patched = []", &["0.40.0"]), [f]);
    }
}
