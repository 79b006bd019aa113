//! Time, streams and terminals of components.

use super::runtime;
use crate::wasi::{Capture, ManualClock, ScaledClock, Terminal, TerminalSize, Wasi, pipe};
use crate::{DynamicAsset, Error, Result, Session};
use std::time::{Duration, Instant};
use wasmtime::component::{Component, Instance};

const TEXT: &str = r#"(component
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
        (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
        (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $own (eq $outer)))
        (export "now" (func (result u64)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
    (import "wasi:cli/terminal-output@0.2.0" (instance $output
        (export "terminal-output" (type $terminal (sub resource)))))
    (alias export $output "terminal-output" (type $terminal))
    (import "wasi:cli/terminal-stdout@0.2.0" (instance $stdout
        (alias outer 1 $terminal (type $outer))
        (export "terminal-output" (type $own (eq $outer)))
        (export "get-terminal-stdout" (func (result (option (own $own)))))))
    (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
    (alias export $errors "error" (type $error))
    (import "wasi:io/streams@0.2.0" (instance $streams
        (export "input-stream" (type $input (sub resource)))
        (alias outer 1 $error (type $outer))
        (export "error" (type $own (eq $outer)))
        (type $variant (variant (case "last-operation-failed" (own $own)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $variant)))
        (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input))
            (param "len" u64) (result (result (list u8) (error $stream-error)))))))
    (alias export $streams "input-stream" (type $input))
    (import "wasi:cli/stdin@0.2.0" (instance $stdin
        (alias outer 1 $input (type $outer))
        (export "input-stream" (type $own (eq $outer)))
        (export "get-stdin" (func (result (own $own))))))
    (core module $memory
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
    (core instance $memory (instantiate $memory))
    (core func $now (canon lower (func $clock "now")))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $ready (canon lower (func $poll "[method]pollable.ready")))
    (core func $all (canon lower (func $poll "poll")
        (memory $memory "memory") (realloc (func $memory "realloc"))))
    (core func $drop (canon resource.drop $pollable))
    (core func $stdout (canon lower (func $stdout "get-terminal-stdout") (memory $memory "memory")))
    (core func $stdin (canon lower (func $stdin "get-stdin")))
    (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
        (memory $memory "memory") (realloc (func $memory "realloc"))))
    (core module $module
        (import "host" "now" (func $now (result i64)))
        (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "host" "block" (func $block (param i32)))
        (import "host" "ready" (func $ready (param i32) (result i32)))
        (import "host" "poll" (func $poll (param i32 i32 i32)))
        (import "host" "drop" (func $drop (param i32)))
        (import "host" "stdout" (func $stdout (param i32)))
        (import "host" "stdin" (func $stdin (result i32)))
        (import "host" "read" (func $read (param i32 i64 i32)))
        (import "memory" "memory" (memory 1))
        (func (export "sleep") (param i64) (result i64) (local i32)
            (local.set 1 (call $subscribe (local.get 0)))
            (call $block (local.get 1))
            (call $drop (local.get 1))
            (call $now))
        ;; Polls until it is ready.
        (func (export "spin") (param i64) (result i64) (local i32)
            (local.set 1 (call $subscribe (local.get 0)))
            (loop (br_if 0 (i32.eqz (call $ready (local.get 1)))))
            (call $drop (local.get 1))
            (call $now))
        ;; 10 x the number of those that are ready + the first of them.
        (func (export "first") (param i64 i64) (result i64)
            (i32.store (i32.const 0) (call $subscribe (local.get 0)))
            (i32.store (i32.const 4) (call $subscribe (local.get 1)))
            (call $poll (i32.const 0) (i32.const 2) (i32.const 16))
            (call $drop (i32.load (i32.const 0)))
            (call $drop (i32.load (i32.const 4)))
            (i64.extend_i32_u (i32.add
                (i32.mul (i32.load (i32.const 20)) (i32.const 10))
                (i32.load (i32.load (i32.const 16))))))
        ;; The number of bytes, or 1,000 + the case of the error.
        (func (export "read") (param i64) (result i64)
            (call $read (call $stdin) (local.get 0) (i32.const 48))
            (if (result i64) (i32.load8_u (i32.const 48))
                (then (i64.add (i64.const 1000) (i64.load8_u (i32.const 52))))
                (else (i64.load32_u (i32.const 56)))))
        (func (export "is-terminal") (param i64) (result i64)
            (call $stdout (i32.const 32))
            (i64.extend_i32_u (i32.load8_u (i32.const 32)))))
    (core instance $guest (instantiate $module
        (with "memory" (instance $memory))
        (with "host" (instance
            (export "now" (func $now))
            (export "subscribe" (func $subscribe))
            (export "block" (func $block))
            (export "ready" (func $ready))
            (export "poll" (func $all))
            (export "drop" (func $drop))
            (export "stdout" (func $stdout))
            (export "stdin" (func $stdin))
            (export "read" (func $read))))))
    (func (export "sleep") (param "nanos" u64) (result u64) (canon lift (core func $guest "sleep")))
    (func (export "spin") (param "nanos" u64) (result u64) (canon lift (core func $guest "spin")))
    (func (export "first") (param "a" u64) (param "b" u64) (result u64)
        (canon lift (core func $guest "first")))
    (func (export "read") (param "len" u64) (result u64) (canon lift (core func $guest "read")))
    (func (export "is-terminal") (param "a" u64) (result u64)
        (canon lift (core func $guest "is-terminal"))))"#;

