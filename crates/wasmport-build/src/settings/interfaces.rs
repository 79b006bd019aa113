//! Interfaces: their names, the files that describe them, and what cannot be chosen for them.

use super::asset::OF_ASSETS;
use super::table::{Mark, leaves, values};
use super::{AssetSettings, Settings, world_path};
use crate::error::{SettingsError, SettingsErrorKind};
use crate::names;

impl AssetSettings {
    /// Returns the key and the path of the file or folder that describes an interface.
    /// Of several versions the newest counts.
    pub(crate) fn description(&self) -> Option<(&'static str, String)> {
        if let Some(newest) = self.all_versions().last() {
            return Some(("versions", newest.path().to_owned()));
        }
        let wit = self.wit.as_deref().map(|world| ("wit", world_path(world).0));
        let module = self.module.as_deref().map(|path| ("module", path));
        let found = wit.or(module).or_else(|| self.like.as_deref().map(|path| ("like", path)));
        found.map(|(key, path)| (key, path.to_owned()))
    }

    /// Returns the source of an interface, which no asset has.
    pub(crate) fn source(&self) -> Option<String> {
        let ((_, path), name) = (self.description()?, self.name.as_ref()?);
        let newest = self.all_versions().pop().map(|version| version.description);
        let world = newest.or_else(|| self.wit.clone());
        Some(format!("{}#{name}", world.unwrap_or(path)))
    }
}

impl Settings {
    /// Checks that each interface has a name of its own and one description, and no choices for code.
    pub(super) fn check_interfaces(&self) -> Result<(), SettingsError> {
        for (index, interface) in self.interfaces.iter().enumerate() {
            let error = |key: &str, kind| {
                let file = self.origin.as_ref();
                let place = file.and_then(|file| {
                    let place = file.location(&format!("interface.{index}.{key}"));
                    place.or_else(|| file.location(&format!("interface.{index}")))
                });
                Err(SettingsError::new(kind).at(place))
            };
            let Some(name) = interface.name.as_deref() else {
                return error("", SettingsErrorKind::InterfaceWithoutName);
            };
            if !names::is_identifier(name) {
                return error("name", SettingsErrorKind::InterfaceName(name.into()));
            }
            let is_named = |other: &AssetSettings| other.name.as_deref() == Some(name);
            if self.interfaces[..index].iter().any(is_named) {
                return error("name", SettingsErrorKind::InterfaceTwice(name.into()));
            }
            let one = [&interface.wit, &interface.module, &interface.like].into_iter().flatten();
            if one.count() + usize::from(interface.versions.is_some()) != 1 {
                return error("", SettingsErrorKind::InterfaceDescription(name.into()));
            }
            if let Some((key, kind)) = interface.version_contradiction() {
                return error(key, kind);
            }
            if let Some(key) = marked(interface, OF_ASSETS) {
                return error(&key, SettingsErrorKind::NotForInterfaces(key.clone()));
            }
            if let Some(found) = self.contradiction(interface) {
                return Err(found.placed(self, &format!("interface.{index}")));
            }
        }
        Ok(())
    }
}

/// Returns the first key that is chosen and has one of the marks.
pub(super) fn marked(settings: &AssetSettings, marks: &[Mark]) -> Option<String> {
    let chosen = values(AssetSettings::ROWS, settings);
    // The mark of a table is that of its rows.
    let tables = AssetSettings::ROWS.iter().filter(|row| marks.iter().any(|mark| row.has(*mark)));
    let keys = tables.flat_map(|row| match row.below {
        None => vec![row.key()],
        Some(below) => {
            let below = leaves(below).into_iter();
            below.map(|(key, _)| format!("{}.{key}", row.key())).collect()
        }
    });
    keys.into_iter().find(|key| chosen.contains_key(key))
}
