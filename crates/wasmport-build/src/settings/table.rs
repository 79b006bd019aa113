//! The table that declares settings: key, type, default, scope and documentation of each in one row.
//!
//! [`settings_table!`] turns the rows into a struct with parsing, merging, defaults, the list
//! [`Row`], and the part of the JSON schema that describes them. [`choices!`] adds a builder.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A property of a setting beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Applies to modules alone.
    Module,
    /// Applies to components alone.
    Component,
    /// The values are patterns over names.
    Patterns,
    /// Selects the assets that a rule is for.
    Selector,
    /// Applies to interfaces alone.
    Interface,
    /// Applies to the code of assets, which interfaces do not have.
    Artifact,
}

/// A type and, if it is the same for all projects, a default.
#[cfg(feature = "schema")]
pub(super) type Typed = (schemars::Schema, Option<Value>);

/// A declared setting, or a table of settings.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name of the field.
    pub field: &'static str,
    /// The key, if it is not the field's name in kebab case.
    pub renamed: Option<&'static str>,
    /// The documentation.
    #[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "schemas alone show it"))]
    pub doc: &'static str,
    /// Properties beyond the type.
    pub marks: &'static [Mark],
    /// The settings of a table.
    pub below: Option<&'static [Row]>,
}

impl Row {
    /// Declares a setting without a key of its own or marks.
    pub const fn new(field: &'static str, doc: &'static str) -> Self {
        Self { field, renamed: None, doc, marks: &[], below: None }
    }

    /// Returns the key in `wasmport.toml`.
    pub fn key(&self) -> String {
        self.renamed.map_or_else(|| self.field.replace('_', "-"), Into::into)
    }

    /// Returns whether the row has `mark`.
    pub fn has(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }
}

/// Returns the settings of `rows` and of the tables below, with their dotted keys.
pub(crate) fn leaves(rows: &'static [Row]) -> Vec<(String, &'static Row)> {
    let leaves = |row: &'static Row| match row.below {
        None => vec![(row.key(), row)],
        Some(below) => {
            let below = leaves(below).into_iter();
            below.map(|(key, leaf)| (format!("{}.{key}", row.key()), leaf)).collect()
        }
    };
    rows.iter().flat_map(leaves).collect()
}

/// Returns the values that are set in `table`, by the dotted keys of `rows`.
pub(crate) fn values(rows: &'static [Row], table: &impl Serialize) -> BTreeMap<String, Value> {
    // Strings, numbers and maps with string keys: nothing that JSON lacks.
    let json = serde_json::to_value(table).unwrap_or_default();
    let value = |(key, _): (String, _)| {
        let value = json.pointer(&format!("/{}", key.replace('.', "/")))?.clone();
        Some((key, value))
    };
    leaves(rows).into_iter().filter_map(value).collect()
}

/// A field of a table: an optional value, or a table below.
pub(crate) trait Field: Sized {
    /// The type of its value in `wasmport.toml`.
    type Value;

    /// The settings of a table below.
    const BELOW: Option<&'static [Row]>;

    /// Returns the field as it is if nothing is chosen.
    fn with_default(default: Option<Self::Value>) -> Self;

    /// Returns this field with the values of `other` laid over it.
    fn merged_with(self, other: &Self) -> Self;

    /// Returns whether nothing is chosen.
    fn is_unset(&self) -> bool;

    /// Returns the value that is chosen in a table, else its default.
    fn chosen<T: Default>(&self, value: impl Fn(&Self) -> Option<T>) -> T {
        let default = || value(&Self::with_default(None));
        value(self).or_else(default).unwrap_or_default()
    }
}

impl<T: Clone> Field for Option<T> {
    type Value = T;

    const BELOW: Option<&'static [Row]> = None;

    fn with_default(default: Option<T>) -> Self {
        default
    }

