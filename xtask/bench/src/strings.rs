//! What text takes through a signature, against the pointer code that one would write by hand.

use crate::Result;
use crate::assets::strings::Strings;
use crate::measure::{fastest_of, time};
use crate::side::runtime;
use std::ffi::CStr;
use std::hint::black_box;
use wasmtime::{Error, Instance, Linker, Memory, Store, TypedFunc};

const TURNS: u32 = 2_000;
const CALLS: u32 = 2_000;
const TEXT: &str = "forty characters of text, more or less ü";

/// Text to the guest and back: copied in, copied out, everything freed.
pub(crate) fn roundtrip() -> Result<f64> {
    let runtime = runtime()?;
    let module = Strings::load(&runtime)?;
    let linker = Linker::new(runtime.engine());
    let mut store = Store::new(runtime.engine(), ());
    let strings = Strings::instantiate(&mut store, &linker, &module)?;
    let mut other_store = Store::new(runtime.engine(), ());
    let other = linker.instantiate(&mut other_store, module.module())?;
    let by_hand = ByHand::new(other, &mut other_store)?;
    let ours = || batch(|text| strings.echo(&mut store, text));
    let theirs = || batch(|text| by_hand.echo(&mut other_store, text));
    Ok(fastest_of(TURNS, ours, theirs)?.ratio())
}

#[inline(never)]
fn batch(mut echo: impl FnMut(&str) -> wasmtime::Result<String>) -> Result<std::time::Duration> {
    time(|| {
        for _ in 0..CALLS {
            let text = echo(black_box(TEXT))?;
            debug_assert_eq!(text, TEXT);
            black_box(text);
        }
        Ok(())
    })
}

/// Everything looked up before.
struct ByHand {
    memory: Memory,
    malloc: TypedFunc<(i32,), i32>,
    free: TypedFunc<(i32,), ()>,
    echo: TypedFunc<(i32, i32), i32>,
}

impl ByHand {
    fn new(instance: Instance, mut store: &mut Store<()>) -> Result<Self> {
        let memory = instance.get_memory(&mut store, "memory");
        Ok(Self {
            memory: memory.ok_or("the module is not as expected")?,
            malloc: instance.get_typed_func(&mut store, "malloc")?,
            free: instance.get_typed_func(&mut store, "free")?,
            echo: instance.get_typed_func(&mut store, "echo")?,
        })
    }

    fn echo(&self, store: &mut Store<()>, text: &str) -> wasmtime::Result<String> {
        let len = i32::try_from(text.len())?;
        let pointer = self.malloc.call(&mut *store, (len,))?;
        if pointer == 0 {
            return Err(Error::msg("out of memory"));
        }
        self.memory.write(&mut *store, pointer.cast_unsigned() as usize, text.as_bytes())?;
        let result = self.echo.call(&mut *store, (pointer, len))?;
        let bytes = self.memory.data(&*store).get(result.cast_unsigned() as usize..);
        let bytes = bytes.ok_or_else(|| Error::msg("a pointer that leads nowhere"))?;
        let text = CStr::from_bytes_until_nul(bytes)?.to_str()?.to_owned();
        self.free.call(&mut *store, (result,))?;
        self.free.call(store, (pointer,))?;
        Ok(text)
    }
}
