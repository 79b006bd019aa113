//! A component that uses virtual files by WASI 0.2.

use crate::vfs::{Files, FilesError};
use crate::wasi::Wasi;
use crate::{DynamicAsset, EngineConfig, Runtime, Session};
use std::env;

const GUEST: &str = include_str!("guest.wat");

/// Returns the files that the guest left in the session.
fn check(files: Option<Files>) -> Result<(), FilesError> {
    let files = files.expect("the mounted files");
    assert_eq!(files.read("hello.txt")?, b"hello");
    assert_eq!(files.read("d/again")?, b"hello");
    assert_eq!(files.stat("d/again")?, files.stat("hello.txt")?);
    Ok(())
}

#[test]
fn a_component_uses_files() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let guest = runtime.load_dynamic(&DynamicAsset::component("guest", GUEST)).unwrap();
    let files = Files::new();
    // A real folder beside them: calls for it are Wasmtime's.
    let wasi = Wasi::new().preopened_dir(env::temp_dir(), "/tmp").files(&files, "/");
    let mut session =
        Session::of(&guest, (), |linker, store| wasi.link_component(linker, store)).unwrap();
    let step = session.call(|instance, store| {
        instance.get_typed_func::<(), (u32,)>(&mut *store, "run")?.call(store, ())
    });
    assert_eq!(step.unwrap(), (0,));
    check(session.store_mut().data_mut().wasi().files("/")).unwrap();
    assert!(files.entries().is_empty(), "each session has its own");
}

#[cfg(feature = "async")]
#[test]
fn an_async_call_uses_files() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let guest = runtime.load_dynamic(&DynamicAsset::component("guest", GUEST)).unwrap();
    let wasi = Wasi::new().files(&Files::new(), "/");
    wasmtime_wasi::runtime::in_tokio(async {
        let linked =
            Session::of_async(&guest, (), |linker, store| wasi.link_component_async(linker, store));
        let mut session = linked.await.unwrap();
        let call = session.call_async(async |instance, store| {
            let run = instance.get_typed_func::<(), (u32,)>(&mut *store, "run")?;
            run.call_async(store, ()).await
        });
        assert_eq!(call.await.unwrap(), (0,));
        check(session.store_mut().data_mut().wasi().files("/")).unwrap();
    });
}