    fn merged_with(self, other: &Self) -> Self {
        other.clone().or(self)
    }

    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

/// Declares a table of settings, each of which may be left open.
///
/// A row is `name as "key": Option<Type> = default, Mark, …;` after its documentation. Key, default
/// and marks may be left out; the type of a table below stands without `Option`.
macro_rules! settings_table {
    ($(#[doc = $doc:literal])* pub struct $name:ident {
        $(
            $(#[doc = $row_doc:literal])*
            $visibility:vis $field:ident $(as $key:literal)?: $ty:ty $(= $default:expr)? $(, $mark:ident)*;
        )*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(
            default,
            deny_unknown_fields,
            rename_all = "kebab-case",
            expecting = "a table of settings"
        )]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $row_doc])*
                $(#[doc = concat!("\n\nDefault: `", stringify!($default), "`.")])?
                #[serde(
                    $(rename = $key,)?
                    skip_serializing_if = "crate::settings::table::Field::is_unset"
                )]
                $visibility $field: $ty,
            )*
        }

        impl $name {
            /// The documentation of the table.
            #[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "schemas alone show it"))]
            pub(crate) const DOC: &'static str = concat!($($doc),*);

            /// The declarations of its settings.
            pub(crate) const ROWS: &'static [$crate::settings::table::Row] = &[
                $($crate::settings::table::Row {
                    renamed: $crate::settings::table::first(&[$($key)?]),
                    marks: &[$($crate::settings::table::Mark::$mark),*],
                    below: <$ty as $crate::settings::table::Field>::BELOW,
                    ..$crate::settings::table::Row::new(stringify!($field), concat!($($row_doc),*))
                },)*
            ];

            /// Returns the values that apply if nothing is chosen and no other input decides.
            pub(crate) fn defaults() -> Self {
                use $crate::settings::table::Field as _;
                Self {
                    $($field: <$ty>::with_default([$($default)?].into_iter().next()),)*
                }
            }
        }

        impl $crate::settings::table::Field for $name {
            type Value = Self;

            const BELOW: Option<&'static [$crate::settings::table::Row]> = Some(Self::ROWS);

            fn with_default(default: Option<Self>) -> Self {
                default.unwrap_or_else(Self::defaults)
            }

            fn merged_with(self, other: &Self) -> Self {
                Self { $($field: self.$field.merged_with(&other.$field),)* }
            }

            fn is_unset(&self) -> bool {
                *self == Self::default()
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::settings::table::Field;
                let defaults = serde_json::to_value(Self::defaults()).unwrap_or_default();
                let types = [$(generator.subschema_for::<<$ty as Field>::Value>(),)*];
                let typed = Self::ROWS.iter().zip(types).map(|(row, schema)| {
                    let default = defaults.get(row.key()).filter(|_| row.below.is_none());
                    (schema, default.cloned())
                });
                let mut table = $crate::settings::schema::table(Self::ROWS, typed.collect());
                table.insert("description".into(), Self::DOC.trim().into());
                table
            }
        }
    };
}

/// Returns the only element, if there is one.
pub(crate) const fn first(elements: &[&'static str]) -> Option<&'static str> {
    match elements {
        [] => None,
        [first, ..] => Some(first),
    }
}

/// Declares a table of settings with a builder.
macro_rules! choices {
    ($(#[doc = $doc:literal])* pub struct $name:ident {
        $(
            $(#[doc = $row_doc:literal])*
            pub $field:ident: Option<$ty:ty> $(= $default:expr)? $(, $mark:ident)*;
        )*
    }) => {
        $crate::settings::table::settings_table! {
            $(#[doc = $doc])*
            pub struct $name {
                $(
                    $(#[doc = $row_doc])*
                    pub $field: Option<$ty> $(= $default)? $(, $mark)*;
                )*
            }
        }

        impl $name {
            /// Returns a table in which nothing is chosen.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[doc = $row_doc])*
                $(#[doc = concat!("\n\nDefault: `", stringify!($default), "`.")])?
                #[must_use]
                pub fn $field(mut self, value: impl Into<$ty>) -> Self {
                    self.$field = Some(value.into());
                    self
                }
            )*

            /// Returns these choices with those of `other` laid over them.
            #[must_use]
            pub fn overridden_by(self, other: &Self) -> Self {
                $crate::settings::table::Field::merged_with(self, other)
            }
        }
    };
}

pub(crate) use {choices, settings_table};
