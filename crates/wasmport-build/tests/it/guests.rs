//! Guests that mean harm, compiled by the program: what they cannot outlast, take or run.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};
use wasmport::wasi::Wasi;
use wasmport::wasmtime::component::{Component, Instance as ComponentInstance};
use wasmport::wasmtime::{self, Caller, Instance, Trap};
use wasmport::{
    DynamicAsset, EngineConfig, Error, Group, Limits, Runtime, RuntimeOptions, Session, SessionData,
};
use wasmport_build::Target;

const SHORT: Duration = Duration::from_millis(50);
/// Longer than any call may take that has a limit.
const PATIENCE: Duration = Duration::from_secs(20);
const MIB: u64 = 1 << 20;

fn runtime_with(config: EngineConfig, change: impl FnOnce(&mut RuntimeOptions)) -> Runtime {
    let mut options = RuntimeOptions::default();
    change(&mut options);
    Runtime::builder(&config).options(options).build().unwrap()
}

fn timed(time: Duration) -> Runtime {
    let config = EngineConfig::new().epoch_interruption(true);
    runtime_with(config, |options| options.limits.time = Some(time))
}

fn interruptible() -> Runtime {
    runtime_with(EngineConfig::new().epoch_interruption(true), |_| {})
}

fn portable(options: &mut RuntimeOptions) {
    options.target = Some(Target::PORTABLE);
}

fn guest(runtime: &Runtime, text: &str) -> Session<u32> {
    let module = runtime.load_dynamic(&DynamicAsset::new("guest", text)).unwrap();
    Session::of(&module, 0, |_, _| Ok(())).unwrap()
}

fn is_timeout(error: &Error, time: Duration) -> bool {
    matches!(error, Error::TimedOut { limit, .. } if *limit == time)
}

/// Runs a test in a process of its own, where no other test allocates, and a crash is a failure.
fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "WASMPORT_TEST_ALONE";
    if env::var_os(ALONE).is_some_and(|own| own == *name) {
        return test();
    }
    let mut command = Command::new(env::current_exe().unwrap());
    let name_in_file = format!("guests::{name}");
    let output = command.args(["--exact", &name_in_file]).env(ALONE, name).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let is_good = output.status.success() && text.contains("1 passed");
    assert!(is_good, "{:?}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// Address space and memory of this process, in bytes.
fn space_and_memory() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    let mut pages = text.split_whitespace().map(|number| number.parse::<u64>().unwrap());
    (pages.next().unwrap() * 4096, pages.next().unwrap() * 4096)
}

/// Polls on this thread until the future is done; waits to be woken in between.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(output) =
            future.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return output;
        }
        thread::park_timeout(PATIENCE);
    }
}

/// Sleeps for the given nanoseconds: alone, or together with a later time.
const SLEEPER: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "sleep") (param $nanos i64) (param $count i32) (result i32)
        (i64.store (i32.const 0) (i64.const 7))
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (local.get $nanos))
        (i32.store (i32.const 64) (i32.const 1))
        (i64.store (i32.const 72) (i64.const 0x7000000000000000))
        (call $poll (i32.const 0) (i32.const 256) (local.get $count) (i32.const 512)))
    (func (export "events") (result i32) (i32.load (i32.const 512)))
    (func (export "userdata") (result i64) (i64.load (i32.const 256))))"#;

fn sleeper(runtime: &Runtime) -> Session<()> {
    let module = runtime.load_dynamic(&DynamicAsset::new("sleeper", SLEEPER)).unwrap();
    Session::of(&module, (), |linker, store| Wasi::new().link(linker, store)).unwrap()
}

const HOUR: i64 = 3_600_000_000_000;

