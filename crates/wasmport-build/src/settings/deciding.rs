//! The settings that decide an asset's outputs, by name.

use super::asset::MATCH;
use super::table::values;
#[cfg(feature = "compiler")]
use super::table::{Mark, Row};
use super::{AssetSettings, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmport::EngineConfig;
use wasmport::engine::RequiredFeatures;

impl Settings {
    /// Returns the settings that decide the outputs of an asset with these choices and are not defaults, by
    /// dotted key.
    pub(crate) fn deciding(&self, asset: &AssetSettings) -> BTreeMap<String, Value> {
        let mut deciding = values(AssetSettings::ROWS, &asset.without_bounds());
        deciding.remove(MATCH);
        let knobs = self.engine.knobs().into_iter().zip(EngineConfig::new().knobs());
        let knobs = knobs.filter(|(own, default)| own != default);
        deciding.extend(knobs.map(|(knob, _)| {
            (format!("engine.{}", knob.name.replace('_', "-")), Value::String(knob.value))
        }));
        if !self.embed {
            deciding.insert("import.embed".into(), json!(false));
        }
        if self.features != RequiredFeatures::on_by_default() {
            let names: Vec<&str> = self.features.iter().map(|feature| feature.name()).collect();
            deciding.insert("import.wasm-features".into(), json!(names));
        }
        let path = self.other_crate_path();
        deciding.extend(path.map(|path| ("import.crate-path".to_owned(), Value::String(path))));
        deciding
    }
}

#[cfg(feature = "compiler")]
impl AssetSettings {
    /// Returns the choices that decide the artifacts of an asset: those that interfaces do not have.
    pub(crate) fn of_artifacts(&self) -> BTreeMap<String, Value> {
        let mut choices = values(Self::ROWS, self);
        let rows = Self::ROWS.iter().filter(|row| row.has(Mark::Artifact));
        let keys: Vec<String> = rows.map(Row::key).collect();
        choices.retain(|key, _| keys.iter().any(|own| key.split('.').next() == Some(own)));
        choices
    }
}
