//! Names that meet in Rust are told apart.

use crate::codegen::component::tests::{has, plain};

/// The name that meets another one, with the digits of its digest.
fn told_apart(name: &str, ident: &str) -> String {
    let digits = wasmport::Digest::of(name.as_bytes()).to_string()[..4].to_owned();
    match ident.starts_with(char::is_uppercase) {
        true => ident.to_owned() + &heck::AsUpperCamelCase(digits).to_string(),
        false => format!("{ident}_{digits}"),
    }
}

#[test]
fn types_are_told_apart_from_traits_and_helpers_of_others() {
    let text = plain(
        "package a:b;
         interface i {
             resource config { get: func() -> guest-config; }
             record guest-config { a: u32 }
             record host-config { a: u32 }
             record config-with-store { b: bound }
             record host-config-with-store { b: bound }
             record bound { low: u32 }
             record lower-bound { bound: bound }
             variant lower-payload-range { none }
             variant range { bound(lower-bound), pay(lower-payload-range) }
             open: func(a: host-config, b: lower-bound, c: range) -> config;
         }
         world app { import i; export i; }",
    );
    assert!(!text.to_lowercase().contains("renamed"), "{text}");
    for (name, ident) in [
        ("guest-config", "GuestConfig"),
        ("host-config", "HostConfig"),
        ("host-config-with-store", "HostConfigWithStore"),
        ("lower-bound", "LowerBound"),
        ("lower-payload-range", "LowerPayloadRange"),
    ] {
        let ident = told_apart(name, ident);
        let note = format!("/// `{name}` in WIT: another name would be this one too.");
        assert!(text.contains(&format!("{ident}{{")), "{ident}: {text}");
        assert!(has(&text, &note), "{note}: {text}");
    }
    assert!(has(&text, "pub trait HostConfig {") && has(&text, "pub struct ConfigWithStore {"));
    assert!(has(&text, "pub struct GuestConfig<'a> {"), "{text}");
}

#[test]
fn words_with_digits_are_told_apart() {
    let text = plain(
        "package a:b;
         interface i {
             enum version { v11, v1-1, v1-10, v110 }
             record extent-3d { x: u32 }
             record extent3d { size-2d: u32, size2d: u32 }
             f: func(v: version, e: extent-3d) -> extent3d;
         }
         world app { import i; }",
    );
    for expected in [
        "#[component(name = \"v11\")] V11,".to_owned(),
        format!("#[component(name = \"v1-1\")] {},", told_apart("v1-1", "V11")),
        format!("#[component(name = \"v1-10\")] {},", told_apart("v1-10", "V110")),
        "pub struct Extent3d {".to_owned(),
        format!("pub struct {} {{", told_apart("extent-3d", "Extent3d")),
    ] {
        assert!(has(&text, &expected), "{expected}: {text}");
    }
}

#[test]
fn functions_are_told_apart_from_methods_of_resources() {
    let text = plain(
        "package a:b;
         interface i {
             resource foo { constructor(); bar: func() -> u32; get: static func(); }
             resource call-all { a: func(); }
             method-foo-bar: func() -> u32;
             static-foo-get: func();
             all: func();
         }
         world app { export i; export method-foo-bar: func(); }",
    );
    let (method, get) = (
        told_apart("method-foo-bar", "method_foo_bar"),
        told_apart("static-foo-get", "static_foo_get"),
    );
    for expected in [
        "lookup(\"[method]foo.bar\")".to_owned(),
        "lookup(\"method-foo-bar\")".to_owned(),
        format!("pub fn call_{method}<"),
        format!("pub fn call_{get}<"),
        "pub fn call_bar<".to_owned(),
        "pub fn call_method_foo_bar<".to_owned(),
        format!("pub fn call_{}<", told_apart("all", "all")),
        "pub fn call_all(&self) -> GuestCallAll<'_> {".to_owned(),
    ] {
        assert!(has(&text, &expected), "{expected}: {text}");
    }
}

#[test]
fn packages_are_told_apart_from_versions_of_others() {
    let text = plain(
        "package x:y;
         world app { import a:b/i@0.1.0; import a:b/i@0.2.0; import a:b0-1-0/i; }
         package a:b@0.1.0 { interface i { one: func(); } }
         package a:b@0.2.0 { interface i { two: func(); } }
         package a:b0-1-0 { interface i { three: func(); } }",
    );
    // The version that has another name leaves the other one alone, which needs no version then.
    for (module, name) in [
        (told_apart("b", "b"), "a:b/i@0.1.0"),
        ("b".to_owned(), "a:b/i@0.2.0"),
        ("b0_1_0".to_owned(), "a:b0-1-0/i"),
    ] {
        let expected = format!("pub mod {module} {{ /// The interface `{name}`.\n pub mod i {{");
        assert!(has(&text, &expected), "{expected}: {text}");
        assert!(has(&text, &format!("linker.instance(\"{name}\")?")), "{name}: {text}");
    }
}

#[test]
fn interfaces_are_told_apart_from_namespaces_packages_and_functions() {
    let wit = "package demo:b; interface i { f: func(); }
         world app {
             import i; import demo: interface { g: func(); }
             export i; export demo: interface { h: func(); }
             export demo-b-i: interface { k: func(); }
             export call-run: interface { l: func(); }
             export run: func();
         }";
    let text = plain(wit);
    for expected in [
        "pub mod demo {".to_owned(),
        format!("pub mod {} {{", told_apart("demo", "demo")),
        "linker.instance(\"demo\")?".to_owned(),
        "pub fn demo_b_i(&self)".to_owned(),
        format!("pub fn {}(&self)", told_apart("call-run", "call_run")),
        "pub fn call_run<".to_owned(),
    ] {
        assert!(has(&text, &expected), "{expected}: {text}");
    }
}
