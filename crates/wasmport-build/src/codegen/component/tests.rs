//! Wrappers of worlds that are written here.

use super::prepare::Choices;
use super::{Bindings, ComponentError, bindings};
use wit_parser::Resolve;

pub(super) fn wrapper(wit: &str, choices: &Choices) -> Result<Bindings, ComponentError> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str("world.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    bindings(&resolve, world, choices)
}

/// The wrapper as text without white space.
pub(super) fn text(bindings: Bindings) -> String {
    let file =
        syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: bindings.items };
    close(&prettyplease::unparse(&file))
}

fn close(text: &str) -> String {
    // Which trailing commas there are is a matter of line lengths.
    text.split_whitespace().collect::<String>().replace(",)", ")").replace(",>", ">")
}

pub(super) fn has(text: &str, expected: &str) -> bool {
    text.contains(&close(expected))
}

pub(super) fn plain(wit: &str) -> String {
    text(wrapper(wit, &Choices::default()).unwrap())
}

pub(super) fn chosen(choose: impl FnOnce(&mut Choices)) -> Choices {
    let mut choices = Choices::default();
    choose(&mut choices);
    choices
}

pub(super) const STORE: &str = "
    package demo:res@0.1.0;
    interface store {
        resource blob { constructor(init: list<u8>); write: func(bytes: list<u8>); }
        variant error { gone }
        open: func(name: string) -> result<blob, error>;
    }
    world app { import store; export eat: func(bytes: list<u8>) -> u64; }
";

#[test]
fn it_has_no_unsafe_code_and_nothing_async_unless_chosen() {
    let sync = plain(STORE);
    assert!(!has(&sync, "unsafe") && has(&sync, "eat: __rt::TypedFunc<(&'static [u8],), (u64,)>"));
    assert!(!has(&sync, "TypedFuncSession"), "{sync}");
    assert!(!has(&sync, "async") && has(&sync, "::start("), "{sync}");
    let choices = chosen(|c| c.asynchronous = true);
    let bindings = wrapper(STORE, &choices).unwrap();
    assert!(bindings.is_async);
    let text = text(bindings);
    assert!(has(&text, "async fn instantiate_async") && has(&text, "::start_async("));
}

#[test]
fn a_missing_host_is_named_with_its_interface() {
    let text = plain(STORE);
    let message = |name: &str, whose: &str| {
        format!(
            "#[diagnostic::on_unimplemented(message = \"`{{Self}}` does not implement what the component `App` \
             imports from \\\"demo:res/store@0.1.0\\\"\", note = \"implement the trait \
             `demo::res::store::{name}` of its wrapper for {whose}\")] pub trait {name}"
        )
    };
    let data = "the session's data";
    let has_data =
        "`HasSelf<…>` of the session's data, or for a type of yours that implements `HasData`";
    for (name, whose) in [
        ("Host", data),
        ("HostBlob", data),
        ("HostWithStore", has_data),
        ("HostBlobWithStore", has_data),
    ] {
        assert!(has(&text, &message(name, whose)), "{name}: {text}");
    }
    let text = plain("package a:b; world app { import now: func() -> u64; }");
    let expected = "#[diagnostic::on_unimplemented(message = \"`{Self}` does not implement what the component `App` \
                    imports from its world\", note = \"implement the trait `AppImports` of its wrapper for the \
                    session's data\")] pub trait AppImports";
    assert!(has(&text, expected), "{text}");
}

#[test]
fn parameters_have_their_names_and_none_hides_a_variable() {
    let text = plain(
        "package a:b; world app { export f: func(name: string, store: u32, %self: u32, callee: u8); }",
    );
    let own = "name: &str, store_: u32, self_: u32, callee_: u8";
    assert!(has(&text, &format!("call_f<S: __rt::AsContextMut>( &self, store: S, {own}")));
    assert!(has(&text, &format!("pub fn f( &mut self, {own} )")), "{text}");
    assert!(has(&text, "wrapper.call_f(store, name, store_, self_, callee_)"));
}

