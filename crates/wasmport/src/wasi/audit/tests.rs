//! Tests of audited guests: of preview 1, and of components.

use super::{AuditLog, AuditedCall, Capability, Denied, Verdict};
use crate::wasi::{ManualClock, Wasi};
use crate::{DynamicAsset, EngineConfig, Error, Runtime, Session};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Calls functions of preview 1 by a folder with the number 3: path at 64, other path at 128.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "file")
    (data (i32.const 128) "sub/other")
    ;; 16 bytes at 256.
    (data (i32.const 0) "\00\01\00\00\10\00\00\00")
    (func (export "open") (param $flags i32) (param $rights i64) (result i32)
        (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 16)))
    (func (export "open_at") (param $address i32) (param $len i32) (result i32)
        (call $open (i32.const 3) (i32.const 0) (local.get $address) (local.get $len) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (func (export "opened") (result i32) (i32.load (i32.const 16)))
    (func (export "read") (param $fd i32) (result i32)
        (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 20)))
    (func (export "write") (param $fd i32) (result i32)
        (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 20)))
    (func (export "close") (param $fd i32) (result i32) (call $close (local.get $fd)))
    (func (export "renumber") (param $from i32) (param $to i32) (result i32) (call $renumber (local.get $from) (local.get $to)))
    (func (export "rename") (result i32)
        (call $rename (i32.const 3) (i32.const 64) (i32.const 4) (i32.const 3) (i32.const 128) (i32.const 9)))
    (func (export "random") (result i32) (call $random (i32.const 256) (i32.const 8)))
    (func (export "time") (param $clock i32) (result i32) (call $time (local.get $clock) (i64.const 0) (i32.const 256)))
    (func (export "environ") (result i32) (call $environ (i32.const 256) (i32.const 260)))
    ;; Sleeps for a second.
    (func (export "sleep") (result i32)
        (memory.fill (i32.const 512) (i32.const 0) (i32.const 48))
        (i32.store (i32.const 528) (i32.const 1))
        (i64.store (i32.const 536) (i64.const 1000000000))
        (call $poll (i32.const 512) (i32.const 600) (i32.const 1) (i32.const 640)))
    (func (export "yield") (result i32) (call $yield))
    (func (export "shutdown") (result i32) (call $shutdown (i32.const 3) (i32.const 0)))
    (func (export "exit") (call $exit (i32.const 7))))"#;

const NOTCAPABLE: i32 = 76;

/// The calls that a hook has seen, as text.
type Seen = Arc<Mutex<Vec<String>>>;

