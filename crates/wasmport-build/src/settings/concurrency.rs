//! `Concurrency`: whether the engine of the project supports concurrent calls of components.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use wasmport::EngineConfig;

/// The key below `[engine]`.
pub(crate) const KEY: &str = "concurrency-support";

/// The documentation of the key.
#[cfg(feature = "schema")]
pub(super) const DOC: &str = "Support for concurrent component-model calls \
    (`wasmtime::Config::concurrency_support`). With `\"auto\"` the engine has it if an asset of the \
    project needs it: a component with async functions, futures, streams or error contexts, or one \
    that imports WASI 0.3.";

/// The decision on [`EngineConfig::concurrency_support`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concurrency {
    /// The engine supports it if [`EngineConfig::concurrency_support`] is set or an asset needs it.
    #[default]
    Auto,
    /// The engine supports it.
    On,
    /// The engine does not support it: assets that need it fail.
    Off,
}

impl From<bool> for Concurrency {
    fn from(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }
}

impl Concurrency {
    /// Returns whether the engine supports concurrency, if the settings decide it and not the assets.
    pub(crate) fn decided(self, engine: &EngineConfig) -> Option<bool> {
        match self {
            Self::On => Some(true),
            Self::Off => Some(false),
            Self::Auto => engine.concurrency_support.then_some(true),
        }
    }

    /// Returns the value as the settings file writes it.
    pub(super) fn written(self, engine: &EngineConfig) -> Value {
        let written = self.decided(engine).map_or(Self::Auto, Self::from);
        // A string or a boolean: nothing that JSON lacks.
        serde_json::to_value(written).unwrap_or_default()
    }
}

impl Serialize for Concurrency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::On => serializer.serialize_bool(true),
            Self::Off => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Concurrency;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or \"auto\"")
            }

            fn visit_bool<E>(self, is_on: bool) -> Result<Concurrency, E> {
                Ok(is_on.into())
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Concurrency, E> {
                match text {
                    "auto" => Ok(Concurrency::Auto),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Written)
    }
}

/// The table `[engine]`: the engine configuration, whose concurrency can be left to the project.
#[derive(Debug, Default)]
pub(super) struct EngineTable {
    pub engine: EngineConfig,
    pub concurrency: Concurrency,
}

impl<'de> Deserialize<'de> for EngineTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = EngineTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EngineTable, A::Error> {
                let mut concurrency = Concurrency::Auto;
                let others = Others { map, concurrency: &mut concurrency };
                let engine = EngineConfig::deserialize(MapAccessDeserializer::new(others))?;
                Ok(EngineTable { engine, concurrency })
            }
        }

        deserializer.deserialize_map(Table)
    }
}

/// The keys of the table except that of the concurrency, which it reads.
struct Others<'a, A> {
    map: A,
    concurrency: &'a mut Concurrency,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(mut key) = self.map.next_key_seed(Key(seed))? else { return Ok(None) };
        // A table has a key once, so this ends at the second turn.
        while let Read::Own(seed) = key {
            *self.concurrency = self.map.next_value()?;
            match self.map.next_key_seed(Key(seed))? {
                Some(next) => key = next,
                None => return Ok(None),
            }
        }
        match key {
            Read::Other(other) => Ok(Some(other)),
            Read::Own(_) => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A key of the table; the seed reads all others.
struct Key<K>(K);

enum Read<K, V> {
    /// The key of the concurrency, with the unused seed.
    Own(K),
    Other(V),
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<K> {
    type Value = Read<K, K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for Key<K> {
    type Value = Read<K, K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        if key == KEY {
            return Ok(Read::Own(self.0));
        }
        self.0.deserialize(serde::de::value::StrDeserializer::new(key)).map(Read::Other)
    }
}

/// Explains the decision of the assets; `needing` are the sources that need concurrency.
pub(crate) fn decision(needing: &[&str]) -> String {
    const MOST: usize = 3;
    let quoted = |source: &&str| format!("`{}`", source.escape_debug());
    match needing {
        [] => "off: no asset needs it".into(),
        [one] => format!("on: {} needs it", quoted(one)),
        more if more.len() <= MOST => {
            format!("on: {} need it", more.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        [first, rest @ ..] => {
            format!("on: {} and {} other assets need it", quoted(first), rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(EngineConfig, Concurrency), String> {
        let table = toml::from_str::<EngineTable>(text).map_err(|error| error.to_string())?;
        Ok((table.engine, table.concurrency))
    }

    #[test]
    fn the_table_holds_the_engine_and_the_decision() {
        let engine = EngineConfig::new().fuel(true).deterministic(false);
        for (value, concurrency) in [
            ("true", Concurrency::On),
            ("false", Concurrency::Off),
            ("\"auto\"", Concurrency::Auto),
        ] {
            let line = format!("concurrency-support = {value}\n");
            for text in [
                format!("{line}fuel = true\ndeterministic = false"),
                format!("fuel = true\n{line}deterministic = false"),
                format!("fuel = true\ndeterministic = false\n{line}"),
            ] {
                assert_eq!(read(&text), Ok((engine, concurrency)), "{text}");
            }
            assert_eq!(read(&line), Ok((EngineConfig::new(), concurrency)));
        }
        assert_eq!(read(""), Ok((EngineConfig::new(), Concurrency::Auto)));
    }

    #[test]
    fn mistakes_name_their_line() {
        let error = read("fuel = true\nconcurrency-support = \"on\"").unwrap_err();
        assert!(error.contains("line 2, column 23"), "{error}");
        assert!(error.contains(r#"string "on", expected true, false or "auto""#), "{error}");
        let error = read("concurrency-support = true\nfule = true").unwrap_err();
        assert!(error.contains("line 2, column 1"), "{error}");
        assert!(error.contains("unknown field `fule`, expected one of `deterministic`"), "{error}");
    }
}
