//! Guests of WASI preview 1.

use super::*;
use crate::vfs::Files;
use crate::wasi::{Capture, Wasi};

/// Reads arguments, clocks, randomness and a file, waits, and writes what it found.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 16) "hello.txt")
    (func (export "_start") (local $fd i32)
        (drop (call $args_sizes (i32.const 1000) (i32.const 1004)))
        (drop (call $args (i32.const 1008) (i32.const 1100)))
        (drop (call $environ (i32.const 1200) (i32.const 1300)))
        (drop (call $time (i32.const 0) (i64.const 1) (i32.const 1400)))
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 1408)))
        (drop (call $random (i32.const 1500) (i32.const 40)))
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 0)
            (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 1600)))
        (local.set $fd (i32.load (i32.const 1600)))
        (drop (call $stat (local.get $fd) (i32.const 1704)))
        ;; Two buffers: 4 bytes at 2000, 100 bytes at 2100.
        (i32.store (i32.const 1800) (i32.const 2000))
        (i32.store (i32.const 1804) (i32.const 4))
        (i32.store (i32.const 1808) (i32.const 2100))
        (i32.store (i32.const 1812) (i32.const 100))
        (drop (call $read (local.get $fd) (i32.const 1800) (i32.const 2) (i32.const 1820)))
        (drop (call $read (local.get $fd) (i32.const 1808) (i32.const 1) (i32.const 1824)))
        (drop (call $seek (local.get $fd) (i64.const -3) (i32.const 2) (i32.const 1840)))
        (drop (call $readdir (i32.const 3) (i32.const 3000) (i32.const 200) (i64.const 0) (i32.const 1848)))
        (drop (call $read (i32.const 77) (i32.const 1800) (i32.const 2) (i32.const 1820)))
        (drop (call $close (local.get $fd)))
        ;; A sleep of 1 ms.
        (i32.store (i32.const 4016) (i32.const 1))
        (i64.store (i32.const 4024) (i64.const 1000000))
        (drop (call $poll (i32.const 4000) (i32.const 4104) (i32.const 1) (i32.const 4200)))
        (drop (call $yield))
        ;; All that was found.
        (i32.store (i32.const 900) (i32.const 1000))
        (i32.store (i32.const 904) (i32.const 3300))
        (drop (call $write (i32.const 1) (i32.const 900) (i32.const 1) (i32.const 908)))
        (call $exit (i32.const 7))))"#;

#[test]
fn clocks_randomness_arguments_and_files_come_from_the_recording() {
    let recorder = Recorder::new();
    let run = || {
        let mut files = Files::new();
        files.write("hello.txt", "hello, recorded world").unwrap();
        let output = Capture::new();
        let wasi = Wasi::new().args(["guest", "", "third"]).env("KEY", "value").files(&files, "/");
        let wasi = wasi.stdout(output.clone());
        let loaded = load(PROGRAM);
        let loaded = loaded.with_runtime(&loaded.runtime().with_recorder(&recorder));
        let session = Session::of(&loaded, (), |linker, store| wasi.link(linker, store)).unwrap();
        let (exit, ()) = session.run().unwrap();
        assert_eq!(exit.code(), 7);
        output.bytes()
    };
    let (first, second) = (run(), run());
    assert_eq!((first.len(), second.len()), (3300, 3300));
    assert_ne!(first, second, "time and randomness differ");
    assert!(first.windows(5).any(|part| part == b"third"));
    let recordings = recorder.take();
    assert_eq!(recordings.len(), 2);
    for recording in &recordings {
        // The output is compared by its digest: all bytes are as they were.
        let report = replay_everywhere(PROGRAM, recording);
        assert_eq!((report.calls, report.imports), (1, 18));
        assert!(recording.as_bytes().len() < 2000, "{}", recording.as_bytes().len());
    }
    let text = recordings[0].to_string();
    assert!(
        text.contains(r#"path_open(3, 0, 16, 9, 0, 536870911, 0, 0, 1600) "hello.txt""#),
        "{text}"
    );
    assert!(text.contains("exit with code 7"), "{text}");
}

/// Reads a file into 1500 buffers of one byte each, every second byte of the memory.
const SCATTER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "data")
    (func (export "scatter") (result i32) (local $index i32)
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
            (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 32)))
        (loop $more
            (i32.store offset=8192 (i32.shl (local.get $index) (i32.const 3))
                (i32.add (i32.const 40000) (i32.shl (local.get $index) (i32.const 1))))
            (i32.store offset=8196 (i32.shl (local.get $index) (i32.const 3)) (i32.const 1))
            (local.set $index (i32.add (local.get $index) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $index) (i32.const 1500))))
        (drop (call $read (i32.load (i32.const 32)) (i32.const 8192) (i32.const 1500) (i32.const 36)))
        (i32.load (i32.const 36))))"#;