/// A system with a folder, whose calls the hook denies if `denies` says so.
fn audited(denies: impl Fn(&AuditedCall<'_>) -> bool + Send + Sync + 'static) -> (Wasi, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let wasi = Wasi::new().env("A", "b").clock(&ManualClock::new(Duration::ZERO));
    let wasi = wasi.audit(move |call| {
        let writes = if call.writes { " writes" } else { "" };
        let text = call.to_string().replace("wasi_snapshot_preview1#", "");
        noted.lock().unwrap().push(format!("{}: {text}{writes}", call.capability));
        if denies(call) { Verdict::Deny } else { Verdict::Log }
    });
    #[cfg(feature = "vfs")]
    let wasi = {
        let mut files = crate::vfs::Files::new();
        files.write("file", "text").unwrap().create_dir_all("sub").unwrap();
        wasi.files(&files, "/data")
    };
    (wasi, seen)
}

fn guest(wasi: &Wasi) -> Session<()> {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    Session::of(&module, (), |linker, store| wasi.link(linker, store)).unwrap()
}

fn call(guest: &mut Session<()>, name: &str) -> i32 {
    guest.call_func::<(), i32>(name, ()).unwrap()
}

fn call_1(guest: &mut Session<()>, name: &str, argument: i32) -> i32 {
    guest.call_func::<i32, i32>(name, argument).unwrap()
}

fn take(seen: &Seen) -> Vec<String> {
    std::mem::take(&mut seen.lock().unwrap())
}

#[cfg(feature = "vfs")]
#[test]
fn each_call_of_preview_1_is_seen_with_its_subject() {
    let (wasi, seen) = audited(|_| false);
    let mut guest = guest(&wasi);
    let open = |guest: &mut Session<()>, flags: i32, rights: i64| {
        guest.call_func::<(i32, i64), i32>("open", (flags, rights)).unwrap()
    };
    assert_eq!(open(&mut guest, 0, 2), 0);
    let fd = call(&mut guest, "opened");
    assert_eq!(call_1(&mut guest, "read", fd), 0);
    assert_eq!(open(&mut guest, 1, 2), 0);
    assert_eq!(open(&mut guest, 0, 2 | 64), 0);
    let other = call(&mut guest, "opened");
    assert_eq!(call_1(&mut guest, "write", other), 0);
    assert_eq!(guest.call_func::<(i32, i32), i32>("renumber", (other, fd)).unwrap(), 0);
    assert_eq!(call_1(&mut guest, "close", fd), 0);
    assert_ne!(call_1(&mut guest, "read", fd), 0);
    assert_eq!(call(&mut guest, "rename"), 0);
    let files = [
        "files: path_open `/data/file`",
        "files: fd_read `/data/file`",
        "files: path_open `/data/file` writes",
        "files: path_open `/data/file` writes",
        "files: fd_write `/data/file` writes",
        "files: fd_renumber `/data/file`",
        "files: fd_close `/data/file`",
        "files: fd_read",
        "files: path_rename `/data/file` `/data/sub/other` writes",
    ];
    assert_eq!(take(&seen), files);
}

#[test]
fn all_parts_of_the_system_are_seen_and_can_be_denied() {
    let expected = [
        ("random", 0, "random: random_get"),
        ("environ", 0, "environment: environ_sizes_get"),
        ("sleep", 0, "clock: poll_oneoff"),
        ("yield", 0, "clock: sched_yield"),
    ];
    let (wasi, seen) = audited(|_| false);
    let mut allowed = guest(&wasi);
    let (wasi, denied_seen) = audited(|_| true);
    let mut denied = guest(&wasi);
    for (name, errno, text) in expected {
        assert_eq!(call(&mut allowed, name), errno, "{name}");
        assert_eq!(take(&seen), [text]);
        assert_eq!(call(&mut denied, name), NOTCAPABLE, "{name}");
        assert_eq!(take(&denied_seen), [text]);
    }
    for (name, argument, text) in [
        ("time", 0, "clock: clock_time_get `realtime`"),
        ("time", 1, "clock: clock_time_get `monotonic`"),
        ("read", 0, "streams: fd_read `stdin`"),
        ("write", 1, "streams: fd_write `stdout` writes"),
    ] {
        assert_eq!(call_1(&mut allowed, name, argument), 0, "{name}");
        assert_eq!(take(&seen), [text]);
        assert_eq!(call_1(&mut denied, name, argument), NOTCAPABLE, "{name}");
        assert_eq!(take(&denied_seen), [text]);
    }
    assert_ne!(call(&mut allowed, "shutdown"), NOTCAPABLE);
    assert_eq!(call(&mut denied, "shutdown"), NOTCAPABLE);
}

#[cfg(feature = "vfs")]
#[test]
fn denied_calls_change_nothing() {
    let (wasi, _) = audited(|call| call.writes);
    let mut guest = guest(&wasi);
    // Flags to create and truncate, with the right to write.
    let opened = guest.call_func::<(i32, i64), i32>("open", (1 | 8, 64)).unwrap();
    assert_eq!((opened, call(&mut guest, "rename")), (NOTCAPABLE, NOTCAPABLE));
    let files = guest.store_mut().data_mut().wasi().files("/data").unwrap();
    assert_eq!(files.read("file").unwrap(), b"text");
    assert!(!files.exists("sub/other"));
}

#[cfg(feature = "vfs")]
#[test]
fn paths_of_devices_are_below_their_folder() {
    let log = AuditLog::new();
    let mut guest = guest(&Wasi::new().devices().audit(log.hook()));
    assert_ne!(guest.call_func::<(i32, i64), i32>("open", (0, 2)).unwrap(), 0);
    let subjects: Vec<_> = log.entries().into_iter().filter_map(|entry| entry.subject).collect();
    assert_eq!(subjects, ["/dev/file"]);
}

#[test]
fn a_denied_exit_ends_the_guest_with_an_error() {
    let (wasi, _) = audited(|_| false);
    let exited = guest(&wasi).call_func::<(), ()>("exit", ()).unwrap_err();
    assert!(matches!(exited, Error::Exited { code: 7, .. }), "{exited:?}");
    let (wasi, _) = audited(|call| call.capability == Capability::Exit);
    let error = guest(&wasi).call_func::<(), ()>("exit", ()).unwrap_err();
    let denied = error.downcast_ref::<Denied>().unwrap();
    assert_eq!(denied.function, "proc_exit");
    assert!(error.to_string().contains("denied `wasi_snapshot_preview1#proc_exit`"), "{error}");
}

#[test]
fn contexts_without_an_audit_are_denied_everything() {
    let (wasi, seen) = audited(|_| false);
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    let mut guest = Session::of(&module, (), |linker, store| {
        store.data_mut().set_wasi(Wasi::new().build()?);
        wasi.add_to_linker(linker, crate::SessionData::wasi)
    })
    .unwrap();
    for name in ["random", "sleep", "environ"] {
        assert_eq!(call(&mut guest, name), NOTCAPABLE);
    }
    assert!(guest.call_func::<(), ()>("exit", ()).unwrap_err().downcast_ref::<Denied>().is_some());
    assert_eq!(take(&seen), [""; 0]);
}

#[cfg(feature = "vfs")]
#[test]
fn paths_that_are_not_valid_have_no_subject_and_fail() {
    let (wasi, seen) = audited(|_| false);
    let mut guest = guest(&wasi);
    let mut open_at =
        |address: i32, len: i32| guest.call_func::<(i32, i32), i32>("open_at", (address, len));
    // Out of bounds, which Wasmtime reports with an error or ends the guest for.
    assert!(!matches!(open_at(65535, 4), Ok(0)));
    assert!(take(&seen).iter().all(|call| call == "files: path_open"));
    // The error of preview 1 for names that are too long, without asking.
    let (wasi, seen) = audited(|_| false);
    let mut guest = self::guest(&wasi);
    assert_eq!(guest.call_func::<(i32, i32), i32>("open_at", (1024, 4097)).unwrap(), 37);
    assert_eq!(guest.call_func::<(i32, i32), i32>("open_at", (64, -1)).unwrap(), 37);
    assert_eq!(take(&seen), [""; 0]);
}

#[cfg(all(feature = "vfs", feature = "async"))]
#[test]
fn async_calls_of_preview_1_are_seen_too() {
    let (wasi, seen) = audited(|call| call.function == "random_get");
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", GUEST)).unwrap();
    wasmtime_wasi::runtime::in_tokio(async {
        let mut guest =
            Session::of_async(&module, (), |linker, store| wasi.link_async(linker, store))
                .await
                .unwrap();
        let opened = guest.call_func_async::<(i32, i64), i32>("open", (0, 2)).await.unwrap();
        let slept = guest.call_func_async::<(), i32>("sleep", ()).await.unwrap();
        let random = guest.call_func_async::<(), i32>("random", ()).await.unwrap();
        assert_eq!((opened, slept, random), (0, 0, NOTCAPABLE));
    });
    let calls = ["files: path_open `/data/file`", "clock: poll_oneoff", "random: random_get"];
    assert_eq!(take(&seen), calls);
}

#[cfg(feature = "vfs")]
#[test]
fn a_log_says_what_to_grant() {
    let log = AuditLog::new();
    let mut files = crate::vfs::Files::new();
    files.write("file", "text").unwrap().create_dir_all("sub").unwrap();
    let wasi = Wasi::new().files(&files, "/data").audit(log.hook());
    let mut guest = guest(&wasi);
    for _ in 0..2 {
        assert_eq!(guest.call_func::<(i32, i64), i32>("open", (0, 2)).unwrap(), 0);
    }
    assert_eq!(call(&mut guest, "rename"), 0);
    assert_eq!(call(&mut guest, "random"), 0);
    let text = "\
files
  path_open `/data/file`: 2 calls
  path_rename `/data/file` `/data/sub/other`: 1 call, writes
random
  random_get: 1 call
";
    assert_eq!(log.to_string(), text);
}

#[cfg(feature = "component-model")]
mod components {
    use super::*;
    use crate::wasi::VirtualNetwork;
    use wasmtime::component::{Component, ComponentNamedList, Instance, Lower};

    /// Asks for the environment, time, randomness and files, and exits.
    const COMPONENT: &str = include_str!("guest.wat");
    const PEER: &str = include_str!("../components/sockets/peer.wat");
    const SENDER: &str = include_str!("../components/sockets/sender.wat");

    fn guest(wasi: &Wasi, text: &str) -> Session<(), Instance> {
        let runtime = Runtime::new(&EngineConfig::new()).unwrap();
        let asset = DynamicAsset::<Component>::component("guest", text);
        let component = runtime.load_dynamic(&asset).unwrap();
        Session::of(&component, (), |linker, store| wasi.link_component(linker, store)).unwrap()
    }

    fn call<P>(guest: &mut Session<(), Instance>, name: &str, params: P) -> Result<u32, Error>
    where
        P: ComponentNamedList + Lower + Send + Sync,
    {
        guest.call(|instance, store| {
            let func = instance.get_typed_func::<P, (u32,)>(&mut *store, name)?;
            Ok(func.call(store, params)?.0)
        })
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the folder is of the test")]
    fn calls_are_seen_with_their_subjects() {
        let folder = tempfile::Builder::new().prefix("wasmport-audit-").tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join("file"), "text").unwrap();
        let (wasi, seen) = audited(|_| false);
        let mut guest = guest(&wasi.preopened_dir(folder, "/real"), COMPONENT);
        for name in ["environment", "time", "random", "open"] {
            assert_eq!(call(&mut guest, name, ()).unwrap(), 0, "{name}");
        }
        let calls = [
            "environment: wasi:cli/environment#get-arguments",
            "clock: wasi:clocks/monotonic-clock#now `monotonic`",
            "random: wasi:random/random#get-random-u64",
            "files: wasi:filesystem/preopens#get-directories",
            "files: wasi:filesystem/types#[method]descriptor.open-at `/real/file`",
            "files: wasi:filesystem/types#[method]descriptor.sync `/real/file`",
        ];
        assert_eq!(take(&seen), calls);
    }

    #[test]
    fn denied_calls_fail_with_the_error_of_wasi_or_end_the_guest() {
        for name in ["environment", "time", "random"] {
            let (wasi, _) = audited(|_| true);
            let error = call(&mut guest(&wasi, COMPONENT), name, ()).unwrap_err();
            assert!(error.downcast_ref::<Denied>().is_some(), "{name}: {error:?}");
        }
        let (wasi, _) = audited(|call| call.function.ends_with("open-at"));
        let folder = std::env::temp_dir();
        let mut opens = guest(&wasi.preopened_dir_read_write(&folder, "/real"), COMPONENT);
        // 100 + `not-permitted`.
        assert_eq!(call(&mut opens, "open", ()).unwrap(), 131);
        let (wasi, _) = audited(|call| call.function.ends_with("start-bind"));
        let mut binds = guest(&wasi.network(VirtualNetwork::new()), PEER);
        assert_eq!(call(&mut binds, "listen", (80_u32,)).unwrap(), 101, "access-denied");
    }

    #[test]
    fn sockets_and_their_streams_are_named_after_addresses() {
        let (wasi, seen) = audited(|call| call.subject == Some("127.0.0.1:81"));
        let wasi = wasi.network(VirtualNetwork::new());
        let (mut server, mut client) = (guest(&wasi, PEER), guest(&wasi, PEER));
        assert_eq!(call(&mut server, "listen", (80_u32,)).unwrap(), 0);
        assert!(take(&seen).contains(
            &"network: wasi:sockets/tcp#[method]tcp-socket.start-bind `0.0.0.0:80`".to_owned()
        ));
        assert_eq!(call(&mut client, "connect", (0_u32, 81_u32)).unwrap(), 101);
        assert_eq!(call(&mut client, "connect", (0_u32, 80_u32)).unwrap(), 0);
        assert_eq!(call(&mut client, "send", (1_u32,)).unwrap(), 0);
        let last = take(&seen).pop().unwrap();
        let write = "wasi:io/streams#[method]output-stream.blocking-write-and-flush";
        assert_eq!(last, format!("network: {write} `127.0.0.1:80` writes"));
    }

    #[test]
    fn each_datagram_is_seen_with_its_address() {
        let (wasi, seen) = audited(|call| call.subject == Some("127.0.0.1:81"));
        let mut sender = guest(&wasi.network(VirtualNetwork::new()), SENDER);
        assert_eq!(call(&mut sender, "bind", (9_u32,)).unwrap(), 0);
        assert_eq!(call(&mut sender, "stream", (0_u32,)).unwrap(), 0);
        assert_eq!(call(&mut sender, "send", (80_u32, 7_u32)).unwrap(), 0);
        let last = take(&seen).pop().unwrap();
        let send = "wasi:sockets/udp#[method]outgoing-datagram-stream.send";
        assert_eq!(last, format!("network: {send} `127.0.0.1:80` writes"));
        assert_eq!(call(&mut sender, "send", (81_u32, 7_u32)).unwrap(), 101, "access-denied");
    }

    #[cfg(feature = "wasi-p3")]
    #[test]
    fn a_linker_of_0_3_refuses_an_audit() {
        let (wasi, _) = audited(|_| false);
        let runtime = Runtime::new(&EngineConfig::new()).unwrap();
        let mut linker =
            wasmtime::component::Linker::<crate::SessionData<()>>::new(runtime.engine());
        let error = wasi.add_to_component_linker_p3(&mut linker).unwrap_err();
        assert!(error.to_string().contains("an audit does not see"), "{error}");
    }
}
