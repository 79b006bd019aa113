//! `Asset`: the description of an asset, with its kind in the type.

use super::any::AnyAsset;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use wasmtime::Module;

/// The description of one imported `.wasm` or `.wat` file. `C` is its kind: a core
/// [`Module`] or a [`Component`](wasmtime::component::Component).
///
/// Each wrapper has one as its `ASSET`, so that [`Runtime::load`](crate::Runtime::load) knows the type
/// that it returns. It dereferences to [`AnyAsset`], which has no kind in its type.
pub struct Asset<C = Module> {
    any: AnyAsset,
    kind: PhantomData<fn() -> C>,
}

impl<C> Asset<C> {
    pub(crate) const fn new(any: AnyAsset) -> Self {
        Self { any, kind: PhantomData }
    }

    /// Returns the description without the kind: for lists of assets of both kinds.
    #[must_use]
    pub const fn as_any(&self) -> &AnyAsset {
        &self.any
    }

    /// Returns the name: the path below the import root, without extension (`mods/calc`).
    #[must_use]
    pub const fn name(&self) -> &str {
        self.any.name()
    }
}

impl<C> Clone for Asset<C> {
    fn clone(&self) -> Self {
        Self::new(self.any.clone())
    }
}

impl<C> fmt::Debug for Asset<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.any.fmt(f)
    }
}

impl<C> Deref for Asset<C> {
    type Target = AnyAsset;

    fn deref(&self) -> &AnyAsset {
        &self.any
    }
}

impl<C> AsRef<AnyAsset> for Asset<C> {
    fn as_ref(&self) -> &AnyAsset {
        &self.any
    }
}
