//! Virtual files in snapshots.

use crate::vfs::{FileLimits, Files, SharedFiles};
use crate::wasi::Wasi;
use crate::{
    DynamicAsset, EngineConfig, Error, LoadedModule, Runtime, Session, Snapshot, SnapshotError,
};

const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (export "wasmport:memory:0" (memory 0))
    (global (export "wasmport:snapshot:0000000000000000000000000000000000000000000000000000000000000000") i32 (i32.const 1))
    (data (i32.const 0) "\40\00\00\00\01\00\00\00")
    (data (i32.const 80) "file")
    ;; Writes a character to the file of a mount, and leaves it open.
    (func (export "put") (param $mount i32) (param $character i32) (result i32)
        (i32.store8 (i32.const 64) (local.get $character))
        (if (result i32)
            (call $open (local.get $mount) (i32.const 0) (i32.const 80) (i32.const 4) (i32.const 9)
                (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 16))
            (then (i32.const 100))
            (else (call $write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 24))))))"#;

fn start(loaded: &LoadedModule, wasi: &Wasi) -> crate::Result<Session<()>> {
    Session::of(loaded, (), |linker, store| wasi.link(linker, store))
}

fn files(session: &mut Session<()>, path: &str) -> Files {
    session.store_mut().data_mut().wasi().files(path).unwrap()
}

fn put(session: &mut Session<()>, mount: i32, character: char) {
    assert_eq!(session.call_func::<_, i32>("put", (mount, character as i32)).unwrap(), 0);
}

#[test]
fn sessions_begin_with_the_files_of_the_snapshot() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let loaded = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    let mut own = Files::new();
    own.write("large", vec![5; 10_000]).unwrap().symlink("link", "large").unwrap();
    let shared = SharedFiles::new(&Files::new());
    let wasi = Wasi::new().files(&own, "/data").shared_files(&shared, "/shared");

    let mut first = start(&loaded, &wasi).unwrap();
    put(&mut first, 3, '1');
    put(&mut first, 4, 's');
    let snapshot = first.snapshot().unwrap();
    let saved = files(&mut first, "/data").entries();
    put(&mut first, 3, '2');
    put(&mut first, 4, 't');

    for snapshot in [snapshot.clone(), Snapshot::from_bytes(&snapshot.to_bytes().unwrap()).unwrap()]
    {
        let warm = loaded.with_runtime(&runtime.with_snapshot(&snapshot));
        let mut second = start(&warm, &wasi).unwrap();
        let data = files(&mut second, "/data");
        assert_eq!(
            (data.read("file").unwrap(), data.read("link").unwrap()),
            (b"1".to_vec(), vec![5; 10_000])
        );
        assert_eq!(data.entries(), saved);
        assert_eq!(shared.files().read("file").unwrap(), b"t", "others use the shared files");
        put(&mut second, 3, '3');
        assert_eq!(files(&mut second, "/data").read("file").unwrap(), b"3");
        assert_eq!(files(&mut first, "/data").read("file").unwrap(), b"2");
        assert_eq!(files(&mut start(&warm, &wasi).unwrap(), "/data").read("file").unwrap(), b"1");

        let small = FileLimits { bytes: 5000, ..FileLimits::default() };
        for (wasi, is_expected) in [
            (
                Wasi::new(),
                (|e| matches!(e, SnapshotError::NoFiles { path } if path == "/data"))
                    as fn(&_) -> bool,
            ),
            (Wasi::new().shared_files(&shared, "/data"), |e| {
                matches!(e, SnapshotError::NoFiles { .. })
            }),
            (Wasi::new().files(&Files::with_limits(small), "/data"), |e| {
                matches!(e, SnapshotError::FileLimits { .. })
            }),
        ] {
            match start(&warm, &wasi).err() {
                Some(Error::Snapshot { source, .. }) if is_expected(&source) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn holes_and_links_to_nowhere_are_saved() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let loaded = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "absolute", "/usr/bin/python3").unwrap();
    let limits = FileLimits { bytes: u64::MAX, ..FileLimits::default() };
    let mut own = Files::from_tar(&archive.into_inner().unwrap()[..], limits).unwrap();
    own.write("large", "start").unwrap();
    // To look at each of its pages takes years.
    own.set_len("large", 1 << 60).unwrap();
    own.write_at("large", 1 << 59, b"middle").unwrap();
    let wasi = Wasi::new().files(&own, "/data");
    let snapshot = start(&loaded, &wasi).unwrap().snapshot().unwrap();
    let bytes = snapshot.to_bytes().unwrap();
    assert!(bytes.len() < 1000, "{} bytes", bytes.len());
    let snapshot = Snapshot::from_bytes(&bytes).unwrap();
    let warm = loaded.with_runtime(&runtime.with_snapshot(&snapshot));
    let restored = files(&mut start(&warm, &wasi).unwrap(), "/data");
    assert_eq!(restored.entries(), own.entries());
    let (mut middle, large) = ([0; 6], restored.stat("large").unwrap().inode);
    assert_eq!(restored.tree().read(large, 1 << 59, &mut middle), Ok(6));
    assert_eq!(&middle, b"middle");
    assert_eq!(restored.read_link("absolute").unwrap(), "/usr/bin/python3");
}

#[test]
fn two_mounts_at_one_path_are_restored_in_their_order() {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let loaded = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    let of = |text: &str| {
        let mut files = Files::new();
        files.write("file", text).unwrap();
        files
    };
    let wasi = |first, second| Wasi::new().files(&of(first), "/data").files(&of(second), "/data");
    let snapshot = start(&loaded, &wasi("a", "b")).unwrap().snapshot().unwrap();
    let warm = loaded.with_runtime(&runtime.with_snapshot(&snapshot));
    let mut session = start(&warm, &wasi("c", "d")).unwrap();
    let disks = session.store_mut().data_mut().wasi().disks();
    let read = |index: usize| disks[index].1.lock().files().read("file").unwrap();
    assert_eq!((read(0), read(1)), (b"a".to_vec(), b"b".to_vec()));
}