#[test]
fn fault_82_a_sleep_of_preview_1_ends_with_the_time_limit_or_the_group() {
    for count in [1, 2] {
        let runtime = timed(SHORT);
        let begun = Instant::now();
        let mut guest = sleeper(&runtime);
        let error = guest.call_func::<_, i32>("sleep", (HOUR, count)).unwrap_err();
        assert!(is_timeout(&error, SHORT));
        assert!((SHORT..PATIENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert!(guest.is_poisoned());

        let mut guest = sleeper(&interruptible());
        let group = Group::new();
        guest.join(&group).unwrap();
        let error = thread::scope(|scope| {
            let call = scope.spawn(|| guest.call_func::<_, i32>("sleep", (HOUR, count)));
            thread::sleep(SHORT);
            group.interrupt();
            call.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, Error::Interrupted { .. }));
        assert!(begun.elapsed() < PATIENCE);
    }
    // A sleep that fits is as long as the guest wants.
    for runtime in [timed(PATIENCE), interruptible()] {
        for count in [1, 2] {
            let (mut guest, begun) = (sleeper(&runtime), Instant::now());
            assert_eq!(guest.call_func::<_, i32>("sleep", (30_000_000_i64, count)).unwrap(), 0);
            assert!(begun.elapsed() >= Duration::from_millis(30));
            assert_eq!(guest.call_func::<(), i32>("events", ()).unwrap(), 1);
            assert_eq!(guest.call_func::<(), i64>("userdata", ()).unwrap(), 7);
        }
    }
}

/// Sleeps by the clock of preview 2.
const COMPONENT_SLEEPER: &str = r#"(component
    (import "wasi:io/poll@0.2.0" (instance $poll
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $own (eq $outer)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $own))))))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core module $module
        (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "host" "block" (func $block (param i32)))
        (func (export "sleep") (param i64) (call $block (call $subscribe (local.get 0))))
        (func $recurse (export "recurse") (param i64)
            (call $recurse (i64.add (local.get 0) (i64.const 1)))
            (call $recurse (local.get 0))))
    (core instance $instance (instantiate $module (with "host" (instance
        (export "subscribe" (func $subscribe)) (export "block" (func $block))))))
    (func (export "sleep") (param "nanos" u64)
        (canon lift (core func $instance "sleep")))
    (func (export "recurse") (param "depth" u64)
        (canon lift (core func $instance "recurse"))))"#;

fn component(runtime: &Runtime) -> Session<(), ComponentInstance> {
    let asset = DynamicAsset::<Component>::component("sleeper", COMPONENT_SLEEPER);
    let component = runtime.load_dynamic(&asset).unwrap();
    Session::of(&component, (), |linker, store| Wasi::new().link_component(linker, store)).unwrap()
}

fn call_component(
    session: &mut Session<(), ComponentInstance>,
    name: &str,
    value: u64,
) -> wasmport::Result<()> {
    session.call(|instance, store| {
        instance.get_typed_func::<(u64,), ()>(&mut *store, name)?.call(store, (value,))
    })
}

#[test]
fn fault_82_a_sleep_of_preview_2_ends_with_the_time_limit() {
    let begun = Instant::now();
    let mut guest = component(&timed(SHORT));
    let error = call_component(&mut guest, "sleep", HOUR.cast_unsigned()).unwrap_err();
    assert!(is_timeout(&error, SHORT));
    assert!((SHORT..PATIENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert!(guest.is_poisoned());
    call_component(&mut component(&timed(PATIENCE)), "sleep", 1_000_000).unwrap();
}

#[test]
fn fault_82_a_call_that_returns_late_is_timed_out() {
    // No loop and no call behind what takes long.
    let text = r#"(module
        (import "host" "wait" (func $wait))
        (memory 16384)
        (func (export "wait") (call $wait))
        (func (export "fill") (param i32)
            (memory.fill (i32.const 0) (local.get 0) (i32.const 0x40000000))
            (memory.fill (i32.const 0) (local.get 0) (i32.const 0x40000000)))
        (func (export "quick") (result i32) (i32.const 1)))"#;
    let runtime = interruptible();
    let module = runtime.load_dynamic(&DynamicAsset::new("late", text)).unwrap();
    let mut guest = Session::of(&module, (), |linker, _| {
        linker.func_wrap("host", "wait", || thread::sleep(SHORT * 3))?;
        Ok(())
    })
    .unwrap();
    guest.set_time_limit(Some(SHORT)).unwrap();
    let error = guest.call_func::<(), ()>("wait", ()).unwrap_err();
    assert!(is_timeout(&error, SHORT), "{error}");
    // The guest returned, so its state is known.
    assert_eq!(guest.call_func::<(), i32>("quick", ()).unwrap(), 1);
    let error = guest.call_func::<_, ()>("fill", 1).unwrap_err();
    assert!(is_timeout(&error, SHORT), "{error}");
    let late = r#"(module
        (import "host" "wait" (func $wait)) (func $start (call $wait)) (start $start))"#;
    let runtime = timed(SHORT);
    let module = runtime.load_dynamic(&DynamicAsset::new("start", late)).unwrap();
    let error = Session::of(&module, (), |linker, _| {
        linker.func_wrap("host", "wait", || thread::sleep(SHORT * 3))?;
        Ok(())
    });
    assert!(is_timeout(&error.err().unwrap(), SHORT));
}

