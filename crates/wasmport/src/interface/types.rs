//! Types of imports, exports and values.

use serde::{Deserialize, Serialize};

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
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
        /// The initial number of elements.
        min: u64,
        /// The maximal number of elements.
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
    /// Whether parameters and results do not identify the type: it has subtypes, belongs to a recursion
    /// group, or refers to other types. Then it exists only in this module.
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
    /// The initial number of pages.
    pub min: u64,
    /// The maximal number of pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Whether threads share it.
    pub shared: bool,
    /// Whether addresses have 64 bits.
    pub memory64: bool,
    /// The binary logarithm of the page size in bytes, if it is not 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size_log2: Option<u32>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// The abstract type of the referenced objects.
    pub heap: HeapType,
    /// The referenced type in text form, if it is a type of the module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concrete: Option<String>,
}

/// An abstract heap type of the
/// [specification](https://webassembly.github.io/spec/core/syntax/types.html#heap-types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are those of the specification")]
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
    /// Returns the name in the text format.
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
    /// Returns whether it refers to types of the module.
    #[must_use]
    pub fn names_types(&self) -> bool {
        self.types().any(|ty| matches!(ty, ValType::Ref(RefType { concrete: Some(_), .. })))
    }

    /// Returns the types of all parameters and results.
    pub fn types(&self) -> impl Iterator<Item = &ValType> {
        self.params.iter().map(|p| &p.ty).chain(&self.results)
    }

    /// Returns the type without the names of parameters.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let params = self.params.iter().map(|p| Param { name: None, ty: p.ty.clone() }).collect();
        Self { params, ..self.clone() }
    }
}

impl ExternType {
    /// Returns the type without the names of parameters.
    #[must_use]
    pub fn without_names(&self) -> Self {
        match self {
            Self::Func(func) => Self::Func(func.without_names()),
            other => other.clone(),
        }
    }
}
