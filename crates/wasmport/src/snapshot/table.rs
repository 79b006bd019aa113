//! Tables: the elements that differ from those of a fresh instance, as indices of functions.

use super::functions::{Functions, function};
use crate::error::{SnapshotError, SnapshotItem};
use crate::reserved;
use serde::{Deserialize, Serialize};
use wasmtime::{AsContext, AsContextMut, Instance, Ref, Table};

/// A saved table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedTable {
    pub index: u32,
    /// The number of elements.
    len: u64,
    /// Whether elements that are not saved are null; else they are as in a fresh instance.
    is_whole: bool,
    runs: Vec<Elements>,
}

/// Consecutive elements with the same reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Elements {
    start: u64,
    count: u64,
    /// The index of the function; none for null.
    func: Option<u32>,
}

/// The kind of a reference to a function that is not one of the module.
pub(super) const FOREIGN: &str = "a reference to a function of the host or of another module";

/// Returns an exported table.
pub(super) fn table(instance: &Instance, store: impl AsContextMut, index: u32) -> Option<Table> {
    instance.get_table(store, &format!("{}{index}", reserved::TABLE))
}

/// The elements of a table, as indices of functions.
pub(super) struct Contents<'f, S> {
    pub store: S,
    pub table: Table,
    pub functions: &'f Functions,
}

impl<S: AsContextMut> Contents<'_, S> {
    /// Returns the function of an element; none if it is null.
    ///
    /// # Errors
    ///
    /// Fails with the kind of a reference that is no function of the module.
    fn get(&mut self, index: u64) -> Result<Option<u32>, &'static str> {
        match self.table.get(&mut self.store, index) {
            None => Ok(None),
            Some(Ref::Func(Some(func))) => {
                self.functions.index(&func, &mut self.store).map(Some).ok_or(FOREIGN)
            }
            Some(other) if other.is_null() => Ok(None),
            Some(_) => Err("a reference to a value of the host or an object of the guest"),
        }
    }
}

impl SavedTable {
    /// Saves the elements of a table that differ from those of a fresh one, or that are not null if the program decides
    /// how the table begins.
    ///
    /// # Errors
    ///
    /// Fails if it holds a reference to anything but a function of the module.
    pub fn of<S: AsContextMut, F: AsContextMut>(
        index: u32,
        mut now: Contents<'_, S>,
        mut fresh: Option<Contents<'_, F>>,
    ) -> Result<Self, SnapshotError> {
        let len = now.table.size(&now.store);
        let mut saved = Self { index, len, is_whole: fresh.is_none(), runs: Vec::new() };
        for element in 0..len {
            let func = now.get(element).map_err(|reference| SnapshotError::Reference {
                item: SnapshotItem::Element { table: index, index: element },
                reference,
            })?;
            // A fresh element that is unknown differs.
            let is_known = match &mut fresh {
                Some(fresh) => fresh.get(element) == Ok(func),
                None => func.is_none(),
            };
            if !is_known {
                saved.push(element, func);
            }
        }
        Ok(saved)
    }

    fn push(&mut self, index: u64, func: Option<u32>) {
        match self.runs.last_mut() {
            Some(last) if last.func == func && last.start + last.count == index => last.count += 1,
            _ => self.runs.push(Elements { start: index, count: 1, func }),
        }
    }

    /// Grows the table of a fresh instance, and sets the elements.
    ///
    /// # Errors
    ///
    /// Fails if the table cannot grow to the saved size or is larger, or if the snapshot does not fit it.
    pub fn restore(
        &self,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Result<(), SnapshotError> {
        let table = table(instance, &mut store, self.index).ok_or(OTHER)?;
        self.grow(table, instance, &mut store)?;
        let mut position = 0;
        for run in &self.runs {
            let end = run.start.checked_add(run.count).filter(|end| *end <= self.len);
            let end = end.filter(|_| position <= run.start).ok_or(OTHER)?;
            if self.is_whole && position < run.start {
                let null = self.null(table, &store)?;
                fill(table, &mut store, position, run.start, null)?;
            }
            let value = self.value(run.func, table, instance, &mut store)?;
            fill(table, &mut store, run.start, end, value)?;
            position = end;
        }
        if self.is_whole && position < self.len {
            let null = self.null(table, &store)?;
            fill(table, &mut store, position, self.len, null)?;
        }
        Ok(())
    }

    fn grow(
        &self,
        table: Table,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Result<(), SnapshotError> {
        let (item, saved, found) = (SnapshotItem::Table(self.index), self.len, table.size(&store));
        let Some(missing) = saved.checked_sub(found) else {
            return Err(SnapshotError::TooLarge { item, saved, found });
        };
        if missing == 0 {
            return Ok(());
        }
        // A table without null needs an element to grow.
        let mut runs = self.runs.iter();
        let first = runs.find(|run| run.start <= found && found - run.start < run.count);
        let func = first.and_then(|run| run.func);
        let value = self.value(func, table, instance, &mut store)?;
        let reason = |error: wasmtime::Error| error.to_string();
        let grown = table.grow(&mut store, missing, value);
        grown.map_err(|e| SnapshotError::Growth { item, saved, reason: reason(e) })?;
        // Elements that are not saved are null.
        if func.is_some() && self.is_nullable(table, &store) {
            let null = self.null(table, &store)?;
            fill(table, &mut store, found, saved, null)?;
        }
        Ok(())
    }

    fn is_nullable(&self, table: Table, store: impl AsContext) -> bool {
        table.ty(&store).element().is_nullable()
    }

    fn null(&self, table: Table, store: impl AsContext) -> Result<Ref, SnapshotError> {
        let ty = table.ty(&store);
        let element = Some(ty.element()).filter(|ty| ty.is_nullable()).ok_or(OTHER)?;
        Ok(Ref::null(element.heap_type()))
    }

    fn value(
        &self,
        func: Option<u32>,
        table: Table,
        instance: &Instance,
        mut store: impl AsContextMut,
    ) -> Result<Ref, SnapshotError> {
        match func {
            Some(index) => {
                let func = function(instance, &mut store, index).ok_or(OTHER)?;
                Ok(Ref::Func(Some(func)))
            }
            None => self.null(table, store),
        }
    }
}

const OTHER: SnapshotError = SnapshotError::Damaged("it has another table than the module");

fn fill(
    table: Table,
    store: impl AsContextMut,
    start: u64,
    end: u64,
    value: Ref,
) -> Result<(), SnapshotError> {
    let count = end.checked_sub(start).ok_or(OTHER)?;
    if count == 0 {
        return Ok(());
    }
    table.fill(store, start, value, count).map_err(|_| OTHER)
}