struct Guest(Session<(), Instance>);

impl Guest {
    fn new(wasi: &Wasi) -> Self {
        let asset = DynamicAsset::<Component>::component("guest", TEXT);
        let component = runtime().load_dynamic(&asset).unwrap();
        let link = |linker: &mut _, store: &mut _| wasi.link_component(linker, store);
        Self(Session::of(&component, (), link).unwrap())
    }

    fn call(&mut self, name: &str, nanos: u64) -> Result<u64> {
        self.0.call(|instance, store| {
            let func = instance.get_typed_func::<(u64,), (u64,)>(&mut *store, name)?;
            Ok(func.call(store, (nanos,))?.0)
        })
    }

    fn first(&mut self, a: u64, b: u64) -> u64 {
        let first = self.0.call(|instance, store| {
            let func = instance.get_typed_func::<(u64, u64), (u64,)>(&mut *store, "first")?;
            Ok(func.call(store, (a, b))?.0)
        });
        first.unwrap()
    }
}

#[test]
fn components_wait_on_a_manual_clock_for_the_first_time() {
    let clock = ManualClock::new(Duration::ZERO);
    let mut guest = Guest::new(&Wasi::new().clock(&clock));
    assert_eq!(guest.call("sleep", 5).unwrap(), 5);
    assert_eq!(guest.first(7, 3), 11, "one is ready, the second");
    assert_eq!(clock.elapsed(), Duration::from_nanos(8));
    assert_eq!(guest.first(4, 4) / 10, 2, "both are ready");
    assert_eq!(guest.call("spin", 3_600_000_000_000).unwrap(), 3_600_000_000_012);
}

#[test]
fn components_wait_on_a_scaled_clock() {
    let mut guest = Guest::new(&Wasi::new().clock(&ScaledClock::new(1e6)));
    let begun = Instant::now();
    assert!(guest.call("sleep", 20_000_000_000_000).unwrap() >= 20_000_000_000_000);
    let passed = begun.elapsed();
    assert!(passed < Duration::from_secs(1000), "{passed:?}");
}

#[test]
fn waits_of_components_end_with_the_limit() {
    let mut guest = Guest::new(&Wasi::new());
    guest.0.set_time_limit(Some(Duration::from_millis(30))).unwrap();
    let error = guest.call("sleep", 3_600_000_000_000).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

#[test]
fn reading_an_empty_pipe_ends_with_the_limit() {
    const CLOSED: u64 = 1001;
    let (writer, reader) = pipe(8);
    let wasi = Wasi::new().stdin(reader);
    let mut guest = Guest::new(&wasi);
    guest.0.set_time_limit(Some(Duration::from_millis(30))).unwrap();
    let error = guest.call("read", 4).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    drop(writer);
    assert_eq!(Guest::new(&wasi).call("read", 4).unwrap(), CLOSED);
}

#[test]
fn components_see_a_terminal() {
    let screen = Capture::new();
    assert_eq!(Guest::new(&Wasi::new().stdout(screen)).call("is-terminal", 0).unwrap(), 0);
    let terminal = Terminal::new(TerminalSize { columns: 80, lines: 24 }, |_| {});
    assert_eq!(Guest::new(&Wasi::new().terminal(&terminal)).call("is-terminal", 0).unwrap(), 1);
}
