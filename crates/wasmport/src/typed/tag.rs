//! `TypedTag`: an exception tag whose values' types are known; throwing and catching.

use super::WasmValue;
use std::marker::PhantomData;
use wasmtime::{Extern, Result, StoreContextMut, Tag, Val, ValType};

/// Values in a row: what an exception carries. Implemented for tuples of up to 17, and for `Vec<Val>`,
/// which stands for any.
pub trait WasmValues: Sized + 'static {
    /// Their types, where they are fixed.
    fn types() -> Option<Vec<ValType>>;

    /// As Wasmtime's values.
    ///
    /// # Errors
    ///
    /// Where the store has no room for them.
    fn into_vals<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<Vec<Val>>;

    /// Out of Wasmtime's values.
    ///
    /// # Errors
    ///
    /// Where number or types are others.
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
        #[allow(non_snake_case, unused_variables, reason = "one name for a type and its value, none in ()")]
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

/// A [`Tag`] of exceptions that carry values `P`, such as `(i32, i32)`.
#[derive(Debug)]
pub struct TypedTag<P>(Tag, PhantomData<fn() -> P>);

impl<P> Clone for TypedTag<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for TypedTag<P> {}

impl<P> TypedTag<P> {
    /// A typed view of `tag`. A wrong type is an error where exceptions are thrown or caught, and
    /// wherever the tag is imported.
    #[must_use]
    pub fn from_tag(tag: Tag) -> Self {
        Self(tag, PhantomData)
    }

    /// Wasmtime's tag.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.0
    }
}

impl<P> From<TypedTag<P>> for Extern {
    fn from(tag: TypedTag<P>) -> Self {
        Self::Tag(tag.0)
    }
}

#[cfg(feature = "gc")]
pub use exceptions::Exception;
#[cfg(feature = "gc")]
pub(crate) use exceptions::surface;
#[cfg(not(feature = "gc"))]
pub(crate) use without_exceptions::{Exception, surface};

/// A program without the feature runs no guest that could throw.
#[cfg(not(feature = "gc"))]
mod without_exceptions {
    use wasmtime::{Error, StoreContextMut};

    #[derive(Debug)]
    pub(crate) enum Exception {}

    impl std::fmt::Display for Exception {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match *self {}
        }
    }

    impl std::error::Error for Exception {}

    pub(crate) fn surface<T: 'static>(_: &mut StoreContextMut<'_, T>, error: Error) -> Error {
        error
    }
}

#[cfg(feature = "gc")]
mod exceptions {
    use super::*;
    use wasmtime::{
        AsContextMut, Error, ExnRef, ExnRefPre, ExnType, FuncType, OwnedRooted, Rooted, TagType,
        ThrownException,
    };

    /// An exception of the guest that nothing in the guest caught: the error of a session's call.
    ///
    /// [`TypedTag::catch`] tells which it is and takes its values out. Methods of a wrapper, which
    /// may be called in the midst of other guest code, leave the exception in the store instead, so
    /// that it goes on to those below; their error is Wasmtime's [`ThrownException`].
    #[derive(Clone)]
    pub struct Exception(OwnedRooted<ExnRef>);

    impl Exception {
        /// Wasmtime's exception object, rooted in `store`.
        ///
        /// # Errors
        ///
        /// Where it belongs to another store.
        pub fn object(&self, store: impl AsContextMut) -> Rooted<ExnRef> {
            self.0.to_rooted(store)
        }

        /// The tag it was thrown with.
        ///
        /// # Errors
        ///
        /// Where it belongs to another store.
        pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
            self.object(&mut store).tag(&mut store)
        }

        /// The values it carries.
        ///
        /// # Errors
        ///
        /// Where it belongs to another store.
        pub fn values(&self, mut store: impl AsContextMut) -> Result<Vec<Val>> {
            let object = self.object(&mut store);
            Ok(object.fields(&mut store)?.collect())
        }
    }

    impl std::fmt::Debug for Exception {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Exception")
        }
    }

    impl std::fmt::Display for Exception {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the guest threw an exception that it did not catch")
        }
    }

    impl std::error::Error for Exception {}

    /// Takes the exception that ended a call out of the store, into the error.
    #[cold]
    pub(crate) fn surface<T: 'static>(store: &mut StoreContextMut<'_, T>, error: Error) -> Error {
        if !error.is::<ThrownException>() {
            return error;
        }
        let exception = store.take_pending_exception();
        match exception.map(|exception| exception.to_owned_rooted(&mut *store)) {
            // The backtrace that came with it is worth keeping.
            Some(Ok(exception)) => error.context(Exception(exception)),
            _ => error,
        }
    }

    impl<P: WasmValues> TypedTag<P> {
        /// A new tag in `store`.
        ///
        /// # Errors
        ///
        /// For `Vec<Val>`, which does not say what the types are.
        pub fn new(store: impl AsContextMut) -> Result<Self> {
            let types = P::types().ok_or_else(|| Error::msg("a new tag needs fixed types"))?;
            let func = FuncType::new(store.as_context().engine(), types, []);
            Ok(Self::from_tag(Tag::new(store, &TagType::new(func))?))
        }

        /// The values of the exception that `error` is, if it was thrown with this tag; else
        /// nothing.
        ///
        /// # Errors
        ///
        /// Where tag or error belong to another store, or the tag is of another type.
        pub fn catch(&self, mut store: impl AsContextMut, error: &Error) -> Result<Option<P>> {
            let mut store = store.as_context_mut();
            let object = match error.downcast_ref::<Exception>() {
                Some(exception) => exception.object(&mut store),
                None if error.is::<ThrownException>() => match store.take_pending_exception() {
                    Some(object) => object,
                    None => return Ok(None),
                },
                None => return Ok(None),
            };
            let tag = object.tag(&mut store)?;
            if !Tag::eq(&tag, &self.0, &store) {
                if !error.is::<Exception>() {
                    // It goes on to others.
                    let _ = store.throw::<()>(object);
                }
                return Ok(None);
            }
            let values = object.fields(&mut store)?.collect();
            P::from_vals(values, &mut store).map(Some)
        }

        /// Throws: the error that a host function returns so that the guest gets an exception.
        pub fn throw(&self, mut store: impl AsContextMut, values: P) -> Error {
            let mut store = store.as_context_mut();
            let thrown = || -> Result<std::convert::Infallible> {
                let values = values.into_vals(&mut store)?;
                let ty = ExnType::from_tag_type(&self.0.ty(&store))?;
                let pre = ExnRefPre::new(&mut store, ty);
                let object = ExnRef::new(&mut store, &pre, &self.0, &values)?;
                store.throw(object)
            };
            match thrown() {
                Ok(never) => match never {},
                Err(error) => error,
            }
        }
    }
}