#[test]
fn fault_82_the_deadline_of_a_group_ends_an_async_call_that_waits() {
    let text =
        r#"(module (import "host" "wait" (func $wait)) (func (export "wait") (call $wait)))"#;
    let runtime = interruptible();
    let module = runtime.load_dynamic(&DynamicAsset::new("waits", text)).unwrap();
    for interrupts in [false, true] {
        let mut guest = block_on(Session::of_async(&module, (), |linker, _| {
            linker.func_wrap_async("host", "wait", |_: Caller<'_, _>, (): ()| {
                Box::new(std::future::pending::<()>())
            })?;
            Ok(())
        }))
        .unwrap();
        let (group, begun) = (Group::new(), Instant::now());
        guest.join(&group).unwrap();
        if !interrupts {
            group.set_deadline(SHORT);
        }
        let result = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SHORT * 2);
                if interrupts {
                    group.interrupt();
                }
            });
            block_on(guest.call_func_async::<(), ()>("wait", ()))
        });
        let error = result.unwrap_err();
        match interrupts {
            true => assert!(matches!(error, Error::Interrupted { .. }), "{error}"),
            false => assert!(is_timeout(&error, SHORT), "{error}"),
        }
        assert!((SHORT..PATIENCE).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert!(guest.is_poisoned());
    }
}

#[test]
fn fault_68_no_instruction_runs_after_a_trap_a_timeout_or_an_exit() {
    let text = r#"(module
        (import "host" "tick" (func $tick))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func $step (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
        (func (export "count") (call $tick) (call $step))
        (func (export "trap") (call $step) unreachable)
        (func (export "exit") (call $step) (call $exit (i32.const 3)))
        (func (export "spin") (call $step) (loop $more (br $more))))"#;
    let runtime = timed(SHORT);
    let module = runtime.load_dynamic(&DynamicAsset::new("counts", text)).unwrap();
    for end in ["trap", "exit", "spin"] {
        let mut guest = Session::of(&module, 0_u32, |linker, store| {
            Wasi::new().link(linker, store)?;
            linker.func_wrap("host", "tick", |mut caller: Caller<'_, SessionData<u32>>| {
                *caller.data_mut().get_mut() += 1;
            })?;
            Ok(())
        })
        .unwrap();
        guest.call_func::<(), ()>("count", ()).unwrap();
        guest.call_func::<(), ()>(end, ()).unwrap_err();
        let count = guest.typed_func::<(), ()>("count").unwrap();
        let errors = [
            guest.call_func::<(), ()>("count", ()).unwrap_err(),
            guest.call_values("count", &[]).map(drop).unwrap_err(),
            guest.call(|_, store| count.call(store, ())).unwrap_err(),
            block_on(guest.call_func_async::<(), ()>("count", ())).unwrap_err(),
        ];
        for error in errors {
            let error = error;
            assert!(matches!(error, Error::Poisoned { .. } | Error::Exited { code: 3, .. }));
        }
        // One step before the end, one in it, and none since.
        let (instance, store) = guest.parts();
        let memory = instance.get_memory(&mut *store, "memory").unwrap();
        assert_eq!(memory.data(&*store)[..4], 2_u32.to_le_bytes(), "{end}");
        assert_eq!(*guest.data(), 1, "{end}");
    }
}

