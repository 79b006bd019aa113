//! What generated code calls besides the public types. Not for use by hand: it changes with
//! [`CONTRACT`], which generated code checks when it is compiled.

use crate::engine::{EngineConfig, RequiredFeatures};
use crate::{Artifact, Asset, GuestMemory};
use std::sync::OnceLock;
pub use wasmtime::{
    AsContextMut, Caller, Instance, InstancePre, Linker, Memory, Result, Store, StoreContextMut,
    Val,
};
use wasmtime::{Func, FuncType, Global, TypedFunc, ValType, WasmParams, WasmResults};

/// The version of the contract between generator and runtime. A change of anything that generated
/// code relies on, or of what it means, changes this.
pub const CONTRACT: u32 = 1;

/// The value of a digest in generated code.
#[must_use]
#[expect(clippy::panic, reason = "in constants only, where it is a compile-time error")]
pub const fn digest(hex: &str) -> crate::Digest {
    match crate::Digest::from_hex(hex) {
        Some(digest) => digest,
        None => panic!("the wrapper holds no valid digest: import again"),
    }
}

/// Describes an asset.
///
/// This and the two below are how a program comes to trust an artifact: whoever calls them vouches
/// that the digests are those of unmodified output of Wasmtime's compiler. Only the importer may, in
/// the code that it generates; that is why they are here and not in the public API.
#[must_use]
pub const fn asset(
    name: &'static str,
    source: &'static str,
    source_digest: crate::Digest,
    wasmtime: &'static str,
    engine: EngineConfig,
    features: RequiredFeatures,
    artifacts: &'static [Artifact],
) -> Asset {
    Asset::new(name, source, source_digest, wasmtime, engine, features, artifacts)
}

/// An artifact whose bytes are in the program; none where the program is for another target.
#[must_use]
pub const fn embedded(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    data: Option<&'static [u8]>,
) -> Artifact {
    Artifact::embedded(target, bytes, digest, data)
}

/// An artifact whose bytes an [`AssetSource`](crate::AssetSource) reads from `path`.
#[must_use]
pub const fn file(
    target: &'static str,
    bytes: u64,
    digest: crate::Digest,
    path: &'static str,
) -> Artifact {
    Artifact::file(target, bytes, digest, path)
}

/// A part of a wrapper that is made when it is first used, so that instantiating costs the same
/// for three exports and for thousands.
pub struct Lazy<T>(OnceLock<Box<T>>);

impl<T: Default> Lazy<T> {
    /// Nothing made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The part.
    #[inline]
    pub fn get(&self) -> &T {
        self.0.get_or_init(Box::default)
    }
}

impl<T: Default> Default for Lazy<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An export, looked up when it is first used.
pub struct Slot<E>(OnceLock<E>);

/// A function's slot.
pub type FuncSlot<P, R> = Slot<TypedFunc<P, R>>;
/// The slot of a function that Wasmtime's tuples cannot type.
pub type WideSlot = Slot<Func>;
/// A global's slot.
pub type GlobalSlot = Slot<Global>;
/// A memory's slot.
pub type MemorySlot = Slot<Memory>;

impl<E> Default for Slot<E> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<E> Slot<E> {
    #[inline]
    fn get_or_look_up(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        match self.0.get() {
            Some(export) => Ok(export),
            None => self.fill(look_up),
        }
    }

    #[cold]
    #[inline(never)]
    fn fill(&self, look_up: impl FnOnce() -> Result<E>) -> Result<&E> {
        let export = look_up()?;
        Ok(self.0.get_or_init(|| export))
    }
}

/// Calls an exported function.
#[inline]
pub fn call<P: WasmParams, R: WasmResults>(
    slot: &Slot<TypedFunc<P, R>>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: P,
) -> Result<R> {
    let mut store = store.as_context_mut();
    slot.get_or_look_up(|| instance.get_typed_func(&mut store, name))?.call(store, params)
}

