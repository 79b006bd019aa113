//! Values: how generated code creates and finds imports that are not functions.

use super::cells::FromExtern;
use super::imports::{another_asset, check_engine, import_type, import_types};
use crate::interface::Interface;
use crate::runtime::LoadedModule;
use wasmtime::{
    AsContextMut, Engine, ExternType, FuncType, GlobalType, Linker, MemoryTypeBuilder, Mutability,
    RefType, Result, TableType, TagType, ValType,
};

/// Returns the type of several imports at once, with a size that fits all of them; none if there are none.
fn common_type(types: impl IntoIterator<Item = ExternType>) -> Result<Option<ExternType>> {
    let mut common: Option<ExternType> = None;
    for ty in types {
        common = Some(match (common, ty) {
            (Some(ExternType::Memory(a)), ExternType::Memory(b)) => {
                let mut ty = MemoryTypeBuilder::new();
                ty.min(a.minimum().max(b.minimum()))
                    .max(smaller(a.maximum(), b.maximum()))
                    .memory64(a.is_64())
                    .shared(a.is_shared())
                    .page_size_log2(a.page_size_log2());
                ExternType::Memory(ty.build()?)
            }
            (Some(ExternType::Table(a)), ExternType::Table(b)) => {
                let (min, max) = (a.minimum().max(b.minimum()), smaller(a.maximum(), b.maximum()));
                ExternType::Table(table_type(a.element().clone(), min, max, a.is_64()))
            }
            (_, ty) => ty,
        });
    }
    Ok(common)
}

/// The type of an interface's import that is not a function.
pub enum ValueType<'a> {
    /// A global.
    Global {
        /// The value's type.
        ty: ValType,
        /// Whether it can be set.
        is_mutable: bool,
    },
    /// A memory.
    Memory {
        /// The initial number of pages.
        min: u64,
        /// The maximal number of pages.
        max: Option<u64>,
        /// Whether addresses have 64 bits.
        is_64: bool,
        /// Whether threads share it.
        is_shared: bool,
        /// The binary logarithm of the page size in bytes.
        page_size_log2: u8,
    },
    /// A table.
    Table {
        /// The elements' type.
        element: ValType,
        /// The initial number of elements.
        min: u64,
        /// The maximal number of elements.
        max: Option<u64>,
        /// Whether indices have 64 bits.
        is_64: bool,
    },
    /// An exception tag.
    Tag {
        /// The types of the exception's values.
        params: &'a [ValType],
    },
}

impl ValueType<'_> {
    fn wasmtime(&self, engine: &Engine) -> Result<ExternType> {
        Ok(match self {
            Self::Global { ty, is_mutable } => {
                let mutability = if *is_mutable { Mutability::Var } else { Mutability::Const };
                ExternType::Global(GlobalType::new(ty.clone(), mutability))
            }
            Self::Memory { min, max, is_64, is_shared, page_size_log2 } => {
                let mut ty = MemoryTypeBuilder::new();
                ty.min(*min).max(*max).memory64(*is_64).shared(*is_shared);
                ExternType::Memory(ty.page_size_log2(*page_size_log2).build()?)
            }
            Self::Table { element, min, max, is_64 } => {
                let ValType::Ref(element) = element else {
                    return Err(wasmtime::Error::msg("a table's elements are references"));
                };
                ExternType::Table(table_type(element.clone(), *min, *max, *is_64))
            }
            Self::Tag { params } => {
                let params = FuncType::new(engine, params.iter().cloned(), []);
                ExternType::Tag(TagType::new(params))
            }
        })
    }
}

fn table_type(element: RefType, min: u64, max: Option<u64>, is_64: bool) -> TableType {
    let narrow = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
    if is_64 {
        TableType::new64(element, min, max)
    } else {
        TableType::new(element, narrow(min), max.map(narrow))
    }
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Returns the definition of an import in `linker`.
///
/// # Errors
///
/// Fails if it is missing or of another kind.
pub fn defined<E: FromExtern, T: 'static>(
    linker: &Linker<T>,
    store: impl AsContextMut<Data = T>,
    module: &str,
    name: &str,
) -> Result<E> {
    E::from_extern(linker.get(store, module, name)?).ok_or_else(|| wrong_kind::<E>(module, name))
}

/// Creates a value for the imports `indices` of `of`: null, zero, or the smallest size.
///
/// # Errors
///
/// Fails with the name of the import if a limit refuses the value, or its type has no such value.
pub fn fresh_value<E: FromExtern>(
    store: impl AsContextMut,
    of: &LoadedModule,
    indices: &[usize],
    module: &str,
    name: &str,
) -> Result<E> {
    let types: Result<Vec<_>> =
        indices.iter().map(|index| import_type(of.module(), *index)).collect();
    let ty = common_type(types?)?.ok_or_else(another_asset)?;
    fresh(store, of, &ty, module, name)
}

/// Creates a value for an import of an interface with the type that a module imports it with: null, zero, or the
/// smallest size. If the module does not import it, it has the type `own`.
///
/// # Errors
///
/// Fails with the name of the import if a limit refuses the value, or its type has no such value.
pub fn fresh_value_of<E: FromExtern>(
    store: impl AsContextMut,
    of: &LoadedModule,
    interface: &Interface,
    module: &str,
    name: &str,
    own: &ValueType<'_>,
) -> Result<E> {
    let ty = match common_type(import_types(of.module(), interface, module, name))? {
        Some(ty) => ty,
        None => own.wasmtime(of.module().engine())?,
    };
    fresh(store, of, &ty, module, name)
}

fn fresh<E: FromExtern>(
    store: impl AsContextMut,
    of: &LoadedModule,
    ty: &ExternType,
    module: &str,
    name: &str,
) -> Result<E> {
    check_engine(of, store.as_context().engine())?;
    if let Some(what) = without_default(ty) {
        return Err(wasmtime::Error::msg(format!(
            "the import {module:?} {name:?} has no default value: it is {what}, which cannot be null; \
             create it in the program, and set its field instead of calling `fresh`"
        )));
    }
    let value = ty.default_value(store);
    let value = value.map_err(|error| {
        error.context(format!("the import {module:?} {name:?} cannot be created"))
    })?;
    E::from_extern(value).ok_or_else(|| wrong_kind::<E>(module, name))
}

/// Describes a type without a default value: the value that it needs cannot be null.
fn without_default(ty: &ExternType) -> Option<String> {
    let is_non_null = |ty: &ValType| matches!(ty, ValType::Ref(ty) if !ty.is_nullable());
    match ty {
        ExternType::Global(global) if is_non_null(global.content()) => {
            Some(format!("a global of type `{}`", global.content()))
        }
        ExternType::Table(table) if !table.element().is_nullable() => {
            Some(format!("a table of `{}`", table.element()))
        }
        _ => None,
    }
}

#[cold]
fn wrong_kind<E: FromExtern>(module: &str, name: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the import {module:?} {name:?} is not a {}", E::KIND))
}
