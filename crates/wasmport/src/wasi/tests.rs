//! Tests that Wasmtime links the interfaces of WASI that are known.

use crate::interface::component::PREVIEW_2;
use crate::interface::{Preview, preview};
use crate::{EngineConfig, Runtime};

#[test]
fn the_interfaces_are_those_of_wasmtime() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let mut linker =
        wasmtime::component::Linker::<wasmtime_wasi::p1::WasiP1Ctx>::new(runtime.engine());
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
    // A name that is linked cannot be defined again.
    let mut is_linked = |interface: &str| {
        (0..20).any(|patch| {
            let import = format!("wasi:{interface}@0.2.{patch}");
            linker.root().func_new(&import, |_, _, _, _| Ok(())).is_err()
        })
    };
    for (package, interfaces) in PREVIEW_2 {
        for interface in *interfaces {
            let interface = format!("{package}/{interface}");
            assert!(is_linked(&interface), "{interface}");
            let name = format!("wasi:{interface}@0.2.0");
            assert_eq!(preview(&name), Some(Preview::Two), "{interface}");
        }
    }
    assert!(!is_linked("http/types"));
}
