//! Types of project settings: how the settings file writes their values.

use super::Symlinks;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use wasmport::engine::{RequiredFeatures, Target, WasmFeature};

/// A type of project settings.
pub(super) trait ProjectValue: Sized {
    /// The value in the settings file.
    type Written: DeserializeOwned + Debug;

    /// Returns the value of a settings file that stands in `folder`; `self` is the default.
    fn read(self, written: Option<Self::Written>, folder: &Path) -> Self;

    /// Returns the value as the settings file writes it.
    fn written(&self) -> Value;

    /// Returns the default in the settings file.
    #[cfg(feature = "schema")]
    fn written_default(&self) -> Option<Value> {
        Some(self.written()).filter(|value| !value.is_null())
    }

    /// Describes the value in the settings file.
    #[cfg(feature = "schema")]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema;
}

/// Implements [`ProjectValue`] for types that the file writes as they are.
macro_rules! plain_values {
    ($($ty:ty)*) => {
        $(impl ProjectValue for $ty {
            type Written = Self;

            fn read(self, written: Option<Self>, _: &Path) -> Self {
                written.unwrap_or(self)
            }

            fn written(&self) -> Value {
                json(self)
            }

            #[cfg(feature = "schema")]
            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        })*
    };
}

plain_values! { bool String Vec<String> Symlinks }

impl ProjectValue for PathBuf {
    type Written = Self;

    fn read(self, written: Option<Self>, folder: &Path) -> Self {
        folder.join(written.unwrap_or(self))
    }

    fn written(&self) -> Value {
        json(self)
    }

    #[cfg(feature = "schema")]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

impl ProjectValue for Vec<PathBuf> {
    type Written = Self;

    fn read(self, written: Option<Self>, folder: &Path) -> Self {
        written.unwrap_or(self).into_iter().map(|path| folder.join(path)).collect()
    }

    fn written(&self) -> Value {
        json(self)
    }

    #[cfg(feature = "schema")]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}

impl ProjectValue for Option<Vec<Target>> {
    type Written = Vec<Target>;

    fn read(self, written: Option<Vec<Target>>, _: &Path) -> Self {
        written.or(self)
    }

    fn written(&self) -> Value {
        json(self)
    }

    #[cfg(feature = "schema")]
    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Vec<String>>()
    }
}

/// Features are written without those that are on by default, and added to them.
impl ProjectValue for RequiredFeatures {
    type Written = Vec<WasmFeature>;

    fn read(self, written: Option<Vec<WasmFeature>>, _: &Path) -> Self {
        written.into_iter().flatten().fold(self, Self::with)
    }

    fn written(&self) -> Value {
        self.iter().map(WasmFeature::name).collect()
    }

    #[cfg(feature = "schema")]
    fn written_default(&self) -> Option<Value> {
        Some(Value::Array(Vec::new()))
    }

    #[cfg(feature = "schema")]
    fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = WasmFeature::ALL.iter().map(|feature| feature.name()).collect::<Vec<_>>();
        schemars::json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
    }
}

fn json(value: &impl Serialize) -> Value {
    // Paths that are not UTF-8 come from code alone, where no file has their place.
    serde_json::to_value(value).unwrap_or_default()
}
