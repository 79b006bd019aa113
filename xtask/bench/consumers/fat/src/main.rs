//! The same with plain `wasmtime` and its default features: compiles the module and calls it.

use wasmtime::{Engine, Instance, Module, Result, Store};

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, include_bytes!("../../../../../fixtures/assets/calc.wat"))?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    println!("{}", add.call(&mut store, (20, 22))?);
    Ok(())
}
