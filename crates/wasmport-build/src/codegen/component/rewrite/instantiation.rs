//! The pass that removes async instantiation from wrappers that are not async.

use super::Context;
use super::error::Unexpected;
use super::tree::Hits;
use syn::{ImplItem, Item};

const NAME: &str = "instantiate_async";

/// The wrapper has the function, and so has its `Pre`, in an `impl` of its own.
const FUNCTIONS: usize = 2;

/// Removes the async functions, and `impl` blocks that had nothing else.
pub(super) fn sync_instantiation(items: &mut Vec<Item>, context: &Context<'_>) -> Hits {
    if context.is_async {
        return Ok(0);
    }
    let mut hits = 0;
    items.retain_mut(|item| {
        let Item::Impl(item) = item else { return true };
        let before = item.items.len();
        let is_async = |item: &ImplItem| matches!(item, ImplItem::Fn(own) if own.sig.ident == NAME);
        item.items.retain(|item| !is_async(item));
        hits += before - item.items.len();
        before == 0 || !item.items.is_empty()
    });
    if hits != FUNCTIONS {
        return Err(Unexpected::new("two functions `instantiate_async`", context.ty));
    }
    Ok(hits)
}
