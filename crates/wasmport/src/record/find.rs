//! Finding the log in the data of any store.

use super::log::Log;
use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// Finds the log in the data of a store.
pub(crate) type Find = fn(&mut dyn Any) -> Option<&mut Log>;

/// Data of a store that may have a log.
pub(crate) trait HasLog: 'static {
    /// Returns the log, if the session is recorded.
    fn log(&mut self) -> Option<&mut Log>;
}

/// The number of types that were registered. Until there is one, no store is looked at.
static REGISTERED: AtomicUsize = AtomicUsize::new(0);
/// The types of data that may have a log.
static FINDERS: RwLock<Option<HashMap<TypeId, Find>>> = RwLock::new(None);

/// Functions that record their calls, by module and name.
pub(crate) type Defined = HashSet<(String, String)>;

thread_local! {
    /// The functions that are being defined.
    static DEFINED: RefCell<Option<Defined>> = const { RefCell::new(None) };
}

fn find_in<D: HasLog>(data: &mut dyn Any) -> Option<&mut Log> {
    data.downcast_mut::<D>()?.log()
}

/// Makes [`finder`] know a type. Functions that are defined for it from now on record their calls.
pub(crate) fn register<D: HasLog>() -> Find {
    let mut finders = FINDERS.write().unwrap_or_else(PoisonError::into_inner);
    let finders = finders.get_or_insert_default();
    let _ = finders.insert(TypeId::of::<D>(), find_in::<D>);
    REGISTERED.store(finders.len(), Ordering::Release);
    find_in::<D>
}

/// Returns the function that finds the log in data of this type, if it may have one.
#[inline]
pub(crate) fn finder<T: 'static>() -> Option<Find> {
    match REGISTERED.load(Ordering::Acquire) {
        0 => None,
        registered => look_up(TypeId::of::<T>(), registered),
    }
}

#[inline(never)]
fn look_up(ty: TypeId, registered: usize) -> Option<Find> {
    thread_local! {
        /// The last type that was looked up, and the number of registered types then: a thread often runs sessions of
        /// one type.
        static LAST: Cell<Option<(TypeId, usize, Option<Find>)>> = const { Cell::new(None) };
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