/// An exception of another session, which a host function passes on, ends the guest like a trap.
#[test]
fn fault_86_an_exception_of_another_session_ends_the_guest_that_called_the_host() {
    let throws = r#"(module (tag $t) (func (export "throw") (throw $t)))"#;
    let calls = r#"(module
        (import "host" "other" (func $other))
        (func (export "call") (call $other))
        (func (export "rest") (result i32) (i32.const 1)))"#;
    let runtime = interruptible();
    let mut inner = guest(&runtime, throws);
    let error = inner.call_func::<(), ()>("throw", ()).unwrap_err();
    assert!(error.is::<wasmport::Exception>() && !inner.is_poisoned());
    let module = runtime.load_dynamic(&DynamicAsset::new("calls", calls)).unwrap();
    let mut outer = Session::of(&module, inner, |linker, _| {
        type Host<'a> = Caller<'a, SessionData<Session<u32>>>;
        linker.func_wrap("host", "other", |mut caller: Host<'_>| {
            Ok(caller.data_mut().get_mut().call_func::<(), ()>("throw", ())?)
        })?;
        Ok(())
    })
    .unwrap();
    outer.call_func::<(), ()>("call", ()).unwrap_err();
    assert!(outer.is_poisoned());
    outer.call_func::<(), i32>("rest", ()).unwrap_err();
}

#[test]
fn fault_64_a_huge_memory_is_refused_before_anything_is_allocated() {
    alone("fault_64_a_huge_memory_is_refused_before_anything_is_allocated", || {
        let runtime = runtime_with(EngineConfig::new(), |_| {});
        let huge = "(module (memory 65536) (memory 65536) (data (i32.const 0) \"x\"))";
        let module = runtime.load_dynamic(&DynamicAsset::new("huge", huge)).unwrap();
        let start = || Session::of(&module, (), |_, _| Ok(())).err().unwrap();
        let refused = start();
        assert!(refused.to_string().contains("`limits.memory_bytes` allows"), "{refused}");
        let (space, memory) = space_and_memory();
        for _ in 0..1000 {
            let _ = start();
        }
        let (more_space, more_memory) = space_and_memory();
        // One memory alone would reserve 4 GiB of address space.
        assert!(more_space - space < 64 * MIB, "{space} {more_space}");
        assert!(more_memory.saturating_sub(memory) < 16 * MIB, "{memory} {more_memory}");
    });
}

#[test]
fn fault_63_storms_of_memories_and_of_the_collected_heap_stay_at_their_limits() {
    alone("fault_63_storms_of_memories_and_of_the_collected_heap_stay_at_their_limits", || {
        let limits = |options: &mut RuntimeOptions| {
            options.limits = Limits::default();
            options.limits.memory_bytes = MIB as usize;
        };
        let runtime = runtime_with(EngineConfig::new(), limits);
        let memories = |count: usize| {
            let each = |i: usize| {
                format!(
                    "(block $full{i} (loop $more{i}
                        (br_if $full{i} (i32.eq (memory.grow $m{i} (i32.const 1)) (i32.const -1)))
                        (br $more{i})))
                    (memory.fill $m{i} (i32.const 0) (i32.const 1)
                        (i32.mul (memory.size $m{i}) (i32.const 65536)))
                    (local.set $pages (i32.add (local.get $pages) (memory.size $m{i})))"
                )
            };
            let declared: String = (0..count).map(|i| format!("(memory $m{i} 1)")).collect();
            let grown: String = (0..count).map(each).collect();
            format!(
                "(module {declared} (func (export \"hoard\") (result i32) (local $pages i32)
                    {grown} (local.get $pages)))"
            )
        };
        let (_, before) = space_and_memory();
        assert_eq!(
            guest(&runtime, &memories(100)).call_func::<(), i32>("hoard", ()).unwrap(),
            1600
        );
        let (_, after) = space_and_memory();
        assert!(after - before < 400 * MIB, "{before} {after}");
        let runtime = runtime_with(EngineConfig::new(), |options| options.limits.memories = 50);
        let module = runtime.load_dynamic(&DynamicAsset::new("more", memories(51))).unwrap();
        let error = Session::of(&module, (), |_, _| Ok(())).err().unwrap();
        assert!(error.to_string().contains("`limits.memories` allows 50"), "{error}");

        // A list that grows until there is no room for another element.
        let runtime = runtime_with(EngineConfig::new(), limits);
        let heap = r#"(module
            (type $node (struct (field (ref null $node)) (field i64)))
            (global $list (mut (ref null $node)) (ref.null $node))
            (func (export "hoard")
                (loop $more
                    (global.set $list (struct.new $node (global.get $list) (i64.const 1)))
                    (br $more))))"#;
        let (_, before) = space_and_memory();
        let mut guest = guest(&runtime, heap);
        let error = guest.call_func::<(), ()>("hoard", ()).unwrap_err();
        assert!(guest.is_poisoned(), "{error:?}");
        let (_, after) = space_and_memory();
        assert!(after.saturating_sub(before) < 64 * MIB, "{before} {after}");
    });
}

