//! Messages of many inputs, whole, in files that `cargo xtask bless` writes.

use super::shown;
use crate::choices::PLUGIN;
use crate::project::{Project, failure};
use crate::schema::assert_current;
use wasmport_build::Importer;

/// Compares what is said about each input with `fixtures/cases/messages/NAME.txt`.
fn assert_said(name: &str, said: impl IntoIterator<Item = (String, String)>) {
    let entry = |(input, message): (String, String)| {
        let input: String = input.trim_end().lines().map(|line| format!("    {line}\n")).collect();
        format!("{input}\n{message}\n\n")
    };
    let text: String = said.into_iter().map(entry).collect();
    assert_current(
        &format!("fixtures/cases/messages/{name}.txt"),
        &format!("{}\n", text.trim_end()),
    );
}

/// What is said when the settings are read.
fn said_of_settings(texts: &[&str]) -> Vec<(String, String)> {
    let project = Project::new();
    let said = |text: &&str| {
        let error = project.settings(text).unwrap_err().to_string();
        ((*text).to_owned(), shown(&project, error))
    };
    texts.iter().map(said).collect()
}

#[test]
fn unknown_keys_and_values() {
    let texts = [
        "[engin]\n",
        "[engine]\nful = true\n",
        "[engine]\nfuel = 1\n",
        "targets = [\"nonsense\"]\n",
        "[import]\nroots = \"assets\"\n",
        "[import]\nwasm-features = [\"magic\"]\n",
        "not toml",
        "target = []\n",
        "[import]\nroot = []\n",
        "[import]\nout_dir = \"x\"\n",
        "[engine]\nfuell = true\n",
        "[defaults]\nstripp = []\n",
        "[defaults.optimize]\nlevle = \"O2\"\n",
        "[defaults]\noptimize.level = \"O22\"\n",
        "[defaults]\noptimize = { fastmath = \"yes\" }\n",
        "[[asset]]\nmatch = \"*\"\n[asset.preinit]\nintit = \"f\"\n",
        "[[asset]]\nmatch = \"*\"\nlimits.max-second = 1\n",
        "[defaults]\nunsupported = \"skipp\"\n",
        "[defaults]\nlegacy-exceptions = \"translated\"\n",
        "[tools.wasm-opts]\n",
        "[tools.wasm-opt]\nversions = \"1\"\n",
        "[defaults.transform]\npass = []\n",
        "[quite-another-thing]\n",
        "[[asset]]\nmatch = \"a\"\nprefx = \"x\"\n",
        "[[asset]]\nmatch = \"a\"\nlke = \"x\"\n",
    ];
    assert_said("unknown-settings", said_of_settings(&texts));
}

#[test]
fn contradictions() {
    let texts = [
        "[defaults.optimize]\nlevel = \"O2\"\nfast-math = \"yes\"\n",
        "[defaults]\noptimize.enabled = true\n",
        "[[asset]]\nmatch = \"a\"\n[[asset]]\nmatch = \"b\"\noptimize.flags = [\"-O3\"]\n",
        "[defaults]\noptimize.flags = [\"-o\"]\n",
        "[defaults]\noptimize.flags = [\"in.wasm\"]\n",
        "[defaults]\noptimize.flags = [\"--enable-simd\"]\n",
        "[defaults]\npreinit.enabled = true\n",
        "[defaults.preinit]\ninit = \"f\"\nwasi = false\nenv = { A = \"1\" }\n",
        "[defaults]\ncompress = { \"*\" = 23 }\n",
        "[defaults]\ncompress = { \"*\" = -1 }\n",
        "[defaults]\ncompress = { \"a[\" = 1 }\n",
        "[defaults]\nstrip = [\"a[\"]\n",
        "[defaults]\ntransform.passes = [\"{\"]\n",
        "[[asset]]\nmatch = \"é\"\nexports = [\"a[\"]\n",
        "[defaults]\noptimize.flags = [\"-s=2\"]\n",
        "[defaults]\noptimize.flags = [\"-all\"]\n",
        "[defaults]\nmatch = \"a\"\n",
        "[[asset]]\nprefix = \"x\"\n",
        "[[asset]]\nmatch = \"a[\"\n",
        "[defaults.preinit]\ninit = \"f\"\nenv = { A = \"1\" }\n[[asset]]\nmatch = \"a\"\npreinit.wasi = false\n",
    ];
    assert_said("contradictions", said_of_settings(&texts));
}

