//! Imports of modules that do nothing.

use super::linking::Linking;
use crate::interface::{ExternType, overload_name};
use std::collections::HashMap;
use wasmtime::error::Context as _;
use wasmtime::{Error, Extern, Func, Linker, Module, Result, Store};

/// Defines all imports of a module, which may import a name at several types.
///
/// # Errors
///
/// Fails if an import has no such value: a reference that cannot be null.
pub(super) fn define<T: 'static>(
    module: &Module,
    linker: &mut Linker<T>,
    store: &mut Store<T>,
    is_zero: bool,
) -> Result<Linking> {
    let mut linking = Linking::default();
    // The definition of each import, by its type too.
    let mut names: HashMap<(&str, &str), HashMap<String, String>> = HashMap::new();
    for (index, import) in module.imports().enumerate() {
        let (from, name) = (import.module(), import.name());
        let ty = ExternType::from(&import.ty()).to_string();
        let names = names.entry((from, name)).or_default();
        let own = match names.get(&ty) {
            Some(own) => own.clone(),
            None => {
                let own = match names.len() {
                    0 => name.to_owned(),
                    more => format!("{} {more}", overload_name(name, &ty)),
                };
                let stub = stub(store, from, name, &import.ty(), is_zero)?;
                let _ = linker.define(&*store, from, &own, stub)?;
                let _ = names.insert(ty, own.clone());
                own
            }
        };
        if own != name {
            linking.add(index, from, own);
        }
    }
    Ok(linking)
}

fn stub<T: 'static>(
    store: &mut Store<T>,
    module: &str,
    name: &str,
    ty: &wasmtime::ExternType,
    is_zero: bool,
) -> Result<Extern> {
    if let (wasmtime::ExternType::Func(ty), false) = (ty, is_zero) {
        let message =
            format!("the import {module:?} {name:?} is not there: the session is stubbed");
        let trap = move |_: wasmtime::Caller<'_, T>, _: &[_], _: &mut [_]| {
            Err(Error::msg(message.clone()))
        };
        return Ok(Func::new(store, ty.clone(), trap).into());
    }
    let value = ty.default_value(store);
    value.with_context(|| {
        format!("the import {module:?} {name:?} has no value that is zero or null")
    })
}