#[test]
fn fault_63_a_storm_of_async_stacks_takes_what_each_call_uses() {
    alone("fault_63_a_storm_of_async_stacks_takes_what_each_call_uses", || {
        let text =
            r#"(module (import "host" "wait" (func $wait)) (func (export "wait") (call $wait)))"#;
        let runtime = interruptible();
        let module = runtime.load_dynamic(&DynamicAsset::new("waits", text)).unwrap();
        let start = || {
            block_on(Session::of_async(&module, (), |linker, _| {
                linker.func_wrap_async("host", "wait", |_: Caller<'_, _>, (): ()| {
                    Box::new(std::future::pending::<()>())
                })?;
                Ok(())
            }))
            .unwrap()
        };
        let (_, before) = space_and_memory();
        let mut calls: Vec<_> = (0..200)
            .map(|_| {
                let mut guest = start();
                Box::pin(async move { guest.call_func_async::<(), ()>("wait", ()).await })
            })
            .collect();
        let mut context = Context::from_waker(Waker::noop());
        assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut context).is_pending()));
        let (_, during) = space_and_memory();
        assert!(during - before < 64 * MIB, "{before} {during}");
        drop(calls);
        let (space, _) = space_and_memory();
        let calls: Vec<_> = (0..200).map(|_| start()).collect();
        drop(calls);
        assert!(space_and_memory().0 < space + 64 * MIB, "stacks are given back");
    });
}

/// Recursion in the guest, and through the host.
const RECURSIVE: &str = r#"(module
    (import "host" "again" (func $again))
    (func $recurse (export "recurse") (result i32) (i32.add (call $recurse) (i32.const 1)))
    (func (export "reenter") (call $again))
    (func (export "fine") (result i32) (i32.const 1)))"#;

fn recursive(runtime: &Runtime) -> Session<Arc<AtomicU32>> {
    let module = runtime.load_dynamic(&DynamicAsset::new("recursive", RECURSIVE)).unwrap();
    Session::of(&module, Arc::default(), |linker, _| {
        type Host<'a> = Caller<'a, SessionData<Arc<AtomicU32>>>;
        linker.func_wrap("host", "again", |mut caller: Host<'_>| -> wasmtime::Result<()> {
            caller.data().get().fetch_add(1, Ordering::Relaxed);
            let export = caller.get_export("reenter").and_then(wasmtime::Extern::into_func);
            export.unwrap().typed::<(), ()>(&caller)?.call(&mut caller, ())
        })?;
        Ok(())
    })
    .unwrap()
}

fn overflows(error: &Error) -> bool {
    error.downcast_ref() == Some(&Trap::StackOverflow)
}

#[test]
fn fault_65_deep_recursion_is_a_trap_in_modules_and_components_and_the_interpreter() {
    alone(
        "fault_65_deep_recursion_is_a_trap_in_modules_and_components_and_the_interpreter",
        || {
            for change in [|_: &mut RuntimeOptions| {}, portable] {
                let runtime = runtime_with(EngineConfig::new(), change);
                let mut guest = recursive(&runtime);
                let error = guest.call_func::<(), i32>("recurse", ()).unwrap_err();
                assert!(overflows(&error) && guest.is_poisoned(), "{error:?}");
                let mut guest = component(&runtime);
                let error = call_component(&mut guest, "recurse", 0).unwrap_err();
                assert!(overflows(&error) && guest.is_poisoned(), "{error:?}");
                assert_eq!(recursive(&runtime).call_func::<(), i32>("fine", ()).unwrap(), 1);
            }
        },
    );
}

#[test]
fn fault_65_deep_recursion_on_an_async_stack_is_a_trap() {
    alone("fault_65_deep_recursion_on_an_async_stack_is_a_trap", || {
        for change in [|_: &mut RuntimeOptions| {}, portable] {
            let runtime = runtime_with(EngineConfig::new(), change);
            let mut guest = recursive(&runtime);
            let error = block_on(guest.call_func_async::<(), i32>("recurse", ())).unwrap_err();
            assert!(overflows(&error) && guest.is_poisoned(), "{error:?}");
        }
    });
}