#[test]
fn interfaces() {
    let texts = [
        "[[interface]]\nmodule = \"plugin.wat\"\n",
        "[[interface]]\nname = \"My Plugin\"\nmodule = \"plugin.wat\"\n",
        "[[interface]]\nname = \"plugin\"\n",
        "[[interface]]\nname = \"plugin\"\nmodule = \"plugin.wat\"\nlike = \"assets/calc.wat\"\n",
        "[[interface]]\nname = \"a\"\nmodule = \"a.wat\"\n[[interface]]\nname = \"a\"\nmodule = \"b.wat\"\n",
        "[[interface]]\nname = \"plugin\"\nmodule = \"plugin.wat\"\noptimize.level = \"O2\"\n",
        "[[interface]]\nname = \"plugin\"\nmodule = \"plugin.wat\"\nmatch = \"*\"\n",
        "[[interface]]\nname = \"plugin\"\nmodule = \"plugin.wat\"\noptional = [\"a[\"]\n",
        "[[interface]]\nnam = \"plugin\"\n",
        "[defaults]\noptional = [\"*\"]\n",
        "[[asset]]\nmatch = \"*\"\nname = \"plugin\"\n",
    ];
    assert_said("interfaces", said_of_settings(&texts));
}

/// A world in a file that ends in `.wat`: the content decides.
const WIT: &str = "package a:b; world app { export run: func(); export stop: func(); }";

#[test]
fn descriptions_of_interfaces() {
    let said = [
        ("[[interface]]\nname = \"calc\"\nmodule = \"assets/calc.wat\"\n", "(module)"),
        ("[[interface]]\nname = \"plugin\"\nmodule = \"assets/cacl.wat\"\n", "(module)"),
        (
            "[[interface]]\nname = \"plugin\"\nlike = \"assets/calc.wat\"\n",
            "(module (func i32.ad))",
        ),
        ("[[interface]]\nname = \"plugin\"\nwit = \"assets/cacl.wat#app\"\n", "(module)"),
        ("[[interface]]\nname = \"plugin\"\nwit = \"assets/calc.wat#ap\"\n", WIT),
        ("[[interface]]\nname = \"plugin\"\nwit = \"assets/calc.wat\"\n", "package a:b; world w {"),
        (
            "[[interface]]\nname = \"plugin\"\nwit = \"assets/calc.wat\"\none-of = [\"rum\", \"stop\"]\n",
            WIT,
        ),
        (
            "[[interface]]\nname = \"plugin\"\nmodule = \"assets/calc.wat\"\noptional = [\"add\", \"sbu\"]\n",
            r#"(module (func (export "add")) (func (export "sub")))"#,
        ),
        (
            "[[interface]]\nname = \"plugin\"\nmodule = \"assets/calc.wat\"\none-of = [\"ad\"]\n",
            r#"(module (func (export "add")))"#,
        ),
        (
            "[[interface]]\nname = \"plugin\"\nmodule = \"assets/calc.wat\"\n",
            r#"(module (import "a" "f" (func)) (import "a" "f" (func (param i32))))"#,
        ),
    ];
    let said = said.map(|(text, calc)| {
        let project = Project::with(&[("calc.wat", calc.as_bytes())]);
        let settings = project.settings(text).unwrap();
        let message = match Importer::new(settings).run(&()) {
            Err(error) => error.to_string(),
            Ok(report) => {
                let failed = report.failures().map(|(_, error)| error.to_string());
                failed.collect::<Vec<_>>().join("\n")
            }
        };
        (text.to_owned(), shown(&project, message))
    });
    assert_said("descriptions-of-interfaces", said);
}

#[test]
fn patterns_and_roots() {
    let project = Project::new();
    let texts = [
        "[import]\ninclude = [\"a[\"]\n",
        "[import]\nexclude = [\"a[\"]\n",
        "[import]\nroots = [\"nowhere\"]\n",
    ];
    let said = texts.map(|text| {
        let error = Importer::new(project.settings(text).unwrap()).run(&()).unwrap_err();
        (text.to_owned(), shown(&project, error.to_string()))
    });
    let in_code = project.importer().include("a[").run(&()).unwrap_err().to_string();
    assert_said(
        "patterns-and-roots",
        said.into_iter().chain([("include(\"a[\")".into(), in_code)]),
    );
}

/// What is said about choices for [`PLUGIN`].
fn said_of_plugin(choices: &str) -> (String, String) {
    let project = Project::with(&[("plugin.wat", PLUGIN.as_bytes())]);
    let report = project.import_with(&format!("[[asset]]\nmatch = \"**\"\n{choices}\n"));
    (choices.to_owned(), shown(&project, failure(&report).to_string()))
}

#[test]
fn choices_that_cannot_be_followed() {
    let choices = [
        "type-name = \"not a type\"",
        "type-name = \"Self\"",
        "prefix = \"1x\"",
        "with = { env = \"no path!\" }",
        "with = { env = \"a::b\" }\napi = \"mod env { fn now() -> f64; }\"",
        "with = { nothing = \"a::b\" }",
        "convention.alloc = \"absent\"\napi = \"fn get_b();\"",
        "derives = [\"not a path\"]\napi = \"struct P { x: f64 }\"",
    ];
    assert_said("choices", choices.map(said_of_plugin));
}

