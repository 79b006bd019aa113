//! Loads files into slots.

use super::following::Followed;
use crate::digest::Digest;
use crate::dynamic::DynamicAsset;
use crate::error::Result;
use crate::fs::read;
use crate::handle::panicked;
use crate::runtime::{Loaded, Runtime};
use crate::session::{SessionPre, TypedSession};
use crate::slot::{Replaced, Slot};
use crate::wrapper::Wrapper;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The kind of a session's code.
pub(super) type CodeOf<S> = <<S as TypedSession>::Wrapper as Wrapper>::Code;

/// Returns whether a slot has the code of an asset's file.
pub(super) fn is_current<S: TypedSession>(slot: &Slot<S>, asset: &DynamicAsset<CodeOf<S>>) -> bool {
    let Some(current) = slot.current() else { return false };
    let bytes = asset.path().and_then(|path| read(path).ok());
    bytes.is_some_and(|bytes| Digest::of(&bytes) == current.loaded().asset().source_digest())
}

/// Compiles assets, and puts them into their slots. `done` gets the slot and the result of each, and returns whether to
/// go on.
pub(super) fn replace_all<S: TypedSession>(
    runtime: &Runtime,
    candidates: Vec<(Slot<S>, DynamicAsset<CodeOf<S>>)>,
    mut accept: impl FnMut(&SessionPre<S>) -> Result<()>,
    mut done: impl FnMut(usize, Slot<S>, Followed) -> bool,
) {
    let (slots, assets): (Vec<_>, Vec<_>) = candidates.into_iter().unzip();
    let loaded = runtime.load_dynamic_in_background(assets).wait();
    for (index, (slot, loaded)) in slots.into_iter().zip(loaded).enumerate() {
        let replaced = loaded.and_then(|loaded| replace(&slot, &loaded, &mut accept));
        let followed = replaced.map_or_else(Followed::Refused, Followed::Replaced);
        if !done(index, slot, followed) {
            return;
        }
    }
}

/// Replaces the code of a slot. A panic of `accept` is an error: it must not end the following.
fn replace<S: TypedSession>(
    slot: &Slot<S>,
    loaded: &Loaded<CodeOf<S>>,
    accept: &mut impl FnMut(&SessionPre<S>) -> Result<()>,
) -> Result<Replaced> {
    let replaced = catch_unwind(AssertUnwindSafe(|| slot.replace(loaded, accept)));
    replaced.unwrap_or_else(|panic| Err(panicked(loaded.asset().name(), panic.as_ref())))
}
