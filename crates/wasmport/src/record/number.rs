//! `Number`: a number or vector of WebAssembly as a recording has it.

use super::wire::{Reader, Writer};
use crate::error::RecordingError;
use crate::text::one_line;
use std::fmt;
use wasmtime::{FuncType, V128, Val, ValType};

/// The type of a [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberType {
    I32,
    I64,
    F32,
    F64,
    V128,
}

impl NumberType {
    const ALL: [Self; 5] = [Self::I32, Self::I64, Self::F32, Self::F64, Self::V128];

    /// Returns the type of a value; none for references.
    pub fn of(ty: &ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
            ValType::Ref(_) => return None,
        })
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        let byte = reader.byte()?;
        let ty = Self::ALL.get(usize::from(byte)).copied();
        ty.ok_or_else(|| reader.invalid("it has a type that is unknown"))
    }
}

/// A number or vector, by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// An integer of 32 bits.
    I32(i32),
    /// An integer of 64 bits.
    I64(i64),
    /// The bits of a float of 32 bits.
    F32(u32),
    /// The bits of a float of 64 bits.
    F64(u64),
    /// A vector.
    V128(u128),
}

impl Number {
    /// Returns the number of a value; none for references.
    pub(crate) fn of(value: &Val) -> Option<Self> {
        Some(match value {
            Val::I32(value) => Self::I32(*value),
            Val::I64(value) => Self::I64(*value),
            Val::F32(bits) => Self::F32(*bits),
            Val::F64(bits) => Self::F64(*bits),
            Val::V128(value) => Self::V128(value.as_u128()),
            _ => return None,
        })
    }

    pub(crate) fn value(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value),
            Self::I64(value) => Val::I64(value),
            Self::F32(bits) => Val::F32(bits),
            Self::F64(bits) => Val::F64(bits),
            Self::V128(value) => Val::V128(V128::from(value)),
        }
    }

    /// Appends it, without its type.
    #[inline(always)]
    pub(super) fn write(self, to: &mut Writer<'_>) {
        match self {
            Self::I32(value) => to.signed(value.into()),
            Self::I64(value) => to.signed(value),
            Self::F32(bits) => to.raw(&bits.to_le_bytes()),
            Self::F64(bits) => to.raw(&bits.to_le_bytes()),
            Self::V128(value) => to.raw(&value.to_le_bytes()),
        }
    }

    pub(super) fn read(ty: NumberType, reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        Ok(match ty {
            NumberType::I32 => {
                let value = i32::try_from(reader.signed()?);
                Self::I32(value.map_err(|_| reader.invalid("an i32 has more than 32 bits"))?)
            }
            NumberType::I64 => Self::I64(reader.signed()?),
            NumberType::F32 => Self::F32(u32::from_le_bytes(reader.array()?)),
            NumberType::F64 => Self::F64(u64::from_le_bytes(reader.array()?)),
            NumberType::V128 => Self::V128(u128::from_le_bytes(reader.array()?)),
        })
    }

    pub(super) fn read_all(
        types: &[NumberType],
        reader: &mut Reader<'_>,
    ) -> Result<Vec<Self>, RecordingError> {
        types.iter().map(|ty| Self::read(*ty, reader)).collect()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => write!(f, "{value}"),
            Self::I64(value) => write!(f, "{value}"),
            Self::F32(bits) => write!(f, "{}", f32::from_bits(*bits)),
            Self::F64(bits) => write!(f, "{}", f64::from_bits(*bits)),
            Self::V128(value) => write!(f, "{value:#034x}"),
        }
    }
}

/// Numbers with commas between them.
pub(crate) struct Numbers<'a>(pub &'a [Number]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// A function whose parameters and results are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// The module of an import; empty for exports.
    pub module: String,
    pub name: String,
    pub params: Vec<NumberType>,
    pub results: Vec<NumberType>,
}

impl Function {
    /// Describes a function; none if it has references.
    pub fn new(module: &str, name: &str, ty: &FuncType) -> Option<Self> {
        let params = ty.params().map(|ty| NumberType::of(&ty)).collect::<Option<_>>()?;
        let results = ty.results().map(|ty| NumberType::of(&ty)).collect::<Option<_>>()?;
        Some(Self { module: module.into(), name: name.into(), params, results })
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.bytes(self.module.as_bytes());
        to.bytes(self.name.as_bytes());
        for types in [&self.params, &self.results] {
            to.number(types.len() as u64);
            types.iter().for_each(|ty| to.byte(*ty as u8));
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, RecordingError> {
        let (module, name) = (reader.text()?.into(), reader.text()?.into());
        let mut types = || {
            // Each type has a byte: a wrong count ends with the bytes.
            let count = reader.number()?;
            (0..count).map(|_| NumberType::read(reader)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self { module, name, params: types()?, results: types()? })
    }
}

/// Returns a name for a listing, which has a line for each event: of a long one, the start.
pub(super) fn listed(name: &str) -> String {
    const MOST: usize = 200;
    match name.char_indices().nth(MOST).and_then(|(end, _)| name.get(..end)) {
        Some(start) => one_line(start) + "…",
        None => one_line(name),
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = (listed(&self.module), listed(&self.name));
        if self.module.is_empty() { write!(f, "{name}") } else { write!(f, "{module}.{name}") }
    }
}
