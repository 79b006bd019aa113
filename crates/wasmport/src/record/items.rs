//! The memories and globals of the guest that a recording is about.

use super::find::Find;
use super::log::Log;
use super::number::{Number, NumberType};
use wasmtime::{Caller, Global, Memory, StoreContextMut};

impl Log {
    /// Returns whether the memories and globals of the instance are known.
    #[inline]
    pub(super) fn has_items(&self) -> bool {
        self.memories.len() == self.header.memories.len()
            && self.globals.len() == self.header.globals.len()
    }

    /// Sets the memories and globals of the new instance.
    pub(super) fn set_items(&mut self, memories: Vec<Memory>, globals: Vec<Global>) {
        self.memories = memories;
        self.global_values = self.header.global_types.iter().map(|ty| zero(*ty)).collect();
        self.globals = globals;
    }

    /// Returns whether the host can set globals.
    pub(super) fn has_globals(&self) -> bool {
        !self.header.globals.is_empty()
    }

    /// Reads the globals, and appends those that the host set.
    pub(super) fn read_globals<T: 'static>(
        store: &mut StoreContextMut<'_, T>,
        find: Find<T>,
        is_of_host: bool,
    ) {
        let Some(log) = find(store.data_mut()).filter(|log| log.has_globals()) else { return };
        let globals = log.globals.clone();
        let values = globals.iter().map(|global| Number::of(&global.get(&mut *store)));
        let values: Option<Vec<_>> = values.collect();
        if let (Some(values), Some(log)) = (values, find(store.data_mut())) {
            log.globals_are(&values, is_of_host);
        }
    }

    /// Takes the values of the globals, and appends those that the host set.
    fn globals_are(&mut self, values: &[Number], is_of_host: bool) {
        for (index, value) in values.iter().enumerate() {
            let Some(last) = self.global_values.get_mut(index) else { return };
            if *last == *value {
                continue;
            }
            *last = *value;
            if is_of_host {
                self.global(index, *value);
            }
        }
    }
}

fn zero(ty: NumberType) -> Number {
    match ty {
        NumberType::I32 => Number::I32(0),
        NumberType::I64 => Number::I64(0),
        NumberType::F32 => Number::F32(0),
        NumberType::F64 => Number::F64(0),
        NumberType::V128 => Number::V128(0),
    }
}

/// Finds the memories and globals of an instance that starts.
#[cold]
pub(super) fn resolve<T: 'static>(caller: &mut Caller<'_, T>, find: Find<T>) {
    let Some(log) = find(caller.data_mut()) else { return };
    let (memories, globals) = (log.memory_names().to_vec(), log.global_names().to_vec());
    let memories = memories.iter().map(|name| caller.get_export(name)?.into_memory());
    let memories: Option<Vec<Memory>> = memories.collect();
    let globals = globals.iter().map(|name| caller.get_export(name)?.into_global());
    let globals: Option<Vec<Global>> = globals.collect();
    if let (Some(memories), Some(globals), Some(log)) = (memories, globals, find(caller.data_mut()))
    {
        log.set_items(memories, globals);
    }
}
