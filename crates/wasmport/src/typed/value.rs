//! `WasmValue`: the Rust types of WebAssembly's value types.

#[cfg(feature = "gc")]
use wasmtime::{
    AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, I31, NoExtern, NoneRef, Rooted, StructRef,
};
use wasmtime::{Func, HeapType, NoFunc, RefType, Result, StoreContextMut, V128, Val, ValType};

/// A Rust type for a WebAssembly
/// [value type](https://webassembly.github.io/spec/core/syntax/types.html#value-types):
///
/// | wasm | Rust |
/// |---|---|
/// | `i32` `i64` `f32` `f64` | the same |
/// | `v128` | [`V128`] |
/// | `funcref`, references to functions of one type | `Option<`[`Func`]`>` |
/// | `externref`, `anyref`, `eqref`, `exnref` | `Option<Rooted<ExternRef>>` and so on |
/// | `structref`, `arrayref`, references to structs and arrays of one type | `Option<Rooted<StructRef>>`, `Option<Rooted<ArrayRef>>` |
/// | `i31ref` | `Option<I31>` |
/// | `nullref`, `nullfuncref`, `nullexternref` | `Option<NoneRef>`, `Option<NoFunc>`, `Option<NoExtern>` |
///
/// A reference that cannot be null has the type without `Option`. All types except numbers, vectors
/// and functions need the `gc` feature.
pub trait WasmValue: Sized + 'static {
    /// Returns the wasm type.
    fn ty() -> ValType;

    /// Converts it to Wasmtime's value.
    ///
    /// # Errors
    ///
    /// Fails if the store's GC heap is full.
    fn into_val<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<Val>;

    /// Returns its bits if it is a number, for recordings.
    #[cfg(feature = "replay")]
    #[doc(hidden)]
    fn number(&self) -> Option<crate::record::Number> {
        None
    }

    /// Converts it from Wasmtime's value.
    ///
    /// # Errors
    ///
    /// Fails if the value has another type.
    fn from_val<T: 'static>(value: Val, store: &mut StoreContextMut<'_, T>) -> Result<Self>;
}

macro_rules! number {
    ($($rust:ty, $wasm:ident, $bits:pat => $out:expr, $value:ident => $in:expr;)*) => {
        $(impl WasmValue for $rust {
            fn ty() -> ValType {
                ValType::$wasm
            }

            #[inline]
            fn into_val<T: 'static>(self, _: &mut StoreContextMut<'_, T>) -> Result<Val> {
                let $value = self;
                Ok(Val::$wasm($in))
            }

            #[inline]
            fn from_val<T: 'static>(value: Val, _: &mut StoreContextMut<'_, T>) -> Result<Self> {
                match value {
                    Val::$wasm($bits) => Ok($out),
                    other => Err(wrong_type(stringify!($rust), &other)),
                }
            }

            #[cfg(feature = "replay")]
            #[inline]
            fn number(&self) -> Option<crate::record::Number> {
                let $value = *self;
                crate::record::Number::of(&Val::$wasm($in))
            }
        })*
    };
}

number! {
    i32, I32, bits => bits, value => value;
    i64, I64, bits => bits, value => value;
    f32, F32, bits => f32::from_bits(bits), value => value.to_bits();
    f64, F64, bits => f64::from_bits(bits), value => value.to_bits();
    V128, V128, bits => bits, value => value;
}

