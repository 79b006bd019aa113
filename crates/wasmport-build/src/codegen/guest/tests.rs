//! Source code for guests, compiled.

use super::{GuestLanguage, GuestVersion, guest};
use crate::interface::Interface;
use crate::settings::{AssetSettings, ImportLimits};
use crate::wasm::{RawWasm, validate};
use std::path::Path;
use std::process::Command;
use wasmport::engine::{RequiredFeatures, WasmFeature};

const FILTER: &str = r#"(module
    (import "host" "log" (func (param $text i32) (param $len i32)))
    (import "host" "rate" (global f64))
    (import "other\n\" */" "while */" (func (param $for i64) (param f32) (result f64)))
    (memory (export "memory") 1)
    (func (export "malloc") (param $size i32) (result i32) unreachable)
    (func (export "keep") (param $record i32) (param $type i32) (result i32) unreachable)
    (func (export "name") (result i32) unreachable)
    (func (export "pair") (result i32 i32) unreachable))"#;

fn interface(text: &str) -> (Interface, bool) {
    let everything: RequiredFeatures = WasmFeature::ALL.iter().copied().collect();
    let module = RawWasm::new(Path::new("filter.wat"), wat::parse_str(text).unwrap());
    let limits = ImportLimits::default();
    let module = validate(module, everything, &limits).unwrap();
    let is_component = module.is_component();
    (Interface::of(&module, &limits).unwrap(), is_component)
}

fn written(text: &str, language: GuestLanguage) -> String {
    written_for(text, language, None)
}

fn written_for(text: &str, language: GuestLanguage, version: Option<GuestVersion<'_>>) -> String {
    let (interface, is_component) = interface(text);
    let settings =
        AssetSettings { optional: Some(vec!["name".into()]), ..AssetSettings::default() };
    guest("filter", &interface, is_component, &settings, language, version).unwrap()
}

/// Compiles files in a folder; returns what the compiler said if it failed.
#[expect(clippy::disallowed_methods, reason = "the test writes its own files")]
fn compile(files: &[(&str, &str)], command: &mut Command) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = command.current_dir(folder.path()).output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn rustc(lib: &str) -> Result<(), String> {
    let module = written(FILTER, GuestLanguage::Rust);
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let options = ["--edition=2024", "--crate-type=lib", "--emit=metadata", "-Dwarnings", "lib.rs"];
    compile(&[("lib.rs", lib), ("filter.rs", &module)], Command::new(rustc).args(options))
}

#[test]
fn rustc_compares_the_signatures_of_a_guest() {
    let lib = |keep: &str| {
        format!(
            "mod filter;
             struct Long;
             impl filter::Guest for Long {{
                 fn malloc(size: i32) -> i32 {{ size }}
                 fn keep(record: i32, _: {keep}) -> i32 {{
                     unsafe {{ filter::host::log(record, 4) }};
                     record
                 }}
             }}
             filter::export!(Long);
             struct Named;
             impl filter::Guest for Named {{
                 fn malloc(size: i32) -> i32 {{ size }}
                 fn keep(_: i32, _: i32) -> i32 {{ 1 }}
                 fn name() -> i32 {{ 8 }}
             }}
             mod second {{
                 use super::{{Named, filter}};
                 filter::export!(@name Named);
             }}"
        )
    };
    rustc(&lib("i32")).unwrap();
    let error = rustc(&lib("i64")).unwrap_err();
    assert!(error.contains("method `keep` has an incompatible type for trait"), "{error}");
    let error = rustc("mod filter; struct Long; impl filter::Guest for Long {}").unwrap_err();
    assert!(
        error.contains("not all trait items implemented, missing: `malloc`, `keep`"),
        "{error}"
    );
}

#[test]
#[cfg(unix)]
fn the_compiler_compares_the_signatures_of_a_guest_in_c() {
    let header = written(FILTER, GuestLanguage::C);
    let compile = |source: &str| {
        let options = ["-fsyntax-only", "-Wall", "-Wno-attributes", "-Werror", "guest.c"];
        let files = [("guest.c", source), ("filter.h", header.as_str())];
        compile(&files, Command::new("cc").args(options))
    };
    let source = |keep: &str| {
        format!(
            "#include \"filter.h\"
             int32_t filter_malloc(int32_t size) {{ return size; }}
             int32_t filter_keep(int32_t record, {keep} type) {{
                 filter_log(record, 4);
                 return filter_while_(3, 1.0f) > 1.0;
             }}"
        )
    };
    compile(&source("int32_t")).unwrap_or_else(|error| panic!("{error}\n{header}"));
    let error = compile(&source("int64_t")).unwrap_err();
    assert!(error.contains("conflicting types for"), "{error}");
}

#[test]
fn worlds_are_written_whole() {
    let component = r#"(component (import "log" (func (param "line" string))))"#;
    let wit = written(component, GuestLanguage::Wit);
    assert!(wit.contains("import log: func(line: string);"), "{wit}");
    let rust = written(component, GuestLanguage::Rust);
    assert!(rust.contains("wit_bindgen::generate!({") && rust.contains(&wit), "{rust}");
    let _ = syn::parse_file(&rust).unwrap();
}

#[test]
fn each_language_has_its_kind() {
    let said = |text, language| {
        let (interface, is_component) = interface(text);
        let settings = AssetSettings::default();
        let error =
            guest("filter", &interface, is_component, &settings, language, None).unwrap_err();
        format!("{error}; {}", error.help().unwrap())
    };
    assert_eq!(
        said("(component)", GuestLanguage::C),
        "`filter` is an interface of components, and a C header is for core modules; use `--lang wit`, and \
         `wit-bindgen c` for the file"
    );
    assert_eq!(
        said("(module)", GuestLanguage::Wit),
        "`filter` is an interface of core modules, and WIT is for components; use `--lang rust` or `--lang c`"
    );
}

#[test]
fn guests_have_the_version_in_a_custom_section() {
    let version = Some(GuestVersion { name: "v2", section: "filter-version" });
    let rust = written_for(FILTER, GuestLanguage::Rust, version);
    let attribute =
        "#[cfg_attr(target_family = \"wasm\", unsafe(link_section = \"filter-version\"))]";
    assert!(rust.contains(attribute), "{rust}");
    assert!(rust.contains("pub static INTERFACE_VERSION: [u8; 2] = *b\"v2\";"), "{rust}");
    let c = written_for(FILTER, GuestLanguage::C, version);
    let line =
        "#define FILTER_VERSION_SECTION __asm__(\".section \\\".custom_section.filter-version\\\",";
    assert!(c.contains(line), "{c}");
    let component = r#"(component (import "log" (func (param "line" string))))"#;
    let rust = written_for(component, GuestLanguage::Rust, version);
    assert!(rust.contains(attribute) && syn::parse_file(&rust).is_ok(), "{rust}");
    let wit = written_for(component, GuestLanguage::Wit, version);
    assert!(
        wit.starts_with("// The host reads the version `v2` of this world from the custom section"),
        "{wit}"
    );
    assert!(!written(FILTER, GuestLanguage::Rust).contains("INTERFACE_VERSION"));
}
