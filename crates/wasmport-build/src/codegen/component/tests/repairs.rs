//! What the generator gets wrong and wrappers do not.

use super::super::Choices;
use super::{chosen, has, plain, text, wrapper};

#[test]
fn keywords_in_capitals_are_names_too() {
    let text = plain(
        "package demo:loud;
         interface MATCH {
             record pair { IN: u32, %as: u32 }
             variant side { SELF(u32), other }
             resource IMPL { MUT: func(SELF: u32); new: static func(TYPE: u32) -> IMPL; }
             TYPE: func(FN: pair) -> side;
         }
         world app {
             import MATCH; import LOOP: func(SELF: u32) -> u32;
             export MATCH; export WHILE: func(IN: u32) -> u32;
         }",
    );
    assert!(!text.to_lowercase().contains("respelt"), "{text}");
    for expected in [
        "pub mod match_ {",
        "linker.instance(\"demo:loud/MATCH\")?",
        "#[component(name = \"IN\")] pub in_: u32",
        "#[component(name = \"as\")] pub as_: u32",
        "#[component(name = \"SELF\")] Self_(u32)",
        "fn mut_( &mut self, self_: ",
        "fn type_(&mut self, fn_: Pair) -> Side;",
        "fn loop_(&mut self, self_: u32) -> u32;",
        "pub fn call_while<",
        "lookup(\"TYPE\")",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn named_streams_and_futures_have_the_types_that_wasmtime_has() {
    let text = plain(
        "package demo:pipe;
         interface source {
             type bytes = stream<u8>;
             type later-on = future;
             type %box = future<bytes>;
             type a1-b2 = stream<later-on>;
             resource %stream { open: func() -> bytes; }
             answer: func(b: %box) -> later-on;
             all: func() -> a1-b2;
         }
         world app { import source; export source; }",
    );
    let component = "::wasmport::wasmtime::component";
    assert!(has(&text, &format!("pub type Bytes = {component}::StreamReader<u8>;")), "{text}");
    assert!(has(&text, &format!("pub type LaterOn = {component}::FutureReader<()>;")), "{text}");
    assert!(has(&text, &format!("pub type Box_ = {component}::FutureReader<Bytes>;")), "{text}");
    assert!(has(&text, "fn answer(&mut self, b: Box_) -> LaterOn;"), "{text}");
    assert!(has(&text, "pub type A1b2 =") && has(&text, "fn all(&mut self) -> A1b2;"), "{text}");
    // The host's part of the resource is called as the stream would be.
    assert!(has(&text, "pub trait HostStream:") || has(&text, "pub trait HostStream {"), "{text}");
    assert!(!has(&text, "component::HostStream"), "{text}");
}

#[test]
fn imports_that_are_chosen_reach_the_store() {
    let wit = "
        package demo:pipe;
        interface source { open: func(host: u32) -> u32; close: func(); }
        world app { import source; import now: func() -> u64; export run: func(); }";
    let access = "host: ::wasmport::wasmtime::component::Access<T, Self>";
    let some = chosen(|c| c.store_functions = vec!["demo:pipe/source.open".into()]);
    let bindings = wrapper(wit, &some).unwrap();
    assert!(bindings.needs_store && !bindings.is_async);
    let some = text(bindings);
    for expected in [
        &format!("fn open({access}, host_: u32) -> u32;"),
        "fn close(&mut self) -> ();",
        "fn now(&mut self) -> u64;",
        "demo::pipe::source::HostWithStore<::wasmport::SessionData<T>>",
    ] {
        assert!(has(&some, expected), "{expected}: {some}");
    }
    let all = text(wrapper(wit, &chosen(|c| c.store = true)).unwrap());
    for expected in [&format!("fn close({access}) -> ();"), &format!("fn now({access}) -> u64;")] {
        assert!(has(&all, expected), "{expected}: {all}");
    }
    let none = wrapper(wit, &Choices::default()).unwrap();
    assert!(!none.needs_store && !has(&text(none), "HostWithStore<::wasmport"));
    let error = wrapper(wit, &chosen(|c| c.store_functions = vec!["run".into()])).err().unwrap();
    assert_eq!(error, "`store-imports` has `run`, which is no function that the component imports");
}

#[test]
fn what_exports_run_is_run() {
    let wit = "
        package demo:app;
        world app { export wasi:cli/run@0.2.6; }
        package wasi:cli@0.2.6 { interface run { run: func() -> result; } }";
    let text = text(wrapper(wit, &chosen(|c| c.wasi = true)).unwrap());
    let run = "pub fn run(runtime: &::wasmport::Runtime, data: T)
        -> ::wasmport::Result<(::wasmport::Exit, T)>";
    assert!(has(&text, run) && has(&text, "Self::new(runtime, data)?"), "{text}");
}

#[test]
fn a_resource_without_functions_has_a_view() {
    let text = plain(
        "package demo:app;
         interface tokens { resource %struct; issue: func() -> %struct; }
         world app { export tokens; }",
    );
    assert!(has(&text, "pub fn struct_(&mut self) -> GuestStructSession<'_, T>"), "{text}");
    assert!(has(&text, "resource.resource_drop(store)"), "{text}");
}

#[test]
fn a_wrapper_that_its_crate_keeps_has_no_public_items() {
    let mut bindings = wrapper(super::STORE, &Choices::default()).unwrap();
    super::super::keep_in_crate(&mut bindings.items);
    let text = text(bindings);
    for expected in [
        "pub(crate) struct App {",
        "pub(crate) struct AppSession<T: 'static = ()>",
        "pub(crate) mod demo {",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
    assert!(!has(&text, "}pub struct") && !has(&text, "}pub mod demo"), "{text}");
}
