//! Versions of an interface: the choices for each, and contradictions between them.

use super::{AssetSettings, Detect, Version};
use crate::error::SettingsErrorKind;
use crate::names;
use std::collections::BTreeMap;

/// Largest number of versions: the runtime has one bit for each.
const MOST: usize = 64;

impl AssetSettings {
    /// Returns the choices for the wrapper of one version.
    pub(crate) fn of_version(&self, version: &Version) -> Self {
        let description = version.description.clone();
        let (wit, module) = match version.is_module() {
            true => (None, Some(description)),
            false => (Some(description), None),
        };
        let type_name = self.type_name.clone();
        let type_name = type_name.or_else(|| self.name.as_deref().map(names::type_name));
        Self { wit, module, type_name, versions: None, detect: Detect::default(), ..self.clone() }
    }

    /// Finds a contradiction in the versions, with the key that it is about.
    pub(super) fn version_contradiction(&self) -> Option<(&'static str, SettingsErrorKind)> {
        let Some(_) = &self.versions else {
            let is_chosen = self.detect != Detect::default();
            return is_chosen.then_some(("detect", SettingsErrorKind::DetectWithoutVersions));
        };
        if self.handle == Some(true) {
            return Some(("handle", SettingsErrorKind::HandleOfVersions));
        }
        let versions = self.all_versions();
        if versions.is_empty() || versions.len() > MOST {
            return Some(("versions", SettingsErrorKind::VersionCount(versions.len())));
        }
        if let Some(version) = versions.iter().find(|own| !names::is_identifier(&own.module)) {
            return Some(("versions", SettingsErrorKind::VersionName(version.name.clone())));
        }
        let twice = versions.iter().enumerate().find_map(|(index, own)| {
            let same = versions[..index].iter().find(|other| other.variant == own.variant)?;
            Some(SettingsErrorKind::SameVersion(same.name.clone(), own.name.clone()))
        });
        if let Some(twice) = twice {
            return Some(("versions", twice));
        }
        if versions.iter().any(|own| own.is_module() != versions[0].is_module()) {
            return Some(("versions", SettingsErrorKind::MixedVersions));
        }
        self.detect_contradiction(&versions).map(|kind| ("detect", kind))
    }

