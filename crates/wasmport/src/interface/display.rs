//! Types in the WebAssembly text format.

use super::types::{ExternType, FuncType, HeapType, MemoryType, Param, RefType, ValType};
use std::fmt;

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

/// Writes the text format, with its short forms.
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

/// Writes the text format, such as `(func (param $left i32) (result i32))`.
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

/// An optional maximum, written after a space.
struct Max(Option<u64>);

impl fmt::Display for Max {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |max| write!(f, " {max}"))
    }
}
