//! `WasmValues`: the values that exceptions carry.

use super::value::WasmValue;
use wasmtime::{Result, StoreContextMut, Val, ValType};

/// The values that an exception carries. Implemented for tuples of up to 17 values, and for `Vec<Val>`
/// with values of any types.
pub trait WasmValues: Sized + 'static {
    /// Returns their types, if these are fixed.
    fn types() -> Option<Vec<ValType>>;

    /// Converts them to Wasmtime's values.
    ///
    /// # Errors
    ///
    /// Fails if the store's GC heap is full.
    fn into_vals<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<Vec<Val>>;

    /// Converts them from Wasmtime's values.
    ///
    /// # Errors
    ///
    /// Fails if their number or types differ.
    fn from_vals<T: 'static>(values: Vec<Val>, store: &mut StoreContextMut<'_, T>) -> Result<Self>;
}

impl WasmValues for Vec<Val> {
    fn types() -> Option<Vec<ValType>> {
        None
    }

    fn into_vals<T: 'static>(self, _: &mut StoreContextMut<'_, T>) -> Result<Vec<Val>> {
        Ok(self)
    }

    fn from_vals<T: 'static>(values: Vec<Val>, _: &mut StoreContextMut<'_, T>) -> Result<Self> {
        Ok(values)
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[allow(non_snake_case, unused_variables, reason = "type and value share a name; () has none")]
        impl<$($name: WasmValue),*> WasmValues for ($($name,)*) {
            fn types() -> Option<Vec<ValType>> {
                Some(vec![$($name::ty()),*])
            }

            fn into_vals<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<Vec<Val>> {
                let ($($name,)*) = self;
                Ok(vec![$($name.into_val(store)?),*])
            }

            fn from_vals<T: 'static>(
                values: Vec<Val>,
                store: &mut StoreContextMut<'_, T>,
            ) -> Result<Self> {
                const NAMES: &[&str] = &[$(stringify!($name)),*];
                const COUNT: usize = NAMES.len();
                let count = values.len();
                let Ok(values) = <[Val; COUNT]>::try_from(values) else {
                    let message = format!("expected {COUNT} values, got {count}");
                    return Err(wasmtime::Error::msg(message));
                };
                let [$($name),*] = values;
                Ok(($(<$name as WasmValue>::from_val($name, store)?,)*))
            }
        }
    };
}

macro_rules! tuples_up_to {
    ($($name:ident)*) => { tuples_up_to!(@ [] $($name)*); };
    (@ [$($done:ident)*]) => { tuples!($($done)*); };
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        tuples!($($done)*);
        tuples_up_to!(@ [$($done)* $next] $($rest)*);
    };
}

tuples_up_to!(V0 V1 V2 V3 V4 V5 V6 V7 V8 V9 V10 V11 V12 V13 V14 V15 V16);