#[test]
fn keywords_and_names_of_the_generator_are_names_too() {
    let text = plain(
        "package %static:%async;
         interface impl-ed {
             resource %struct { constructor(); new: static func(); drop: func(); }
             record %result { a: u32 }
             record t { b: %result }
             enum %box { %self, other }
             %match: func(t: t) -> result<%box, string>;
         }
         world app {
             import impl-ed; export impl-ed;
             export %while: func(); export store: func(); export interface0: func();
         }",
    );
    assert!(!text.to_lowercase().contains("respelt"), "{text}");
    for expected in [
        "pub mod static_ {",
        "pub mod async_ {",
        "\"static:async/impl-ed\"",
        "(_instance_pre, \"while\")?",
        "pub fn call_while<",
        "pub fn while_(&mut self)",
        "pub fn call_store<",
        "store_: __rt::TypedFunc<(), ()>",
        "pub struct T_ {",
        "pub struct Result_ {",
        "#[component(name = \"self\")] Self_",
        "fn drop_(",
        "fn new_(",
        "\"[method]struct.drop\"",
        "\"[static]struct.new\"",
        "fn static_async_impl_ed(",
        "lookup(\"match\")",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn keywords_in_capitals_are_names_too() {
    let text = plain(
        "package demo:loud;
         interface MATCH {
             record pair { IN: u32, %as: u32 }
             variant side { SELF(u32), other }
             resource IMPL { MUT: func(FOR: u32); new: static func(TYPE: u32) -> IMPL; }
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
        "fn mut_(&mut self, self_: __rt::Resource<Impl>, for_: u32);",
        "fn type_(&mut self, fn_: Pair) -> Side;",
        "fn loop_(&mut self, self_: u32) -> u32;",
        "pub fn call_while<",
        "lookup(\"TYPE\")",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn variants_are_referred_to_by_the_name_that_they_are_defined_by() {
    let text = plain(
        "package demo:app;
         interface i { variant i-o { a(u8) } enum a1-b { a } f: func(x: i-o, y: a1-b) -> i-o; }
         world app { import i; variant x-y { a(u8) } import g: func(x: x-y); }",
    );
    for expected in ["pub enum Io {", "x: Io, y: A1B", "-> Io;", "pub enum A1B {", "pub enum Xy {"]
    {
        assert!(has(&text, expected), "{expected}: {text}");
    }
    assert!(!has(&text, "IO,") && has(&text, "x: Xy"), "{text}");
}

#[test]
fn a_world_is_not_called_like_its_types() {
    let wit = |name: &str| {
        format!(
            "package a:b; interface i {{ record point {{ x: u8 }} }}
             world {name} {{ use i.{{point}}; export f: func(p: point); }}"
        )
    };
    for (world, ty) in [("app", "App"), ("point", "PointComponent"), ("t", "TComponent")] {
        let text = plain(&wit(world));
        assert!(has(&text, &format!("pub struct {ty}Session<T: 'static = ()>")), "{text}");
        assert!(has(&text, &format!("pub struct {ty} {{")), "{text}");
    }
}

#[test]
fn what_wit_says_is_documentation_and_no_code() {
    let wit = "package a:b;
        /// The *interface*.
        interface i {
            enum code {
                /// \"} fn evil() {} //
                gone,
            }
            /// Flags.
            flags perms {
                /// Looks.
                read,
            }
            /// ```
            /// unsafe{ evil() }
            /// ```
            f: func() -> result<_, code>;
        }
        /// The world.
        world app { import i; export f: func(); }";
    let text = plain(wit);
    for expected in [
        "/// The *interface*. pub mod i {",
        "/// \"} fn evil() {} // #[component(name = \"gone\")]",
        "Code::Gone => \"\\\"} fn evil() {} //\"",
        "/// Flags. /// /// - `READ`: Looks. pub use __perms::Perms;",
        "/// \\`\\`\\` /// unsafe{ evil() } /// \\`\\`\\` /// /// `f: func() -> result<_, code>` fn f(",
        "/// The world. /// /// The exports of an instance",
        "/// `f: func()` pub fn call_f<",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn choices_are_for_single_functions_too() {
    let choices = chosen(|c| {
        c.trappable_functions =
            vec!["demo:res/store.open".into(), "demo:res/store@0.1.0.[drop]blob".into()];
        let _ = c.trappable_errors.insert("demo:res/store.error".into(), "crate::Error".into());
        c.derives = vec!["serde::Serialize".into()];
    });
    let sync = text(wrapper(STORE, &choices).unwrap());
    assert!(has(&sync, "type _TrappableError0 = crate::Error;"), "{sync}");
    let result = ") -> Result<__rt::Resource<Blob>,
        super::super::super::_TrappableError0>;";
    assert!(has(&sync, result), "{sync}");
    assert!(has(&sync, "#[derive(Clone, Copy, serde::Serialize, __rt::ComponentType"), "{sync}");
    // Who waits for imports is called with `await`.
    let choices = chosen(|c| c.async_functions = vec!["demo:res/store.blob.write".into()]);
    let waits = text(wrapper(STORE, &choices).unwrap());
    for expected in [
        "bytes: Vec<u8>
            ) -> impl ::core::future::Future<Output = ()> + Send;",
        "name: String) -> Result<",
        "pub async fn call_eat<",
    ] {
        assert!(has(&waits, expected), "{expected}: {waits}");
    }
}

#[test]
fn interfaces_and_resources_are_remapped() {
    for (key, expected) in [
        ("demo", "pub use ::host::res::store as __with_name0;"),
        ("demo:res", "pub use ::host::store as __with_name0;"),
        ("demo:res/store@0.1.0", "pub use ::host as __with_name0;"),
        ("demo:res/store.blob", "as Blob;"),
    ] {
        let choices = chosen(|c| {
            let _ = c.with.insert(key.into(), "::host".into());
        });
        let text = text(wrapper(STORE, &choices).unwrap());
        assert!(has(&text, expected), "{key}: {text}");
    }
}

#[test]
fn choices_that_name_nothing_are_errors() {
    let one = |name: &str| vec![name.to_string()];
    let pair = |key: &str, value: &str| [(key.to_string(), value.to_string())].into();
    for (choices, expected) in [
        (
            chosen(|c| c.async_functions = one("demo:res/stor")),
            "`async-imports` has `demo:res/stor`, which is no function",
        ),
        (
            chosen(|c| c.trappable_functions = one("eat")),
            "`trappable-imports` has `eat`, which is no function that the component imports",
        ),
        (
            chosen(|c| c.with = pair("demo:other", "crate::x")),
            "`with` has `demo:other`, which is no interface",
        ),
        (
            chosen(|c| c.with = pair("demo:res", "x y")),
            "`with` has `x y` for `demo:res`, which is not a Rust path",
        ),
        (chosen(|c| c.with = pair("demo:res", "other::x")), "begins with `crate::` or `::`"),
        (
            chosen(|c| c.trappable_errors = pair("demo:res/store.blub", "crate::E")),
            "`trappable-errors` has `demo:res/store.blub`, which is no type",
        ),
        (chosen(|c| c.derives = one("a b")), "`derives` has `a b`, which is not the path"),
        (chosen(|c| c.derives = one("std::fmt::Debug")), "`derives` has `Debug`"),
    ] {
        let error = wrapper(STORE, &choices).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let twice = chosen(|c| {
        let _ = c.trappable_errors.insert("demo:res/store.error".into(), "crate::E".into());
        let _ = c.trappable_errors.insert("demo:res/store@0.1.0.error".into(), "crate::E".into());
    });
    assert!(wrapper(STORE, &twice).err().unwrap().to_string().contains("twice"));
}

#[test]
fn sessions_have_the_functions_of_interfaces() {
    let wit = "
        package demo:res;
        interface counters {
            resource counter { constructor(start: s64); add: func(n: s64) -> s64; }
            resource session { id: func() -> u32; }
            total: func() -> s64;
        }
        world app { export counters; export new: func(); export call-new: func(); }";
    let text = plain(wit);
    for expected in [
        "pub fn demo_res_counters( &mut self, ) -> exports::demo::res::counters::GuestSession_<'_, T>",
        "pub struct GuestCounterSession<'a, T: 'static>( &'a mut ::wasmport::Session<T, super::super::super::super::App>, );",
        "wrapper.demo_res_counters().counter().call_add(store, self_, n)",
        "wrapper.demo_res_counters().call_total(store)",
        "resource.resource_drop(store)",
        "pub fn new_(&mut self)",
        "pub fn call_new(&mut self)",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn functions_that_wait_beside_each_other_do_so_in_sessions() {
    let wit = "
        package demo:feed;
        interface feed { next: async func(accessor: u32) -> u32; }
        world app { import feed; export run: async func(n: u32) -> u32; export stop: func(); }";
    let bindings = wrapper(wit, &Choices::default()).unwrap();
    assert!(bindings.is_async);
    let text = text(bindings);
    for expected in [
        "accessor: &__rt::Accessor<T, Self>, accessor_: u32",
        ".run_concurrent(async |accessor| { wrapper.call_run(accessor, n).await })",
        "demo::feed::feed::HostWithStore<::wasmport::SessionData<T>>",
        "pub async fn call_stop<",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}

#[test]
fn optional_functions_say_so_under_any_name() {
    let wit = "
        package demo:words;
        world words { export %type: func(%func: u32) -> u32; export store: func(); export run: func(); }";
    let optional = vec!["type".to_owned(), "store".to_owned()];
    let text =
        text(wrapper(wit, &chosen(|c| c.lacking.optional = Some(optional.clone()))).unwrap());
    for expected in [
        "/// Returns `None` if the guest lacks it. /// /// `type: func(func: u32) -> u32` pub fn call_type<",
        "let ::core::option::Option::Some(func) = self.func_type() else",
        "__rt::call_func(func, store, (func_,))",
        "let ::core::option::Option::Some(func) = self.func_store() else",
        "/// Returns `None` if the guest lacks it. /// /// `type: func(func: u32) -> u32` /// \
         /// Fails if the guest traps, a host function fails, or an earlier call failed. \
         pub fn type_(&mut self, func_: u32)",
        "pub fn run(&mut self) -> ::wasmport::Result<()>",
    ] {
        assert!(has(&text, expected), "{expected}: {text}");
    }
}
