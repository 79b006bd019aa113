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
    let optional = if text == FILTER { vec!["name".into()] } else { Vec::new() };
    let settings = AssetSettings { optional: Some(optional), ..AssetSettings::default() };
    let (interface, is_component) = interface(text);
    guest("filter", &interface, is_component, &settings, language, version).unwrap()
}

fn written_with(text: &str, settings: &AssetSettings, language: GuestLanguage) -> String {
    let (interface, is_component) = interface(text);
    guest("filter", &interface, is_component, settings, language, None).unwrap()
}

/// Functions with the same names in several places, and with names that languages reserve.
const HOSTILE: &str = r#"(module
    (import "host" "log" (func (param i32 i32 i32 i32)))
    (import "env" "log" (func (param i64 i64 f32)))
    (import "env" "log-it" (func))
    (import "env_log" "it" (func))
    (import "self" "fn" (func (result f64)))
    (import "core" "a*/??/b" (func (param i32)))
    (func (export "log") (param $operator i32) (param $class i32) (param $int i32) (param $int_ i32) unreachable)
    (func (export "host_log") (param $fn i32) unreachable)
    (func (export "while") (param $int32_t i32) (param $store f32) unreachable)
    (func (export "type") (param $unsafe i64) (result i64) unreachable)
    (func (export "new") (param i32 i32) (result i32) unreachable)
    (func (export "") unreachable)
    (func (export "cabi_realloc") (param $try i32) (result i32) unreachable))"#;

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
    rustc_with(lib, &written(FILTER, GuestLanguage::Rust), "2024")
}

fn rustc_with(lib: &str, module: &str, edition: &str) -> Result<(), String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let edition = format!("--edition={edition}");
    let options = [&edition, "--crate-type=lib", "--emit=metadata", "-Dwarnings", "lib.rs"];
    compile(&[("lib.rs", lib), ("filter.rs", module)], Command::new(rustc).args(options))
}

#[test]
fn a_guest_compiles_without_the_standard_library_and_with_any_names() {
    let lacking = AssetSettings {
        optional: Some(vec!["while".into(), "cabi_realloc".into()]),
        one_of: Some(vec!["log".into(), "host_log".into()]),
        ..AssetSettings::default()
    };
    let module = written_with(HOSTILE, &lacking, GuestLanguage::Rust);
    let lib = "
        mod filter;
        pub struct Own;
        impl filter::Guest for Own {
            fn log(operator: i32, class: i32, int: i32, int_: i32) {
                unsafe {
                    filter::host::log(operator, class, int, int_);
                    filter::env::log(1, 2, filter::self_::fn_() as f32);
                    filter::env::log_it();
                    filter::env_log::it();
                }
            }
            fn type_(unsafe_: i64) -> i64 { unsafe_ }
            fn new(_: i32, _: i32) -> i32 { 0 }
            fn unnamed() {}
            fn while_(_: i32, _: f32) {}
        }
        filter::export!(Own, while_, log);";
    for edition in ["2021", "2024"] {
        for attributes in ["", "#![no_std]", "#![warn(unused, nonstandard_style)]"] {
            let lib = format!("{attributes}{lib}");
            rustc_with(&lib, &module, edition).unwrap_or_else(|e| panic!("{e}\n{module}"));
        }
    }
    for note in [
        "/// The host does without it: a guest may leave it out.\n    fn while_(int32_t: i32, store: f32) {",
        "/// The host calls exactly one of `\"log\"`, `\"host_log\"`: a guest exports one and leaves out the \
         others.\n    fn log(",
    ] {
        assert!(module.contains(note), "{note}: {module}");
    }
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
                 filter_host_log(record, 4);
                 return filter_other_while(3, 1.0f) > 1.0;
             }}"
        )
    };
    compile(&source("int32_t")).unwrap_or_else(|error| panic!("{error}\n{header}"));
    let error = compile(&source("int64_t")).unwrap_err();
    assert!(error.contains("conflicting types for"), "{error}");
}

/// Returns a compiler of C for WebAssembly, if the machine has one.
fn clang() -> Option<std::path::PathBuf> {
    ["clang", "clang-21", "clang-20", "clang-19", "clang-18"]
        .into_iter()
        .find_map(|name| which::which(name).ok())
}