#[test]
fn a_call_that_fills_many_buffers_is_recorded() {
    let mut files = Files::new();
    files.write("data", vec![7_u8; 2000]).unwrap();
    let wasi = Wasi::new().files(&files, "/");
    let loaded = load(SCATTER);
    let loaded = loaded.with_runtime(&loaded.runtime().with_recorder(&Recorder::new()));
    let session = Session::of(&loaded, (), |linker, store| wasi.link(linker, store));
    let mut session = session.unwrap();
    assert_eq!(session.call_func::<(), i32>("scatter", ()).unwrap(), 1500);
    // The memory at the end is compared.
    assert_eq!(replay_everywhere(SCATTER, &session.recording().unwrap()).imports, 2);
}

/// Reads a file into two buffers, of which the first covers the list: the file tells where the second is.
const OVERLAPPING: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "data")
    (data (i32.const 64) "\40\00\00\00\10\00\00\00\00\10\00\00\04\00\00\00")
    (func (export "run") (result i32)
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0)
            (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 32)))
        (drop (call $read (i32.load (i32.const 32)) (i32.const 64) (i32.const 2) (i32.const 36)))
        (i32.load (i32.const 8192)))
    (func (export "args") (param i32 i32) (result i32) (call $args (local.get 0) (local.get 1))))"#;

fn overlapping(wasi: &Wasi) -> Session<(), Instance> {
    let loaded = load(OVERLAPPING);
    let loaded = loaded.with_runtime(&loaded.runtime().with_recorder(&Recorder::new()));
    Session::of(&loaded, (), |linker, store| wasi.link(linker, store)).unwrap()
}

#[test]
fn a_list_of_buffers_that_the_call_overwrites_is_recorded() {
    let mut files = Files::new();
    let list = [64_u32, 16, 8192, 4].map(u32::to_le_bytes).concat();
    files.write("data", [list, b"abcd".to_vec()].concat()).unwrap();
    let mut session = overlapping(&Wasi::new().files(&files, "/"));
    let read = session.call_func::<(), i32>("run", ()).unwrap();
    assert_eq!(read.to_le_bytes(), *b"abcd");
    assert_eq!(replay_everywhere(OVERLAPPING, &session.recording().unwrap()).imports, 2);
}

#[test]
fn arguments_of_any_form_are_recorded() {
    let wasi = Wasi::new().args(["a\0b", "", "c"]).files(&Files::new(), "/");
    // Apart, one in the other, and beyond the memory.
    for (list, texts) in [(1000, 2000), (1000, 1002), (65_534, 0), (1000, 65_533)] {
        let mut session = overlapping(&wasi);
        let result = session.call_func::<_, i32>("args", (list, texts));
        let recording = match result {
            Ok(_) => session.recording().unwrap(),
            Err(error) => error.recording().unwrap().clone(),
        };
        assert_eq!(replay_everywhere(OVERLAPPING, &recording).imports, 1);
    }
}