/// Calls an exported function with more parameters or results than Wasmtime's tuples have.
pub fn call_wide<const N: usize>(
    slot: &Slot<Func>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    params: &[Val],
) -> Result<[Val; N]> {
    let func = slot.get_or_look_up(|| {
        let missing = || missing(name, "function");
        instance.get_func(&mut store, name).ok_or_else(missing)
    })?;
    let mut results = [const { Val::I32(0) }; N];
    func.call(store, params, &mut results)?;
    Ok(results)
}

/// Reads an exported global.
#[inline]
pub fn get_global<V: Scalar>(
    slot: &Slot<Global>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
) -> Result<V> {
    let global = *global(slot, instance, &mut store, name)?;
    V::from_val(&global.get(store))
}

/// Writes an exported mutable global.
#[inline]
pub fn set_global<V: Scalar>(
    slot: &Slot<Global>,
    instance: &Instance,
    mut store: impl AsContextMut,
    name: &str,
    value: V,
) -> Result<()> {
    let global = *global(slot, instance, &mut store, name)?;
    global.set(store, value.into_val())
}

#[inline]
fn global<'a>(
    slot: &'a Slot<Global>,
    instance: &Instance,
    store: impl AsContextMut,
    name: &str,
) -> Result<&'a Global> {
    slot.get_or_look_up(|| instance.get_global(store, name).ok_or_else(|| missing(name, "global")))
}

/// An exported memory.
#[inline]
pub fn memory(
    slot: &Slot<Memory>,
    instance: &Instance,
    store: impl AsContextMut,
    name: &str,
) -> Result<Memory> {
    slot.get_or_look_up(|| instance.get_memory(store, name).ok_or_else(|| missing(name, "memory")))
        .copied()
}

/// An exported memory with its store.
pub fn guest_memory<'a, T: 'static>(store: &'a mut Store<T>, memory: Memory) -> GuestMemory<'a, T> {
    GuestMemory::new(store.as_context_mut(), memory)
}

/// Defines a host function with more parameters or results than Wasmtime's tuples have.
///
/// # Errors
///
/// Where the linker refuses the definition.
pub fn func_wide<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    host: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let ty = FuncType::new(linker.engine(), params.iter().cloned(), results.iter().cloned());
    linker.func_new(module, name, ty, host)?;
    Ok(())
}

/// A number as wasm has it.
pub trait Scalar: Copy {
    /// Its wasm type.
    const TYPE: ValType;
    /// As Wasmtime's value.
    fn into_val(self) -> Val;
    /// Out of Wasmtime's value.
    ///
    /// # Errors
    ///
    /// Where the value is of another type: the instance is not one of the wrapper's asset.
    fn from_val(value: &Val) -> Result<Self>;
}

macro_rules! scalar {
    ($($rust:ty, $wasm:ident, $bits:pat => $out:expr, $value:ident => $in:expr;)*) => {
        $(impl Scalar for $rust {
            const TYPE: ValType = ValType::$wasm;
            #[inline]
            fn into_val(self) -> Val {
                let $value = self;
                Val::$wasm($in)
            }
            #[inline]
            fn from_val(value: &Val) -> Result<Self> {
                match *value {
                    Val::$wasm($bits) => Ok($out),
                    _ => Err(wrong_type(stringify!($rust), value)),
                }
            }
        })*
    };
}

scalar! {
    i32, I32, bits => bits, value => value;
    i64, I64, bits => bits, value => value;
    f32, F32, bits => f32::from_bits(bits), value => value.to_bits();
    f64, F64, bits => f64::from_bits(bits), value => value.to_bits();
}

/// Refuses a module that is not the wrapper's asset.
///
/// # Errors
///
/// [`crate::Error::WrongAsset`].
pub fn pre<T: 'static>(
    linker: &Linker<T>,
    module: &crate::LoadedModule,
    asset: &Asset,
) -> Result<InstancePre<T>> {
    module.check_asset(asset)?;
    linker.instantiate_pre(module.module())
}

#[cold]
fn missing(name: &str, kind: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!(
        "the instance exports no {kind} {name:?}: it is not one of the wrapper's asset"
    ))
}

#[cold]
fn wrong_type(expected: &str, value: &Val) -> wasmtime::Error {
    wasmtime::Error::msg(format!("expected a value of type {expected}, got {value:?}"))
}
