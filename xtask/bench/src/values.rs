//! What the wrapper's globals, memories and tables take beyond Wasmtime's, looked up before.

use crate::Result;
use crate::measure::extra_ns;
use crate::side::Side;
use std::hint::black_box;
use wasmport::GuestMemory;
use wasmtime::{Error, Val};

/// Where something is missing or of another type.
fn wrong() -> Error {
    Error::msg("the module is not as expected")
}

/// Getting and setting a global, both at once.
pub(crate) fn global() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.bench.instance().get_global(&mut other.store, "total").ok_or_else(wrong)?;
    let other_store = &mut other.store;
    extra_ns(
        || {
            let total = bench.total(&mut store)?;
            bench.set_total(&mut store, total + 1)
        },
        || {
            let Val::I64(total) = raw.get(&mut *other_store) else { return Err(wrong()) };
            raw.set(&mut *other_store, Val::I64(total + 1))
        },
    )
}

/// Reading and writing a number in memory, both at once, each through a `GuestMemory` of its own.
pub(crate) fn memory() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.bench.instance().get_memory(&mut other.store, "memory").ok_or_else(wrong)?;
    let other_store = &mut other.store;
    extra_ns(
        || {
            let address = black_box(64_u32);
            let memory = bench.memory(&mut store)?;
            let number = GuestMemory::of(&mut store, memory).read::<u32>(address)?;
            let memory = bench.memory(&mut store)?;
            GuestMemory::of(&mut store, memory).write(address, number.wrapping_add(1))?;
            Ok(())
        },
        || {
            let address = black_box(64_u32) as usize;
            let bytes = raw.data(&*other_store).get(address..).and_then(|b| b.first_chunk());
            let number = u32::from_le_bytes(*bytes.ok_or_else(wrong)?);
            let bytes = raw.data_mut(&mut *other_store).get_mut(address..);
            let bytes = bytes.and_then(|b| b.first_chunk_mut()).ok_or_else(wrong)?;
            *bytes = number.wrapping_add(1).to_le_bytes();
            Ok(())
        },
    )
}

/// Getting a function out of a table.
pub(crate) fn table() -> Result<f64> {
    let (Side { mut store, bench }, mut other) = Side::two()?;
    let raw = other.bench.instance().get_table(&mut other.store, "callbacks").ok_or_else(wrong)?;
    let other_store = &mut other.store;
    extra_ns(
        || bench.callbacks(&mut store)?.get(&mut store, black_box(1)),
        || {
            let element = raw.get(&mut *other_store, black_box(1)).ok_or_else(wrong)?;
            Ok(element.unwrap_func().copied())
        },
    )
}