/// Implements a reference: `$out` converts it to the content of Wasmtime's value, `$in` back to an
/// option of it.
macro_rules! reference {
    ($rust:ty, $heap:ident, $wasm:ident,
     |$value:ident, $out_store:ident| $out:expr, |$held:ident, $in_store:ident| $in:expr) => {
        impl WasmValue for $rust {
            fn ty() -> ValType {
                ValType::Ref(RefType::new(false, HeapType::$heap))
            }

            #[inline]
            fn into_val<T: 'static>(self, $out_store: &mut StoreContextMut<'_, T>) -> Result<Val> {
                let $value = self;
                let _ = &$out_store;
                Ok(Val::$wasm(Some($out)))
            }

            #[inline]
            fn from_val<T: 'static>(
                value: Val,
                store: &mut StoreContextMut<'_, T>,
            ) -> Result<Self> {
                let option = <Option<Self>>::from_val(value, store)?;
                option.ok_or_else(|| wrong_type(stringify!($rust), &value))
            }
        }

        impl WasmValue for Option<$rust> {
            fn ty() -> ValType {
                ValType::Ref(RefType::new(true, HeapType::$heap))
            }

            #[inline]
            fn into_val<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<Val> {
                self.map_or(Ok(Val::$wasm(None)), |value| value.into_val(store))
            }

            #[inline]
            fn from_val<T: 'static>(
                value: Val,
                $in_store: &mut StoreContextMut<'_, T>,
            ) -> Result<Self> {
                let _ = &$in_store;
                let Val::$wasm(held) = value else {
                    return Err(wrong_type(stringify!($rust), &value));
                };
                let Some($held) = held else { return Ok(None) };
                let option: Option<$rust> = $in;
                option.map_or_else(|| Err(wrong_type(stringify!($rust), &value)), |it| Ok(Some(it)))
            }
        }
    };
}

reference!(Func, Func, FuncRef, |func, _store| func, |func, _store| Some(func));

#[cfg(feature = "gc")]
mod gc {
    use super::*;

    reference!(Rooted<ExternRef>, Extern, ExternRef, |it, _store| it, |it, _store| Some(it));
    reference!(Rooted<AnyRef>, Any, AnyRef, |it, _store| it, |it, _store| Some(it));
    reference!(Rooted<ExnRef>, Exn, ExnRef, |it, _store| it, |it, _store| Some(it));
    reference!(Rooted<EqRef>, Eq, AnyRef, |it, _store| it.to_anyref(), |it, store| it
        .as_eqref(store)?);
    reference!(Rooted<StructRef>, Struct, AnyRef, |it, _store| it.to_anyref(), |it, store| it
        .as_struct(store)?);
    reference!(Rooted<ArrayRef>, Array, AnyRef, |it, _store| it.to_anyref(), |it, store| it
        .as_array(store)?);
    reference!(I31, I31, AnyRef, |it, store| AnyRef::from_i31(store, it), |it, store| it
        .as_i31(store)?);
}

/// Implements references whose only value is null.
macro_rules! bottom {
    ($rust:ty, $heap:ident, $wasm:ident) => {
        impl WasmValue for Option<$rust> {
            fn ty() -> ValType {
                ValType::Ref(RefType::new(true, HeapType::$heap))
            }

            fn into_val<T: 'static>(self, _: &mut StoreContextMut<'_, T>) -> Result<Val> {
                // The type inside has no values.
                Ok(Val::$wasm(None))
            }

            fn from_val<T: 'static>(value: Val, _: &mut StoreContextMut<'_, T>) -> Result<Self> {
                match value {
                    Val::$wasm(None) => Ok(None),
                    other => Err(wrong_type(stringify!($rust), &other)),
                }
            }
        }

        impl WasmValue for $rust {
            fn ty() -> ValType {
                ValType::Ref(RefType::new(false, HeapType::$heap))
            }

            fn into_val<T: 'static>(self, _: &mut StoreContextMut<'_, T>) -> Result<Val> {
                Err(wasmtime::Error::msg(concat!(stringify!($rust), " has no values")))
            }

            fn from_val<T: 'static>(value: Val, _: &mut StoreContextMut<'_, T>) -> Result<Self> {
                Err(wrong_type(stringify!($rust), &value))
            }
        }
    };
}

bottom!(NoFunc, NoFunc, FuncRef);
#[cfg(feature = "gc")]
bottom!(NoneRef, None, AnyRef);
#[cfg(feature = "gc")]
bottom!(NoExtern, NoExtern, ExternRef);

#[cold]
pub(crate) fn wrong_type(expected: &str, value: &Val) -> wasmtime::Error {
    wasmtime::Error::msg(format!("expected a value of type {expected}, got {value:?}"))
}