#[test]
fn signatures_that_do_not_fit() {
    let signatures = [
        "fn get_a(x: i64) -> i32;",
        "fn get_a(x: &str) -> i32;",
        "fn get_a(x: &CStr) -> i32;",
        "fn absent();",
        "fn heap();",
        "fn get_b(); fn get_b();",
        "fn get_b() -> usize;",
        "fn get_a(self) -> i32;",
        "fn get_a<T>(x: i32) -> i32;",
        "fn get_b() { }",
        "\n\nunion U {}",
        "enum E {}",
        "enum E { A }",
        "enum E { A = 1, B = 1 }",
        "enum E { A = 5_000_000_000 }",
        "enum E { Other(i32), A = 1 }",
        "enum E<T> { A = 1 }",
        "enum P { A = 1 } struct P { x: i32 }",
        "enum E { A = 1 } fn get_b() -> Result<(), F>;",
        "fn get_b() -> Result<(), Refusal>;",
        "fn get_b() -> Result<i32>;",
        "enum E { A = 1 } fn get_b() -> Result<f64, E>;",
        "enum E { A = 1 } fn get_b() -> Result<&str, E>;",
        "fn get_b() -> Result<(), String>;",
        "struct P(f64);",
        "#[inline] fn get_b();",
        "mod other { fn f(); }",
        "mod env { fn now() -> &str; }",
        "mod env { fn missing(); }",
        "fn get_a(x: Option<i32>) -> i32;",
        "fn get_a(x: String) -> i32;",
        "struct Plugin { x: i32 }",
        "struct P { x: usize }",
        "struct P { x: &str }",
        "fn get_a(x: &[String]) -> i32;",
        "fn get_a(x: Out<Vec<u8>>) -> i32;",
    ];
    let said = signatures.map(|text| {
        let (_, message) = said_of_plugin(&format!("api = {text:?}"));
        (text.to_owned(), message)
    });
    assert_said("signatures", said);
}

/// A module with the functions of several conventions, of types that fit and that do not.
const CONVENTIONAL: &str = r#"(module
    (import "env" "give" (func (param i32 i32)))
    (import "env" "ask" (func (result i32 i32)))
    (memory (export "memory") 1)
    (global (export "at") i32 (i32.const 64))
    (global (export "wide") i64 (i64.const 64))
    (func (export "allocate") (param i32) (result i32) (i32.const 64))
    (func (export "release") (param i32 i32))
    (func (export "put") (param i32 i32)))"#;

#[test]
fn conventions_that_cannot_be_followed() {
    let api = "api = \"fn put(text: &str);\"";
    let choices = [
        "convention.preset = \"wasm-bindgen\"",
        "convention.alloc = \"allocate\"",
        "convention = { alloc = \"alocate\", free = \"release(ptr, size)\" }",
        "convention = { alloc = \"allocate(bytes)\", free = \"release(ptr, size)\" }",
        "convention = { alloc = \"allocate(align)\", free = \"release(ptr, size)\" }",
        "convention = { alloc = \"allocate(size, align)\", free = \"release(ptr, size)\" }",
        "convention = { alloc = \"allocate(size)\", free = \"release\" }",
        "convention = { alloc = \"allocate(size)\" }",
        "convention = { realloc = \"allocate(ptr, old, align, size)\" }",
        "convention = { realloc = \"allocate(old, size)\" }",
        "convention = { alloc = \"allocate(size)\", free = \"release(ptr, size)\", arguments = \"ptr << 32 | len\" }",
        "convention = { arguments = \"len\" }",
        "convention = { results = \"len\" }",
        "convention = { buffer = \"at\", results = \"none\" }",
        "convention = { buffer = \"at\" }",
        "convention = { buffer-size = \"64\" }",
        "convention = { buffer = \"ta\", buffer-size = \"64\" }",
        "convention = { buffer = \"at\", buffer-size = \"wide\" }",
        "convention = { preset = \"assemblyscript\", arguments = \"ptr, len\" }",
        "convention.output = \"give\"",
        "convention.output = \"env/give(all)\"",
        "convention.output = \"env/gives(ptr, len)\"",
        "convention.output = \"env/give(ptr << 32 | len)\"",
        "convention.output = \"env/ask(ptr, len)\"",
    ];
    let of_host = "api = \"mod env { fn ask() -> String; }\"";
    let said = choices
        .map(|choices| (choices, api))
        .into_iter()
        .chain([("convention = { buffer = \"at\", buffer-size = \"64\" }", of_host)]);
    let said = said.map(|(choices, api)| {
        let project = Project::with(&[("m.wat", CONVENTIONAL.as_bytes())]);
        let report = project.import_with(&format!("[[asset]]\nmatch = \"**\"\n{choices}\n{api}\n"));
        (choices.to_owned(), shown(&project, failure(&report).to_string()))
    });
    assert_said("conventions", said);
}

