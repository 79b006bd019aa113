//! The functions that Extism's plug-ins import.

use super::extism_memory::ExtismMemory;
use super::store_exchange::GuestExchange;
use wasmtime::{Caller, Linker, Result};

/// The module from which plug-ins import them.
const MODULE: &str = "extism:host/env";

/// The functions that [`add_extism_to_linker`] defines: names, and types in the text format. Programs implement others, such
/// as those that log or send requests.
pub const EXTISM_FUNCTIONS: &[(&str, &str)] = &[
    ("alloc", "(func (param i64) (result i64))"),
    ("free", "(func (param i64))"),
    ("length", "(func (param i64) (result i64))"),
    ("length_unsafe", "(func (param i64) (result i64))"),
    ("load_u8", "(func (param i64) (result i32))"),
    ("load_u64", "(func (param i64) (result i64))"),
    ("store_u8", "(func (param i64) (param i32))"),
    ("store_u64", "(func (param i64) (param i64))"),
    ("input_offset", "(func (result i64))"),
    ("input_length", "(func (result i64))"),
    ("input_load_u8", "(func (param i64) (result i32))"),
    ("input_load_u64", "(func (param i64) (result i64))"),
    ("output_set", "(func (param i64) (param i64))"),
    ("error_set", "(func (param i64))"),
    ("error_get", "(func (result i64))"),
    ("memory_bytes", "(func (result i64))"),
    ("reset", "(func)"),
    ("var_get", "(func (param i64) (result i64))"),
    ("var_set", "(func (param i64) (param i64))"),
];

fn memory<'c, T: GuestExchange + 'static>(caller: &'c mut Caller<'_, T>) -> &'c mut ExtismMemory {
    caller.data_mut().exchange().extism()
}

/// Defines the functions of [`EXTISM_FUNCTIONS`].
///
/// # Errors
///
/// Fails if one is already defined.
pub fn add_extism_to_linker<T: GuestExchange + 'static>(linker: &mut Linker<T>) -> Result<()> {
    type C<'c, T> = Caller<'c, T>;
    linker
        .func_wrap(MODULE, "alloc", |mut c: C<'_, T>, len: u64| memory(&mut c).alloc(len))?
        .func_wrap(MODULE, "free", |mut c: C<'_, T>, address: u64| memory(&mut c).free(address))?
        .func_wrap(MODULE, "length", |mut c: C<'_, T>, at: u64| memory(&mut c).length(at))?
        .func_wrap(MODULE, "length_unsafe", |mut c: C<'_, T>, at: u64| memory(&mut c).length(at))?
        .func_wrap(MODULE, "load_u8", |mut c: C<'_, T>, at: u64| {
            let [byte] = memory(&mut c).load(at);
            u32::from(byte)
        })?
        .func_wrap(MODULE, "load_u64", |mut c: C<'_, T>, at: u64| {
            u64::from_le_bytes(memory(&mut c).load(at))
        })?
        // Truncates, as the parameter is a byte.
        .func_wrap(MODULE, "store_u8", |mut c: C<'_, T>, at: u64, byte: u32| {
            memory(&mut c).store(at, [byte as u8]);
        })?
        .func_wrap(MODULE, "store_u64", |mut c: C<'_, T>, at: u64, number: u64| {
            memory(&mut c).store(at, number.to_le_bytes());
        })?
        .func_wrap(MODULE, "input_offset", |mut c: C<'_, T>| memory(&mut c).input().0)?
        .func_wrap(MODULE, "input_length", |mut c: C<'_, T>| memory(&mut c).input().1)?
        .func_wrap(MODULE, "input_load_u8", |mut c: C<'_, T>, offset: u64| {
            let [byte] = memory(&mut c).load_input(offset);
            u32::from(byte)
        })?
        .func_wrap(MODULE, "input_load_u64", |mut c: C<'_, T>, offset: u64| {
            u64::from_le_bytes(memory(&mut c).load_input(offset))
        })?
        .func_wrap(MODULE, "output_set", |mut c: C<'_, T>, at: u64, len: u64| {
            memory(&mut c).set_output(at, len);
        })?
        .func_wrap(MODULE, "error_set", |mut c: C<'_, T>, at: u64| memory(&mut c).set_error(at))?
        .func_wrap(MODULE, "error_get", |mut c: C<'_, T>| memory(&mut c).error_address())?
        .func_wrap(MODULE, "memory_bytes", |mut c: C<'_, T>| memory(&mut c).used())?
        .func_wrap(MODULE, "reset", |mut c: C<'_, T>| memory(&mut c).reset())?
        .func_wrap(MODULE, "var_get", |mut c: C<'_, T>, name: u64| memory(&mut c).variable(name))?
        .func_wrap(MODULE, "var_set", |mut c: C<'_, T>, name: u64, value: u64| {
            memory(&mut c).set_variable(name, value).map_err(wasmtime::Error::from)
        })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends with a panic")]

    use super::*;
    use crate::exchange::Exchange;
    use crate::interface::ExternType;
    use wasmtime::{Engine, Store};

    struct Data(Exchange);

    impl GuestExchange for Data {
        fn exchange(&mut self) -> &mut Exchange {
            &mut self.0
        }
    }

    #[test]
    fn the_functions_are_those_that_are_listed() {
        let engine = Engine::default();
        let mut linker = Linker::<Data>::new(&engine);
        add_extism_to_linker(&mut linker).unwrap();
        let mut store = Store::new(&engine, Data(Exchange::default()));
        let listed: Vec<(&str, String)> =
            EXTISM_FUNCTIONS.iter().map(|(name, ty)| (*name, (*ty).to_owned())).collect();
        let mut defined: Vec<(String, String)> = linker
            .iter(&mut store)
            .map(|(_, name, item)| (name.to_owned(), item))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(name, item)| (name, ExternType::from(&item.ty(&store)).to_string()))
            .collect();
        defined.sort_unstable();
        let mut expected: Vec<(String, String)> =
            listed.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
        expected.sort_unstable();
        assert_eq!(defined, expected);
    }
}