    fn detect_contradiction(&self, versions: &[Version]) -> Option<SettingsErrorKind> {
        let detect = &self.detect;
        if detect.chosen_ways() > 1 {
            return Some(SettingsErrorKind::DetectWays);
        }
        if detect.section.as_deref() == Some("") {
            return Some(SettingsErrorKind::DetectSection);
        }
        if let Some(pattern) = &detect.export
            && pattern.matches('*').count() != 1
        {
            return Some(SettingsErrorKind::DetectPattern(pattern.clone()));
        }
        let exports = detect.exports.as_ref()?;
        let missing = versions.iter().find(|version| !exports.contains_key(&version.name));
        if let Some(version) = missing {
            return Some(SettingsErrorKind::VersionWithoutExport(version.name.clone()));
        }
        let mut taken = BTreeMap::new();
        for (version, export) in exports {
            if export.is_empty() {
                return Some(SettingsErrorKind::VersionWithoutExport(version.clone()));
            }
            if let Some(other) = taken.insert(export, version) {
                let (other, version, export) = (other.clone(), version.clone(), export.clone());
                return Some(SettingsErrorKind::ExportOfTwoVersions(other, version, export));
            }
        }
        let is_version = |name: &&String| versions.iter().any(|version| version.name == **name);
        let unknown = exports.keys().find(|name| !is_version(name));
        unknown.map(|name| SettingsErrorKind::ExportOfNoVersion(name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> AssetSettings {
        let versions = names.iter().map(|name| ((*name).to_owned(), format!("wit/{name}#plugin")));
        AssetSettings::interface_with_versions("plugin", versions)
    }

    #[test]
    fn versions_have_the_order_of_their_numbers() {
        let ordered = |names: &[&str]| {
            let versions = named(names).all_versions().into_iter();
            versions.map(|version| version.name).collect::<Vec<_>>()
        };
        assert_eq!(
            ordered(&["v10", "v2", "v1", "0.10.0", "0.2.0", "since-1"]),
            ["0.2.0", "0.10.0", "since-1", "v1", "v2", "v10"]
        );
        // What leads to a version comes before it.
        assert_eq!(
            ordered(&["1.0.0", "1.0.0-rc.2", "0.9.0", "1.0.1-rc.1", "1.0.0-rc.10", "1.0.1"]),
            ["0.9.0", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1-rc.1", "1.0.1"]
        );
        // Numbers of any length.
        assert_eq!(
            ordered(&["v15000000000000000000000", "v9", "v10", "v009"]),
            ["v009", "v9", "v10", "v15000000000000000000000"]
        );
        let rust = |name: &str| {
            let version = Version::new(name, "x.wat");
            (version.module, version.variant)
        };
        assert_eq!(rust("0.2.0"), ("v0_2_0".into(), "V0_2_0".into()));
        assert_eq!(rust("Since-1"), ("since_1".into(), "Since1".into()));
        // Names that rustc's lints accept.
        assert_eq!(rust("1.0.0-rc.1"), ("v1_0_0_rc_1".into(), "V1_0_0Rc1".into()));
        assert_eq!(rust("-old..guest-"), ("old_guest".into(), "OldGuest".into()));
        assert_eq!(rust("v1"), ("v1".into(), "V1".into()));
    }

    #[test]
    fn contradictions_between_versions_are_found() {
        let found = |settings: &AssetSettings| {
            let found = settings.version_contradiction();
            found.map(|(key, kind)| format!("{key}: {kind}"))
        };
        assert_eq!(found(&named(&["v1", "v2"])), None);
        let mut settings = named(&["v-1", "v_1"]);
        assert_eq!(
            found(&settings).unwrap(),
            "versions: the versions `v-1` and `v_1` would have the same name in Rust"
        );
        settings = named(&["1-rc1", "1-rc.1"]);
        assert_eq!(
            found(&settings).unwrap(),
            "versions: the versions `1-rc1` and `1-rc.1` would have the same name in Rust"
        );
        settings = named(&["self"]);
        assert_eq!(
            found(&settings).unwrap(),
            "versions: the version `self` cannot be the name of a Rust module"
        );
        settings = named(&[]);
        assert_eq!(
            found(&settings).unwrap(),
            "versions: 0 versions, and from 1 to 64 are possible"
        );
        settings = named(&["ü"]);
        assert_eq!(
            found(&settings).unwrap(),
            "versions: the version `ü` cannot be the name of a Rust module"
        );
        settings = named(&["v1", "v2"]);
        settings.handle = Some(true);
        assert_eq!(
            found(&settings).unwrap(),
            "handle: sessions of interfaces with `versions` have no methods for handles"
        );
        settings.handle = None;
        settings.detect.section = Some("version".into());
        assert_eq!(found(&settings), None);
        settings.detect.function = Some(true);
        assert_eq!(
            found(&settings).unwrap(),
            "detect: the version is detected in one way: `section`, `export`, `exports` or `function`"
        );
        settings.detect = Detect::new().section("");
        assert_eq!(found(&settings).unwrap(), "detect: `section` is empty");
        settings.detect = Detect::new().export("plugin");
        assert_eq!(
            found(&settings).unwrap(),
            "detect: `plugin` has no single `*`, which stands for the version's name"
        );
        let exports = |first: &str, second: &str| {
            let exports = [("v1", first), ("v2", second)];
            Detect::new().exports(exports.map(|(name, export)| (name.into(), export.into())))
        };
        settings.detect = exports("run", "");
        assert_eq!(
            found(&settings).unwrap(),
            "detect: the version `v2` has no export in `exports`"
        );
        settings.detect = exports("run", "run");
        assert_eq!(
            found(&settings).unwrap(),
            "detect: the versions `v1` and `v2` have the same export `run`"
        );
        settings.detect = exports("run", "run_v2");
        assert_eq!(found(&settings), None);
        settings.detect = Detect::new().exports([("v1".to_owned(), "run".to_owned())]);
        assert_eq!(
            found(&settings).unwrap(),
            "detect: the version `v2` has no export in `exports`"
        );
        let one = AssetSettings { detect: Detect::new().section("x"), ..AssetSettings::default() };
        assert_eq!(found(&one).unwrap(), "detect: `detect` is for interfaces with `versions`");
        let mixed = [("v1".to_owned(), "a.wat".to_owned()), ("v2".to_owned(), "wit#b".to_owned())];
        let mixed = AssetSettings::interface_with_versions("plugin", mixed);
        assert_eq!(
            found(&mixed).unwrap(),
            "versions: some versions are modules, and others are worlds"
        );
    }
}
