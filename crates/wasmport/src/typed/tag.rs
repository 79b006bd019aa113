//! `TypedTag`: an exception tag with values of Rust types.

#[cfg(feature = "gc")]
use super::{exception::Exception, values::WasmValues};
#[cfg(feature = "gc")]
use crate::error::CallError;
use std::marker::PhantomData;
#[cfg(feature = "gc")]
use wasmtime::{
    AsContextMut, Error, ExnRef, ExnRefPre, ExnType, FuncType, Result, TagType, ThrownException,
};
use wasmtime::{Extern, Tag};

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
    /// Returns the typed view of `tag`. If the type is wrong, throwing, catching and importing it fail.
    #[must_use]
    pub fn from_tag(tag: Tag) -> Self {
        Self(tag, PhantomData)
    }

    /// Returns Wasmtime's tag.
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
impl<P: WasmValues> TypedTag<P> {
    /// Creates a tag in `store`.
    ///
    /// # Errors
    ///
    /// Fails for `Vec<Val>`, whose types are not fixed.
    pub fn new(store: impl AsContextMut) -> Result<Self> {
        let types = P::types().ok_or_else(|| Error::msg("the types of a new tag must be fixed"))?;
        let func = FuncType::new(store.as_context().engine(), types, []);
        Ok(Self::from_tag(Tag::new(store, &TagType::new(func))?))
    }

    /// Returns the values of the exception that `error` holds, if it was thrown with this tag.
    ///
    /// # Errors
    ///
    /// Fails if tag or error belong to another store, or the tag has another type.
    pub fn catch(&self, mut store: impl AsContextMut, error: &impl CallError) -> Result<Option<P>> {
        let mut store = store.as_context_mut();
        let Some(error) = error.wasmtime_error() else { return Ok(None) };
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
                // Rethrows it for other handlers.
                let _ = store.throw::<()>(object);
            }
            return Ok(None);
        }
        let values = object.fields(&mut store)?.collect();
        P::from_vals(values, &mut store).map(Some)
    }

    /// Throws an exception. A host function returns the resulting error, so that the guest gets the
    /// exception.
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
