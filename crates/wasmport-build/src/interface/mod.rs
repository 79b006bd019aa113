//! `Interface`: what a module imports and exports, all that code generation gets to see.

#[cfg(feature = "compiler")]
mod extract;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A module's imports and exports, in the module's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// What it needs.
    pub imports: Vec<Import>,
    /// What it offers.
    pub exports: Vec<Export>,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The module it is imported from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global {
        /// The value's type.
        ty: ValType,
        /// Whether it can be set.
        mutable: bool,
    },
    /// A linear memory.
    Memory(MemoryType),
    /// A table.
    Table {
        /// The elements' type.
        element: ValType,
        /// Elements at first.
        min: u64,
        /// Elements at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    /// An exception tag.
    Tag {
        /// The types of the exception's values.
        params: Vec<ValType>,
    },
}

/// A function's type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FuncType {
    /// The parameters.
    pub params: Vec<Param>,
    /// The types of the results.
    pub results: Vec<ValType>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its name in the name section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type.
    pub ty: ValType,
}

/// A memory's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryType {
    /// Pages at first.
    pub min: u64,
    /// Pages at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Whether threads share it.
    pub shared: bool,
    /// Whether addresses have 64 bits.
    pub memory64: bool,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference, by its text form.
    Ref(String),
}

impl FuncType {
    /// Whether all parameters and results are numbers.
    pub(crate) fn is_scalar(&self) -> bool {
        self.params.iter().map(|p| &p.ty).chain(&self.results).all(ValType::is_scalar)
    }
}

impl ValType {
    /// Whether it is a number.
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::Ref(text) => text,
        })
    }
}

/// As in the text format, such as `(func (param $left i32) (result i32))`.
impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(func) => write!(f, "{func}"),
            Self::Global { ty, mutable: true } => write!(f, "(global (mut {ty}))"),
            Self::Global { ty, mutable: false } => write!(f, "(global {ty})"),
            Self::Memory(memory) => write!(f, "{memory}"),
            Self::Table { element, min, max } => {
                write!(f, "(table {min}{} {element})", Max(*max))
            }
            Self::Tag { params } => {
                f.write_str("(tag")?;
                params.iter().try_for_each(|ty| write!(f, " (param {ty})"))?;
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(func")?;
        for Param { name, ty } in &self.params {
            match name {
                Some(name) => write!(f, " (param ${name} {ty})")?,
                None => write!(f, " (param {ty})")?,
            }
        }
        self.results.iter().try_for_each(|ty| write!(f, " (result {ty})"))?;
        f.write_str(")")
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = if self.memory64 { "i64 " } else { "" };
        let shared = if self.shared { " shared" } else { "" };
        write!(f, "(memory {address}{}{}{shared})", self.min, Max(self.max))
    }
}

struct Max(Option<u64>);

impl fmt::Display for Max {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |max| write!(f, " {max}"))
    }
}
