//! `Interface`: what a module imports and exports, all that code generation gets to see.

#[cfg(feature = "compiler")]
mod extract;
#[cfg(feature = "compiler")]
pub(crate) mod wasi;

#[cfg(feature = "compiler")]
use crate::component::World;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// A module's imports and exports, in the module's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// What it needs.
    pub imports: Vec<Import>,
    /// What it offers.
    pub exports: Vec<Export>,
    /// Of a component, which has no imports and exports of the kinds above: its world, in
    /// [WIT](https://component-model.bytecodealliance.org/design/wit.html).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wit: Option<String>,
    /// Of a component without a world, because it has what WIT has no words for: that. Its wrapper is
    /// untyped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond_wit: Option<String>,
    /// The same, for code generation.
    #[cfg(feature = "compiler")]
    #[serde(skip)]
    pub(crate) world: Option<World>,
}

impl Interface {
    /// Methods that were another export's in `former`: method, export then, export now.
    pub(crate) fn moved_methods<'a>(
        &'a self,
        former: &'a Self,
    ) -> Vec<(&'a str, &'a str, &'a str)> {
        let methods = |interface: &'a Self| {
            interface.exports.iter().filter_map(|e| Some((e.method.as_deref()?, e.name.as_str())))
        };
        let then: HashMap<&str, &str> = methods(former).collect();
        let moved = methods(self).filter_map(|(method, now)| {
            let then = *then.get(method)?;
            (then != now).then_some((method, then, now))
        });
        moved.collect()
    }
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
    /// The wrapper's method; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
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
        /// Whether indices have 64 bits.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        table64: bool,
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
    /// Whether the type is more than its parameters and results: it is open to subtypes, declared
    /// together with others, or names other types. Then only the module itself has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nominal: bool,
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
    /// Where pages are not of 64 KiB: the binary logarithm of their size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size_log2: Option<u32>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// A reference.
    Ref(RefType),
}

/// The type of a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RefType {
    /// Whether it can be null.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
    /// Where it refers to things of one type of the module: that type in text form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concrete: Option<String>,
}

/// What a reference refers to: an abstract heap type of the
/// [specification](https://webassembly.github.io/spec/core/syntax/types.html#heap-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the specification's names say it all")]
pub enum HeapType {
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Exn,
    NoExn,
    Cont,
    NoCont,
}

impl HeapType {
    /// Its name in the text format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Func => "func",
            Self::NoFunc => "nofunc",
            Self::Extern => "extern",
            Self::NoExtern => "noextern",
            Self::Any => "any",
            Self::Eq => "eq",
            Self::I31 => "i31",
            Self::Struct => "struct",
            Self::Array => "array",
            Self::None => "none",
            Self::Exn => "exn",
            Self::NoExn => "noexn",
            Self::Cont => "cont",
            Self::NoCont => "nocont",
        }
    }
}

impl FuncType {
    /// All types in it.
    pub(crate) fn types(&self) -> impl Iterator<Item = &ValType> {
        self.params.iter().map(|p| &p.ty).chain(&self.results)
    }

    /// The type alone, without the names of parameters.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let params = self.params.iter().map(|p| Param { name: None, ty: p.ty.clone() }).collect();
        Self { params, ..self.clone() }
    }
}

impl ExternType {
    /// The type alone, without the names of parameters.
    #[must_use]
    pub fn without_names(&self) -> Self {
        match self {
            Self::Func(func) => Self::Func(func.without_names()),
            other => other.clone(),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => write!(f, "{ty}"),
        }
    }
}

/// As in the text format, with its short forms.
impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "null " } else { "" };
        match (&self.concrete, self.heap) {
            (Some(ty), _) => write!(f, "(ref {null}{ty})"),
            (None, HeapType::None) if self.nullable => f.write_str("nullref"),
            (None, HeapType::NoFunc) if self.nullable => f.write_str("nullfuncref"),
            (None, HeapType::NoExtern) if self.nullable => f.write_str("nullexternref"),
            (None, HeapType::NoExn) if self.nullable => f.write_str("nullexnref"),
            (None, HeapType::NoCont) if self.nullable => f.write_str("nullcontref"),
            (None, heap) if self.nullable => write!(f, "{}ref", heap.name()),
            (None, heap) => write!(f, "(ref {})", heap.name()),
        }
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
            Self::Table { element, min, max, table64 } => {
                let index = if *table64 { "i64 " } else { "" };
                write!(f, "(table {index}{min}{} {element})", Max(*max))
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
        write!(f, "(memory {address}{}{}{shared}", self.min, Max(self.max))?;
        match self.page_size_log2 {
            Some(log2) => write!(f, " (pagesize {}))", 1_u64.checked_shl(log2).unwrap_or(0)),
            None => f.write_str(")"),
        }
    }
}

struct Max(Option<u64>);

impl fmt::Display for Max {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |max| write!(f, " {max}"))
    }
}