/// A module with functions, a memory and globals to name wrongly.
const NAMEABLE: &str = r#"(module
    (import "env" "give" (func (param i32 i32)))
    (import "env" "shared" (global i32))
    (memory (export "memory") 1 2)
    (global (export "at") i32 (i32.const 64))
    (func (export "allocate") (param i32) (result i32) (i32.const 64))
    (func (export "two") (param i32 i32) (result i32) (i32.const 64))
    (func (export "of64") (param i64) (result i32) (i32.const 64))
    (func (export "release") (param i32 i32))
    (func (export "status") (result i32) (i32.const 64))
    (func (export "put") (param i32 i32)))"#;

/// A plug-in of Extism.
const EXTISM: &str = r#"(module
    (import "env" "give" (func (param i32 i32)))
    (import "extism:host/env" "input_offset" (func (result i64)))
    (memory (export "memory") 1)
    (global (export "at") i32 (i32.const 64))
    (func (export "run") (result i32) (i32.const 0)))"#;

#[test]
fn hostile_conventions() {
    let put = "api = \"fn put(text: &str);\"";
    let functions = [
        "alloc = \"\"",
        "alloc = \"()\"",
        "alloc = \"allocate(size\"",
        "alloc = \"allocate()\"",
        "alloc = \"allocate(ptr, size)\"",
        "alloc = \"two(size, size)\"",
        "alloc = \"of64(size)\"",
        "alloc = \"memory(size)\"",
        "alloc = \"give(size)\"",
        "alloc = \"\\u001b[31m(size)\"",
        "alloc = \"allocate(\\u001b[31m)\"",
        "alloc = \"allocate\", free = \"\"",
        "alloc = \"allocate\", free = \"release(ptr, ptr)\"",
        "alloc = \"allocate\", free = \"allocate(size)\"",
        "alloc = \"allocate\", free = \"release(ptr, size)\", realloc = \"none\"",
        "realloc = \"\"",
        "realloc = \"two\"",
        "realloc = \"two(size, size)\"",
    ];
    let buffers = [
        "buffer = \"\", buffer-size = \"64\"",
        "buffer = \"memory\", buffer-size = \"64\"",
        "buffer = \"give\", buffer-size = \"64\"",
        "buffer = \"at\", buffer-size = \"\"",
        "buffer = \"at\", buffer-size = \"0\"",
        "buffer = \"at\", buffer-size = \"-1\"",
        "buffer = \"at\", buffer-size = \"0x40\"",
        "buffer = \"at\", buffer-size = \"131073\"",
        "buffer = \"at\", buffer-size = \"99999999999999\"",
        "output = \"\"",
        "output = \"/\"",
        "output = \"env/\"",
        "output = \"env/give()\"",
        "output = \"env/shared\"",
        "output = \"env/memory(ptr, len)\"",
        "ok = \"\"",
        "ok = \"zero\"",
        "ok = \">= 1\"",
        "ok = \"99999999999\"",
        "ok = \"\\u001b[31m\"",
    ];
    let presets = ["wasm-bindgen", "assemblyscript", "cabi-realloc", "tinygo"];
    let presets = presets.map(|preset| format!("preset = \"{preset}\""));
    let of_module = functions.into_iter().chain(buffers).map(str::to_owned).chain(presets);
    let of_module = of_module.map(|keys| (format!("convention = {{ {keys} }}"), put, NAMEABLE));
    let lent = "api = \"fn put(values: &mut [u8]);\"";
    let code = "api = \"enum E { A = 1 } fn status() -> Result<(), E>;\"";
    let run = "api = \"fn run(text: &str);\"";
    let others = [
        ("convention = { preset = \"cabi-realloc\", alloc = \"allocate(size)\" }", lent, NAMEABLE),
        ("convention.ok = \"1\"", code, NAMEABLE),
        ("convention.output = \"env/give\"\nwith = { env = \"crate::env\" }", put, NAMEABLE),
        ("convention.output = \"env/give\"", run, EXTISM),
        ("convention = { buffer = \"at\", buffer-size = \"64\" }", run, EXTISM),
        ("with = { \"extism:host/env\" = \"crate::env\" }", run, EXTISM),
    ];
    let others = others.map(|(choices, api, module)| (choices.to_owned(), api, module));
    let said = of_module.chain(others).map(|(choices, api, module)| {
        let project = Project::with(&[("m.wat", module.as_bytes())]);
        let report = project.import_with(&format!("[[asset]]\nmatch = \"**\"\n{choices}\n{api}\n"));
        (choices, shown(&project, failure(&report).to_string()))
    });
    assert_said("hostile-conventions", said);
}
