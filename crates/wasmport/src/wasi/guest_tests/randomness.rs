//! Sources of randomness.

use super::Guest;
use crate::wasi::{Random, Wasi};
use crate::{DynamicAsset, Session};

/// Counts from zero.
#[derive(Clone, Default)]
struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

fn random(guest: &mut Guest, len: u32) -> Vec<u8> {
    let errno: i32 = guest.0.call_func("random_get", (1024, len as i32)).unwrap();
    assert_eq!(errno, 0);
    guest.bytes(1024, len)
}

#[test]
fn each_session_has_a_clone_of_a_source() {
    let wasi = Wasi::new().random(Counting(100));
    for _ in 0..2 {
        let mut guest = Guest::new(&wasi);
        assert_eq!(random(&mut guest, 3), [116, 117, 118], "after the seed of 16 bytes");
        assert_eq!(random(&mut guest, 2), [119, 120]);
    }
}

#[test]
fn each_module_of_a_store_has_its_own_memory() {
    let runtime = super::runtime();
    let wasi = Wasi::new().random(Counting(100));
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", super::text())).unwrap();
    let session = Session::of(&module, (), |linker, store| wasi.link(linker, store));
    let mut guest = Guest(session.unwrap());
    let text = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "random") (result i32) (call $random (i32.const 1024) (i32.const 3))))"#;
    let second = runtime.load_dynamic(&DynamicAsset::new("second", text)).unwrap();
    let other = guest.0.call(|_, store| {
        let mut linker = wasmtime::Linker::new(store.engine());
        Wasi::new().add_to_linker(&mut linker, crate::SessionData::wasi)?;
        let instance = linker.instantiate(&mut *store, second.code())?;
        let func = instance.get_typed_func::<(), i32>(&mut *store, "random")?;
        assert_eq!(func.call(&mut *store, ())?, 0);
        let memory = instance.get_memory(&mut *store, "memory").unwrap();
        Ok(memory.data(&*store)[1024..1027].to_vec())
    });
    assert_eq!(other.unwrap(), [116, 117, 118]);
    assert_eq!(guest.bytes(1024, 3), [0; 3]);
    assert_eq!(random(&mut guest, 2), [119, 120]);
}

#[test]
fn a_seed_gives_the_same_and_the_system_does_not() {
    let seeded = |seed| random(&mut Guest::new(&Wasi::new().random_seed(seed)), 16);
    // The generator stays the same over versions.
    let seven = [0x00, 0xdd, 0xb3, 0x6a, 0xf2, 0x62, 0xb3, 0x5a];
    assert_eq!(seeded(7)[..8], seven);
    assert_ne!(seeded(7), seeded(8));
    let system = || random(&mut Guest::new(&Wasi::new()), 16);
    assert_ne!(system(), system());
}

#[test]
fn a_guest_cannot_read_more_than_the_limit_or_its_memory() {
    let mut guest = Guest::new(&Wasi::new());
    let error = guest.0.call_func::<_, i32>("random_get", (0, 65 << 20)).unwrap_err();
    assert!(error.to_string().contains("exceeds limit"), "{error}");
    let mut guest = Guest::new(&Wasi::new());
    assert!(guest.0.call_func::<_, i32>("random_get", (0, 2 << 20)).is_err());
}