#[test]
fn a_header_of_any_names_is_one_of_c_and_of_its_successor() {
    let lacking =
        AssetSettings { optional: Some(vec!["while".into()]), ..AssetSettings::default() };
    let header = written_with(HOSTILE, &lacking, GuestLanguage::C);
    for expected in [
        "void filter_host_log_",
        "void filter_env_log(int64_t arg0, int64_t arg1, float arg2);",
        "double filter_self_fn(void);",
        "int64_t filter_type(int64_t unsafe_);",
        "void filter_log(int32_t operator_, int32_t class_, int32_t int_cb1e, int32_t int_);",
        "void filter_while(int32_t int32_t_, float store);",
        "import_name(\"a*/\\?\\?/b\")",
        "/* (func (param $int32_t i32) (param $store f32))\n   The host does without it: a guest may leave it out. */",
    ] {
        assert!(header.contains(expected), "{expected}: {header}");
    }
    let Some(clang) = clang() else { return };
    // The exports are defined with the types of the header, and all imports are used.
    let (mut definitions, mut uses) = (String::new(), String::new());
    let mut lines = header.lines();
    while let Some(attribute) = lines.find(|line| line.starts_with("__attribute__")) {
        let declaration = lines.next().unwrap().trim_end_matches(';');
        let name = declaration.split_once('(').unwrap().0.rsplit(' ').next().unwrap();
        if attribute.contains("import_name") {
            uses.push_str(&format!("(void (*)(void)){name}, "));
        } else if !attribute.contains("\"while\"") {
            let result = if declaration.starts_with("void") { "" } else { "return 0;" };
            definitions.push_str(&format!("{declaration} {{ {result} }}\n"));
        }
    }
    let source = format!(
        "#include \"filter.h\"\n{definitions}\n\
         #ifdef __cplusplus\nextern \"C\"\n#endif\nvoid (*const uses[])(void) = {{ {uses} }};\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let object = folder.path().join("guest.o");
    for language in [["-xc", "-std=c99"], ["-xc", "-std=c23"], ["-xc++", "-std=c++20"]] {
        let mut command = Command::new(&clang);
        let options = ["--target=wasm32", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"];
        command.args(options).args(language).args(["-c", "guest.c", "-o"]).arg(&object);
        let files = [("guest.c", source.as_str()), ("filter.h", header.as_str())];
        compile(&files, &mut command).unwrap_or_else(|error| panic!("{error}\n{header}"));
    }
    // A linker shows which names the module has.
    let Ok(linker) = which::which("wasm-ld").or_else(|_| which::which("wasm-ld-19")) else {
        return;
    };
    let module = folder.path().join("guest.wasm");
    let mut command = Command::new(linker);
    command.args(["--no-entry", "--export=uses", "-o"]).arg(&module).arg(&object);
    compile(&[], &mut command).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test reads its own file")]
    let bytes = std::fs::read(&module).unwrap();
    let found = wasmport::inspect::Inspection::of(&bytes).unwrap();
    let (expected, _) = interface(HOSTILE);
    for import in expected.imports {
        let mut imports = found.imports.iter();
        let is_there = imports.any(|own| own.module == import.module && own.name == import.name);
        assert!(is_there, "{import:?}");
    }
    for export in expected.exports.iter().filter(|export| export.name != "while") {
        assert!(found.exports.iter().any(|own| own.name == export.name), "{export:?}");
    }
}

#[test]
fn worlds_say_what_a_guest_may_lack() {
    let component = r#"(component
        (import "log" (func (param "line" string)))
        (core module $m
            (func (export "f"))
            (func (export "g") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (instance $themes (export "set" (func $f)))
        (export "filter" (func $f))
        (export "map" (func $f))
        (export "stop" (func $f))
        (export "demo:app/themes@0.1.0" (instance $themes)))"#;
    let lacking = AssetSettings {
        optional: Some(vec!["stop".into(), "demo:app/themes".into()]),
        one_of: Some(vec!["filter".into(), "map".into()]),
        ..AssetSettings::default()
    };
    let wit = written_with(component, &lacking, GuestLanguage::Wit);
    let one = "  /// The host calls exactly one of `\"filter\"`, `\"map\"`: a guest exports one and leaves out the \
               others.\n";
    let optional = "  /// The host does without it: a guest may leave it out.\n";
    for (note, item) in [
        (one, "export filter: func();"),
        (one, "export %map: func();"),
        (optional, "export stop: func();"),
        (optional, "export demo:app/themes@0.1.0;"),
    ] {
        assert!(wit.contains(&format!("{note}  {item}")), "{item}: {wit}");
    }
    assert!(wit.contains("\n  import log: func(line: string);"), "{wit}");
    assert_eq!(wit.matches("leave it out").count(), 2, "{wit}");
    let rust = written_with(component, &lacking, GuestLanguage::Rust);
    assert!(rust.contains(&wit), "{rust}");
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
