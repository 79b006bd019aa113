//! Globals: numbers, vectors, and references to functions of the module.

use super::functions::{Functions, function};
use crate::error::{SnapshotError, SnapshotItem};
use crate::reserved;
use serde::{Deserialize, Serialize};
use wasmtime::{AsContextMut, Global, Instance, Val};

/// A saved global.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedGlobal {
    pub index: u32,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    /// A reference of any type.
    Null,
    Func(u32),
}

/// Returns an exported global.
pub(super) fn global(instance: &Instance, store: impl AsContextMut, index: u32) -> Option<Global> {
    instance.get_global(store, &format!("{}{index}", reserved::GLOBAL))
}

impl SavedGlobal {
    /// Saves a global.
    ///
    /// # Errors
    ///
    /// Fails if it holds a reference to anything but a function of the module.
    pub fn of(
        index: u32,
        global: Global,
        functions: &Functions,
        mut store: impl AsContextMut,
    ) -> Result<Self, SnapshotError> {
        let refused = |reference| {
            Err(SnapshotError::Reference { item: SnapshotItem::Global(index), reference })
        };
        let value = match global.get(&mut store) {
            Val::I32(value) => Value::I32(value),
            Val::I64(value) => Value::I64(value),
            Val::F32(bits) => Value::F32(bits),
            Val::F64(bits) => Value::F64(bits),
            Val::V128(value) => Value::V128(value.as_u128()),
            Val::FuncRef(None)
            | Val::ExternRef(None)
            | Val::AnyRef(None)
            | Val::ExnRef(None)
            | Val::ContRef(None) => Value::Null,
            Val::FuncRef(Some(func)) => match functions.index(&func, &mut store) {
                Some(func) => Value::Func(func),
                None => return refused(super::table::FOREIGN),
            },
            Val::ExternRef(Some(_)) => return refused("a reference to a value of the host"),
            Val::AnyRef(Some(_)) => return refused("a reference to an object of the guest"),
            Val::ExnRef(Some(_)) => return refused("a reference to an exception"),
            Val::ContRef(Some(_)) => return refused("a reference to a suspended computation"),
        };
        Ok(Self { index, value })
    }

    /// Sets the global of a fresh instance.
    ///
    /// # Errors
    ///
    /// Fails if the snapshot does not fit the module.
    pub fn restore(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Result<(), SnapshotError> {
        const OTHER: SnapshotError =
            SnapshotError::Damaged("it has another global than the module");
        let global = global(instance, &mut store, self.index).ok_or(OTHER)?;
        let value = match self.value {
            Value::I32(value) => Val::I32(value),
            Value::I64(value) => Val::I64(value),
            Value::F32(bits) => Val::F32(bits),
            Value::F64(bits) => Val::F64(bits),
            Value::V128(value) => Val::V128(value.into()),
            Value::Func(index) => {
                let func = function(instance, &mut store, index).ok_or(OTHER)?;
                Val::FuncRef(Some(func))
            }
            Value::Null => {
                let ty = global.ty(&store);
                let ty = ty.content().as_ref().filter(|ty| ty.is_nullable()).ok_or(OTHER)?;
                Val::null_ref(ty.heap_type())
            }
        };
        global.set(&mut store, value).map_err(|_| OTHER)
    }
}
