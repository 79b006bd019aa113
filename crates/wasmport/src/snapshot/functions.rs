//! Functions of a module by their index: references in one session have no meaning in another.

use super::layout::Layout;
use crate::reserved;
use std::collections::HashMap;
use wasmtime::{AsContextMut, Func, Instance};

/// The indices of an instance's functions that tables and globals can hold.
#[derive(Default)]
pub(super) struct Functions(HashMap<usize, u32>);

impl Functions {
    /// Looks up all such functions of an instance.
    pub fn of(layout: &Layout, instance: &Instance, mut store: impl AsContextMut) -> Self {
        let funcs = layout.funcs.iter().filter_map(|index| {
            let func = function(instance, &mut store, *index)?;
            Some((func.to_raw(&mut store).addr(), *index))
        });
        Self(funcs.collect())
    }

    /// Returns the index of a function, if it is one of the instance.
    pub fn index(&self, func: &Func, store: impl AsContextMut) -> Option<u32> {
        self.0.get(&func.to_raw(store).addr()).copied()
    }
}

/// Returns the function of an index, if the instance has it.
pub(super) fn function(instance: &Instance, store: impl AsContextMut, index: u32) -> Option<Func> {
    instance.get_func(store, &format!("{}{index}", reserved::FUNC))
}