#[test]
fn fault_65_recursion_through_the_host_is_a_trap() {
    alone("fault_65_recursion_through_the_host_is_a_trap", || {
        let runtime = runtime_with(EngineConfig::new(), |_| {});
        let mut guest = recursive(&runtime);
        let error = guest.call_func::<(), ()>("reenter", ()).unwrap_err();
        assert!(overflows(&error) && guest.is_poisoned(), "{error:?}");
        assert!(guest.data().load(Ordering::Relaxed) > 10);
        assert_eq!(recursive(&runtime).call_func::<(), i32>("fine", ()).unwrap(), 1);
    });
}

#[test]
fn fault_85_text_of_a_hostile_file_reaches_no_terminal_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\r";
    let is_harmless = |text: &str| {
        let is_plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
        text.chars().all(is_plain)
    };
    let name = folder.path().join(format!("plug{hostile}in.wat"));
    let texts = [
        format!("(module (func (export \"{hostile}\")) {hostile}"),
        format!("(module (import \"{hostile}\" \"x\" (func)) (export \"{hostile}\" (func 7)))"),
    ];
    let runtime = interruptible();
    let mut errors = Vec::new();
    for text in &texts {
        fs::write(&name, text).unwrap();
        errors.push(runtime.load_dynamic(&DynamicAsset::file(&name)).err().unwrap());
    }
    fs::remove_file(&name).unwrap();
    errors.push(runtime.load_dynamic(&DynamicAsset::file(&name)).err().unwrap());
    // Names of functions stand in backtraces, names of imports in link errors.
    let escaped = "\\1b]0;owned\\07\\1b[2J\\c2\\9b31m\\0d";
    let traps = format!(
        "(module (func $f (@name \"{escaped}\") unreachable) (func (export \"trap\") (call $f)))"
    );
    let mut trapping = guest(&runtime, &traps);
    errors.push(trapping.call_func::<(), ()>("trap", ()).unwrap_err());
    let imports = format!("(module (import \"{escaped}\" \"x\" (func)))");
    let module = runtime.load_dynamic(&DynamicAsset::new("imports", imports)).unwrap();
    errors.push(Session::of(&module, (), |_, _| Ok(())).err().unwrap());
    for (number, error) in errors.iter().enumerate() {
        let texts = [error.to_string(), format!("{error:?}"), format!("{error:#}")];
        assert!(texts.iter().all(|text| is_harmless(text)), "{number} {texts:?}");
        // The names of functions stand in the frames alone.
        assert!(texts[2].contains("\\u{1b}"), "{number} {texts:?}");
    }
}

#[test]
fn fault_85_lines_of_a_guest_cannot_control_the_terminal() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\1b[2Jgr\c3\bc\c3\9fe\0a")
        (func (export "say")
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 12))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    let runtime = interruptible();
    let module = runtime.load_dynamic(&DynamicAsset::new("says", text)).unwrap();
    let is_right = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_right);
    let wasi = Wasi::new().stdout(wasmport::wasi::Lines::new(move |line| {
        seen.store(line == "\\u{1b}[2Jgrüße", Ordering::Relaxed);
    }));
    let mut guest = Session::of(&module, (), |linker, store| wasi.link(linker, store)).unwrap();
    guest.call_func::<(), ()>("say", ()).unwrap();
    assert!(is_right.load(Ordering::Relaxed));
}

/// The instance of a module is what sessions without a wrapper own.
#[test]
fn fault_81_a_dropped_session_runs_no_guest_code() {
    let text = r#"(module (import "host" "tick" (func $tick))
        (func (export "trap") unreachable) (func (export "free") (call $tick)))"#;
    let runtime = interruptible();
    let module = runtime.load_dynamic(&DynamicAsset::new("dropped", text)).unwrap();
    let ticks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&ticks);
    let mut guest: Session<(), Instance> = Session::of(&module, (), move |linker, _| {
        linker.func_wrap("host", "tick", move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })?;
        Ok(())
    })
    .unwrap();
    guest.call_func::<(), ()>("trap", ()).unwrap_err();
    drop(guest);
    assert_eq!(ticks.load(Ordering::Relaxed), 0);
}
