//! Finding the log in the data of any store.

use super::log::Log;
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// Finds the log in the data of a store. It knows the type of the data, because each call of an import uses it several
/// times.
pub(crate) type Find<T> = fn(&mut T) -> Option<&mut Log>;

/// A [`Find`] of any type.
type AnyFind = &'static (dyn Any + Send + Sync);

/// Data of a store that may have a log.
pub(crate) trait HasLog: 'static {
    /// Returns the log, if the session is recorded.
    fn log(&mut self) -> Option<&mut Log>;
}

/// The number of types that were registered. Until there is one, no store is looked at.
static REGISTERED: AtomicUsize = AtomicUsize::new(0);
/// The types of data that may have a log.
static FINDERS: RwLock<Option<HashMap<TypeId, AnyFind>>> = RwLock::new(None);

/// Functions that record their calls, by module and name.
pub(crate) type Defined = HashSet<(String, String)>;

thread_local! {
    /// The functions that are being defined.
    static DEFINED: RefCell<Option<Defined>> = const { RefCell::new(None) };
}

/// Makes [`finder`] know a type. Functions that are defined for it from now on record their calls.
pub(crate) fn register<D: HasLog>() -> Find<D> {
    let find: Find<D> = D::log;
    let mut finders = FINDERS.write().unwrap_or_else(PoisonError::into_inner);
    let finders = finders.get_or_insert_default();
    // One for each type that is recorded, for good.
    let _ = finders.entry(TypeId::of::<D>()).or_insert_with(|| Box::leak(Box::new(find)));
    REGISTERED.store(finders.len(), Ordering::Release);
    find
}

/// Returns the function that finds the log in data of this type, if it may have one.
#[inline]
pub(crate) fn finder<T: 'static>() -> Option<Find<T>> {
    match REGISTERED.load(Ordering::Acquire) {
        0 => None,
        registered => look_up(TypeId::of::<T>(), registered)?.downcast_ref().copied(),
    }
}

#[inline(never)]
fn look_up(ty: TypeId, registered: usize) -> Option<AnyFind> {
    thread_local! {
        /// The last type that was looked up, and the number of registered types then: a thread often runs sessions of
        /// one type.
        static LAST: Cell<Option<(TypeId, usize, Option<AnyFind>)>> = const { Cell::new(None) };
    }
    if let Some((last, count, find)) = LAST.get()
        && last == ty
        && count == registered
    {
        return find;
    }
    let finders = FINDERS.read().unwrap_or_else(PoisonError::into_inner);
    let find = finders.as_ref().and_then(|finders| finders.get(&ty).copied());
    LAST.set(Some((ty, registered, find)));
    find
}

/// Runs `define`, and returns the functions that it defined and that record their calls.
pub(crate) fn collect<R>(define: impl FnOnce() -> R) -> (R, Defined) {
    let outer = DEFINED.replace(Some(Defined::new()));
    let result = define();
    let defined = DEFINED.replace(outer).unwrap_or_default();
    (result, defined)
}

/// Notes a function that records its calls.
pub(super) fn defined(module: &str, name: &str) {
    DEFINED.with_borrow_mut(|defined| {
        if let Some(defined) = defined {
            let _ = defined.insert((module.into(), name.into()));
        }
    });
}
