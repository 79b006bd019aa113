//! Messages, whole: what is wrong, where it stands, and the mend.

mod tables;

use crate::project::{Project, failure};
use std::fs;
use wasmport_build::{Importer, RequiredFeatures};

/// The message of the only failure with this asset and these settings, without the path of the project.
fn refused(wat: &str, settings: &str) -> String {
    let project = Project::with(&[("m.wat", wat.as_bytes())]);
    let report = project.import_with(settings);
    shown(&project, failure(&report).to_string())
}

/// The message of the settings.
fn refused_settings(settings: &str) -> String {
    let project = Project::with(&[]);
    shown(&project, project.settings(settings).unwrap_err().to_string())
}

/// The warnings of an import.
fn warnings(files: &[(&str, &str)], settings: &str) -> Vec<String> {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let project = Project::with(&files);
    let report = project.import_with(settings);
    assert_eq!(report.failures().count(), 0, "{:?}", report.failures().collect::<Vec<_>>());
    report.warnings.iter().map(|warning| shown(&project, warning.clone())).collect()
}

pub(crate) fn shown(project: &Project, text: String) -> String {
    text.replace(&format!("{}/", project.path().display()), "")
}

/// The message for an `api` of one line.
fn api(wat: &str, api: &str) -> String {
    let settings = format!("[[asset]]\nmatch = \"m.wat\"\napi = '''\n{api}\n'''\n");
    let error = refused(wat, &settings);
    let rest = error.strip_prefix("`assets/m.wat`: codegen: `wasmport.toml` ");
    rest.unwrap_or_else(|| panic!("{error}")).to_owned()
}

const MODULE: &str = r#"(module
    (import "env" "fetch" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) (i32.const 64))
    (func (export "free") (param i32))
    (func (export "lie") (param i32) (result i32) (local.get 0))
    (func (export "get") (param i32))
    (func (export "parse") (param i32 i32) (result i32) (i32.const 0)))"#;

#[test]
fn a_length_of_nothing_is_refused() {
    assert_eq!(
        api(MODULE, "fn lie(n: Len) -> u32;"),
        "line 4, column 1: the signature `fn lie(n: Len) -> u32` has a `Len`, which is the length of a \
         returned list or text, but it returns `u32`\n  help: remove the parameter, or take it for what it \
         is: a number is `u32`, a pointer to one `Out<u32>` or `&mut u32`"
    );
    for (text, returns) in
        [("fn get(n: Len)", "nothing"), ("fn lie(n: Len) -> &CStr", "`&CStr`, which a null ends")]
    {
        assert_eq!(
            api(MODULE, &format!("{text};")),
            format!(
                "line 4, column 1: the signature `{text}` has a `Len`, which is the length of a returned list or \
                 text, but it returns {returns}\n  help: remove the parameter, or take it for what it is: a \
                 number is `u32`, a pointer to one `Out<u32>` or `&mut u32`"
            )
        );
    }
}

#[test]
fn types_that_no_struct_defines_are_refused() {
    let structs = "struct Field { start: u32, len: u32 }\n";
    assert_eq!(
        api(MODULE, &format!("{structs}fn get() -> Vec<Feild>;")),
        "line 5, column 1: `api`: in `fn get() -> Vec<Feild>`: no struct has the name `Feild`\n  help: did \
         you mean `Field`?"
    );
    assert_eq!(
        api(MODULE, "struct Row { fields: [Cell; 2] }"),
        "line 4, column 1: `api`: in `struct Row`: no struct has the name `Cell`\n  help: declare it with \
         `struct Cell { … }`, or write the path of a type of yours, such as `crate::Cell`"
    );
    let errors = [
        "struct A { b: B } struct B { a: [A; 2] }",
        "struct A { x: u32 } struct A { x: u32 }",
        "struct A { x: u32, x: u32 }",
        "fn parse(a: u32, a: u32) -> u32;",
        "struct A { x: [u32; LEN] }",
        "fn get(x: GuestPtr<Feild>);",
        "mod env { fn fetch(x: GuestSlice<Feild>); }",
    ];
    let declare = "help: declare it with `struct Feild { … }`, or write the path of a type of yours, such as \
                   `crate::Feild`";
    assert_eq!(
        errors.map(|text| api(MODULE, text)),
        [
            "the struct `A` contains itself\n  help: guest memory has no structs of endless size: a pointer \
             inside is `u32`"
                .into(),
            "two types have the name `A`\n  help: rename one of them".into(),
            format!("in `struct A {{ x: u32, x: u32 }}`: two fields have this name\n  {SYNTAX}"),
            format!("in `fn parse(a: u32, a: u32) -> u32;`: two parameters have this name\n  {SYNTAX}"),
            format!(
                "in `struct A {{ x: [u32; LEN] }}`: the length of an array is a number, or the path of a constant \
                 such as `crate::LEN`\n  {SYNTAX}"
            ),
            format!("in `fn get(x: GuestPtr<Feild>)`: no struct has the name `Feild`\n  {declare}"),
            format!("in `fn fetch(x: GuestSlice<Feild>)`: no struct has the name `Feild`\n  {declare}"),
        ]
        .map(|error: String| format!("line 4, column 1: `api`: {error}"))
    );
    // A path is the program's own type, which rustc checks.
    let settings = "[[asset]]\nmatch = \"m.wat\"\napi = \"fn get(x: &crate::Mine); struct Arc { a: [u8; (2 * \
                    4) + 1] }\"\n";
    assert_eq!(warnings(&[("m.wat", MODULE)], settings), [""; 0]);
}

const TYPES: &str = "a type is a number, `bool`, `char`, `&str`, `String`, `&CStr`, `CString`, `&[T]`, \
                     `&mut [T]`, `Vec<T>`, `&T`, `&mut T`, `T`, `Out<T>` or `Len`, or `Option` of text, lists \
                     and references, where `T` is a number, an array or a struct; a function returns `Result` of a \
                     type and an enum of status codes if it may fail";

const SYNTAX: &str = "help: write Rust without `pub` and without bodies, such as `fn greet(name: &str) -> \
                      String;`; the page \"Signatures\" of the book has the Rust for every C declaration";

#[test]
fn types_that_cannot_be_passed_name_those_that_can() {
    assert_eq!(
        api(MODULE, "fn get() -> Result<u32, u32>;"),
        "line 4, column 1: `api`: in `fn get() -> Result<u32, u32>`: no enum has the name `u32`\n  help: declare an \
         `enum` of status codes, such as `enum Status { NotFound = 1 }`, and write `Result<…, Status>`"
    );
    assert_eq!(
        api(MODULE, "fn get();\nfn parse(\n    text: str,\n) -> u32;"),
        format!(
            "line 6, column 5: `api`: in `fn parse(text: str,) -> u32;`: `str` is passed by reference: \
             write `&str`\n  {SYNTAX}"
        )
    );
    assert_eq!(
        api(MODULE, "fn get(x: &dyn Read);"),
        format!(
            "line 4, column 1: `api`: in `fn get(x: &dyn Read);`: `&dyn Read` cannot be passed between host and \
             guest: {TYPES}\n  {SYNTAX}"
        )
    );
}

#[test]
fn what_is_no_declaration_is_said_with_its_line() {
    for (text, expected) in [
        (
            "fn get();\n\npub fn parse(a: u32, b: u32) -> u32;",
            "line 6, column 1: `api`: in `pub fn parse(a: u32, b: u32) -> u32;`: remove `pub`: the setting \
             `visibility` is for all items",
        ),
        (
            "int32_t parse(const char *text, size_t length);",
            "line 4, column 1: `api`: in `int32_t parse(const char *text, size_t length);`: expected \
             `struct`, `enum`, `fn` or `mod`",
        ),
        ("fn get() { }", "line 4, column 1: `api`: in `fn get() { }`: expected `;`"),
        ("fn get(;", "line 4, column 1: `api` is not Rust: cannot parse string into token stream"),
    ] {
        let error = api(MODULE, text);
        let (message, help) = error.split_once("\n  ").unwrap();
        assert_eq!((message, help), (expected, SYNTAX));
    }
}

#[test]
fn signatures_of_no_function_name_the_nearest() {
    assert_eq!(
        api(MODULE, "fn lie(x: u32) -> u32;\nfn prase(text: &str) -> u32;"),
        "line 5, column 1: the signature `fn prase(text: &str) -> u32` names no export with a method: \
         \"prase\"\n  help: did you mean `parse`?"
    );
    assert_eq!(
        api(MODULE, "mod evn { fn fetch(x: u32); }"),
        "line 4, column 1: `api` has signatures for the module \"evn\", from which the asset imports \
         nothing\n  help: did you mean `env`?"
    );
    assert_eq!(
        api(MODULE, "mod env {\n    fn fecth(x: u32);\n}"),
        "line 5, column 5: the signature `fn fecth(x: u32)` names no import from \"env\" with a method: \
         \"fecth\"\n  help: did you mean `fetch`?"
    );
    // In code the text has lines.
    let project = Project::with(&[("m.wat", MODULE.as_bytes())]);
    let mut settings = wasmport_build::AssetSettings::matching("m.wat");
    settings.api = Some("\nfn lie(x: u32) -> u32;\n  fn prase();".into());
    let report = project.importer().asset(settings).run(&()).unwrap();
    let error = shown(&project, failure(&report).to_string());
    assert_eq!(
        error,
        "`assets/m.wat`: codegen: `api`, line 3: the signature `fn prase()` names no export with a method: \
         \"prase\"\n  help: did you mean `parse`?"
    );
    // In a text of one line the setting has the place.
    let settings = "[[asset]]\nmatch = \"m.wat\"\napi = \"fn prase();\"\n";
    assert_eq!(
        refused(MODULE, settings),
        "`assets/m.wat`: codegen: `wasmport.toml` line 3, column 8: the signature `fn prase()` names no export \
         with a method: \"prase\"\n  help: did you mean `parse`?"
    );
}

#[test]
fn functions_that_cannot_allocate_or_free_are_refused() {
    let settings = |more: &str| {
        format!("[[asset]]\nmatch = \"m.wat\"\napi = \"fn parse(text: &str) -> u32;\"\n{more}\n")
    };
    assert_eq!(
        refused(MODULE, &settings("convention.free = \"parse\"")),
        "`assets/m.wat`: codegen: `wasmport.toml` line 4, column 12: `convention.free`: \"parse\" cannot free: with these \
         parameters it is a function `(func (param i32))`, but the asset's is `(func (param i32) (param i32) \
         (result i32))`\n  help: write the roles of its parameters, such as `malloc(size)`, `free(ptr, size)`; \
         `convention.preset` has the functions of known toolchains"
    );
    assert_eq!(
        refused(MODULE, &settings("convention.alloc = \"maloc\"")),
        "`assets/m.wat`: codegen: `wasmport.toml` line 4, column 12: `convention.alloc`: the asset exports no \
         function \"maloc\"\n  help: did you mean `malloc`?"
    );
    let wide = MODULE.replace("(export \"malloc\") (param i32)", "(export \"malloc\") (param i64)");
    assert_eq!(
        refused(&wide, &settings("")),
        "`assets/m.wat`: codegen: `wasmport.toml` line 3, column 8: the signature `fn parse(text: &str) -> \
         u32` needs a function of the guest to allocate, but the asset exports no \"malloc\" that is a \
         function `(func (param i32) (result i32))`\n  help: name the functions with `convention.alloc` and \
         `convention.free`, or choose another `convention.preset`"
    );
    // A function that frees may return a value, which nobody uses.
    let returning = MODULE.replace(
        "(export \"free\") (param i32)",
        "(export \"free\") (param i32) (result i32) (i32.const 0)",
    );
    assert_eq!(warnings(&[("m.wat", &returning)], &settings("")), [""; 0]);
}

#[test]
fn targets_are_machines_and_misspelt_ones_have_a_nearest_name() {
    assert_eq!(
        refused_settings("targets = [\"wasm32-wasip1\"]\n"),
        "`wasmport.toml`: TOML parse error at line 1, column 11\n  |\n1 | targets = [\"wasm32-wasip1\"]\n  \
         |           ^^^^^^^^^^^^^^^^^\n`wasm32-wasip1` is not a target: targets are the machines on which the \
         program runs, and not those for which a guest was built; `cargo wasmport targets` lists them\n  help: \
         docs/settings.md lists the settings"
    );
    for (target, nearest) in [
        ("x86-64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"),
        ("protable", "portable"),
        ("x86_64-unknown-linux-gnu+popcount", "popcnt"),
    ] {
        let error = refused_settings(&format!("targets = [{target:?}]\n"));
        assert!(error.ends_with(&format!("\n  help: did you mean `{nearest}`?")), "{error}");
    }
}

#[test]
fn words_that_a_setting_does_not_know_have_a_nearest_one() {
    let features = "one of `mutable-global`, `saturating-float-to-int`, `sign-extension`, `reference-types`, \
                    `multi-value`, `bulk-memory`, `simd`, `relaxed-simd`, `threads`, `tail-call`, `multi-memory`, \
                    `exceptions`, `memory64`, `extended-const`, `function-references`, `gc`, `gc-types`, \
                    `custom-page-sizes`, `component-model`, `component-model-async`, `wide-arithmetic`, \
                    `component-model-map`, `component-model-fixed-length-lists`, `component-model-implements`, \
                    `component-model-memory64`, `component-model-error-context`, \
                    `component-model-async-stackful`, `component-model-more-async-builtins`, \
                    `component-model-threading`";
    let visibility = "`public` or `crate`";
    let conventions = "one of `c`, `wasm-bindgen`, `assemblyscript`, `cabi-realloc`, `tinygo`, `fluvio`, `extism`";
    let levels = "one of `O1`, `O2`, `O3`, `O4`, `Os`, `Oz`";
    for (table, setting, word, known, nearest) in [
        ("defaults", "visibility = ", "privat", visibility, "crate"),
        ("defaults", "visibility = ", "pub", visibility, "public"),
        (
            "defaults",
            "kinds = [",
            "function",
            "one of `func`, `global`, `memory`, `table`, `tag`",
            "func",
        ),
        ("defaults", "unsupported = ", "skipp", "one of `fail`, `warn`, `skip`", "skip"),
        ("defaults", "convention.preset = ", "wasm_bindgen", conventions, "wasm-bindgen"),
        ("defaults", "legacy-exceptions = ", "translated", "`refuse` or `translate`", "translate"),
        ("defaults", "optimize.level = ", "03", levels, "O3"),
        ("defaults", "optimize.fast-math = ", "forced", "one of `no`, `yes`, `force`", "force"),
        ("import", "symlinks = ", "folow", "`inside` or `follow`", "follow"),
        ("import", "wasm-features = [", "custom-page-size", features, "custom-page-sizes"),
        ("engine", "opt-level = ", "sped", "one of `none`, `speed`, `speed-and-size`", "speed"),
    ] {
        let line = format!("{setting}{word:?}{}", if setting.ends_with('[') { "]" } else { "" });
        assert_eq!(
            refused_settings(&format!("[{table}]\n{line}\n")),
            format!(
                "`wasmport.toml`: TOML parse error at line 2, column {}\n  |\n2 | {line}\n  | {}{}\nunknown \
                 variant `{word}`, expected {known}\n  help: did you mean `{nearest}`?",
                setting.len() + 1,
                " ".repeat(setting.len()),
                "^".repeat(word.len() + 2)
            )
        );
    }
}

#[test]
fn patterns_that_match_nothing_are_said_with_line_and_nearest_name() {
    let settings = "[[asset]]\nmatch = \"m.wat\"\nexports = [\n  \"lie\",\n  \"prase\",\n]\n\
                    async-imports = [\"env/fecth\"]\nexclude-exports = [\"_*\"]\nstrip = [\"producer\", \"linking\"]\n\
                    [[asset]]\nmatch = \"n.wat\"\n";
    assert_eq!(
        warnings(&[("m.wat", MODULE)], settings),
        [
            "`m.wat`: `wasmport.toml` line 9, column 10: `strip`: `producer` is the name of no section; did you \
             mean `producers`?",
            "`wasmport.toml` line 11, column 1: `[[asset]] match = \"n.wat\"` matches no source file; did you \
             mean `m.wat`?",
            "`wasmport.toml` line 5, column 3: `exports`: `prase` matches no export of `m.wat`; did you mean \
             `parse`?",
            "`wasmport.toml` line 8, column 20: `exclude-exports`: `_*` matches no export of `m.wat`",
            "`wasmport.toml` line 7, column 18: `async-imports`: `env/fecth` matches no imported function of \
             `m.wat`; did you mean `env/fetch`?",
        ]
    );
    // A choice for several assets must match in one of them.
    let one = "(module (import \"env\" \"fetch\" (func)))";
    let settings = "[defaults]\ninfallible-imports = [\"env/fetch\", \"env/log\"]\n";
    assert_eq!(
        warnings(&[("a.wat", one), ("b.wat", "(module)")], settings),
        [
            "`wasmport.toml` line 2, column 36: `infallible-imports`: `env/log` matches no imported function \
             of the 2 assets that it is for"
        ]
    );
    let settings = "targets = [\"portable\"]\n[defaults]\ncompress = { \"protable\" = 3 }\n";
    assert_eq!(
        warnings(&[("a.wat", "(module)")], settings),
        [
            "`wasmport.toml` line 3, column 14: `compress`: `protable` matches none of the project's `targets`; did \
             you mean `portable`?"
        ]
    );
    let with = "[[asset]]\nmatch = \"m.wat\"\nwith = { evn = \"crate::host\" }\n";
    assert_eq!(
        refused(MODULE, with),
        "`assets/m.wat`: codegen: `wasmport.toml` line 3, column 10: `with` names the module `evn`, from which \
         the asset imports nothing\n  help: did you mean `env`?"
    );
}

#[test]
fn globs_that_match_nothing_are_said_with_line_and_nearest_name() {
    let files = [("experiments/new.wat", "(module)"), ("mods/a.wat", "(module)"), ("b.txt", "")];
    let settings = "[import]\ninclude = [\"mods/**\", \"mosd/a.wat\"]\n\
                    exclude = [\"experimets/**\", \"experiments/**\", \"*.txt\", \"zzzzzzzz\"]\n";
    let nothing = "matches nothing below the import roots";
    assert_eq!(
        warnings(&files, settings),
        [
            format!(
                "`wasmport.toml` line 2, column 23: `import.include`: `mosd/a.wat` {nothing}; did you mean \
                 `mods/a.wat`?"
            ),
            format!(
                "`wasmport.toml` line 3, column 12: `import.exclude`: `experimets/**` {nothing}"
            ),
            format!("`wasmport.toml` line 3, column 56: `import.exclude`: `zzzzzzzz` {nothing}"),
        ]
    );
    let settings = "[import]\nexclude = [\"experimets/**\"]\n";
    assert_eq!(
        warnings(&files, settings),
        [format!(
            "`wasmport.toml` line 2, column 12: `import.exclude`: `experimets/**` {nothing}; did you mean \
             `experiments/**`?"
        )]
    );
    // In code there is no line.
    let project = Project::with(&[("mods/a.wat", b"(module)")]);
    let report = project.importer().exclude("mod/*").run(&()).unwrap();
    assert_eq!(
        report.warnings,
        [format!("`import.exclude`: `mod/*` {nothing}; did you mean `mods/*`?")]
    );
}

#[test]
fn files_that_settings_name_have_a_line_and_a_nearest_name() {
    let main = "(component (import \"greet\" (func)))";
    let project = Project::with(&[("c.wat", main.as_bytes())]);
    for (path, text) in [
        ("deps/greeter.wat", GREETER),
        ("wit/world.wit", "package demo:app; world plugin {}"),
        ("data/words.txt", "a"),
    ] {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let error = |setting: &str| {
        let settings = format!("[[asset]]\nmatch = \"c.wat\"\n{setting}\n");
        shown(&project, failure(&project.import_with(&settings)).to_string())
    };
    let missing = "No such file or directory (os error 2)";
    assert_eq!(
        error("compose = { gret = \"deps/greeter.wat\" }"),
        "`assets/c.wat`: compose: `wasmport.toml` line 3, column 13: the component has no import `gret`: it has \
         `greet`; did you mean `greet`?"
    );
    assert_eq!(
        error("compose = { greet = \"deps/greter.wat\" }"),
        format!(
            "`assets/c.wat`: compose: `wasmport.toml` line 3, column 13: `deps/greter.wat`: cannot read \
             `deps/greter.wat`: {missing}\n  help: did you mean `deps/greeter.wat`?"
        )
    );
    assert_eq!(
        error("world = \"wti#plugin\""),
        format!(
            "`assets/c.wat`: world: `wasmport.toml` line 3, column 1: cannot find `wti`: {missing}\n  help: did \
             you mean `wit`?"
        )
    );
    #[cfg(feature = "preinit")]
    for (setting, column, path, near) in [
        ("preinit = { init = \"f\", dirs = { \"/\" = \"dat\" } }", 34, "dat", "data"),
        (
            "preinit = { init = \"f\", stdin = \"data/word.txt\" }",
            25,
            "data/word.txt",
            "data/words.txt",
        ),
    ] {
        assert_eq!(
            error(setting),
            format!(
                "`assets/c.wat`: preinit: `wasmport.toml` line 3, column {column}: cannot find `{path}`: \
                 {missing}\n  help: did you mean `{near}`?"
            )
        );
    }
}

/// Exports what another component imports.
const GREETER: &str = "(component
    (core module $m (func (export \"greet\")))
    (core instance $i (instantiate $m))
    (func (export \"greet\") (canon lift (core func $i \"greet\"))))";

#[test]
fn programs_and_keys_that_are_missing_have_a_line_and_a_nearest_name() {
    let project = Project::with(&[("m.wat", b"(module)")]);
    let folder = project.path();
    fs::create_dir(folder.join("tools")).unwrap();
    fs::write(folder.join("tools/wasm-opt-132"), "").unwrap();
    fs::write(folder.join("shared-key"), "").unwrap();
    let program =
        "[tools.wasm-opt]\npath = \"tools/wasm-opt-123\"\n[defaults]\noptimize.level = \"O2\"\n";
    let error = shown(&project, failure(&project.import_with(program)).to_string());
    assert_eq!(
        error,
        "`assets/m.wat`: optimize: `wasmport.toml` line 2, column 1: `tools/wasm-opt-123` is required: cannot \
         find binary path\n  help: did you mean `tools/wasm-opt-132`?"
    );
    for (name, help) in [
        ("share-key", "did you mean `shared-key`?"),
        (
            "quite-another",
            "put the output of `openssl rand -hex 32` into a file that only you can read, and its path into \
             `WASMPORT_CACHE_KEY_FILE`",
        ),
    ] {
        let settings = format!("[cache]\nkey-file = {name:?}\n");
        // What is up to date needs no cache.
        let _ = fs::remove_dir_all(project.out());
        let warnings = project.configured(&settings).run(&()).unwrap().warnings;
        assert_eq!(
            warnings.into_iter().map(|text| shown(&project, text)).collect::<Vec<_>>(),
            [format!(
                "the cache cannot be opened, the import continues without it: `wasmport.toml` line 2, column 1: \
                 the cache key cannot be read: `{name}` is missing\n  help: {help}"
            )]
        );
    }
}

#[test]
fn text_that_does_not_validate_is_shown() {
    assert_eq!(
        refused(
            "(module\n  (import \"a\" \"b\" (func))\n  (func $sum (param $x i64) (result i32)\n    local.get $x\n    i32.const 1\n    i32.add))\n",
            ""
        ),
        "`assets/m.wat`: validate: type mismatch: expected i32, found i64 (in function 1, `sum`)\n     \
         --> assets/m.wat:6:5\n      |\n    6 |     i32.add))\n      |     ^\n  help: correct the text, or \
         the tool that wrote it"
    );
    // Folded, without a name, and at the end of a function.
    let mend = "help: correct the text, or the tool that wrote it";
    let errors = [
        "(module (func (export \"f\") (result i32) (i32.add (i64.const 1)\n (i32.const 2))))",
        "(module (func)\n (func (result i32)))",
        "(module\n (global i32 (i64.const 1)))",
        "(module (func $f)\n (export \"a\" (func $f))\n (export \"a\" (func $f)))",
        "(module (memory 1) (memory 70000\n))",
    ];
    assert_eq!(
        errors.map(|text| refused(text, "")),
        [
            (
                "type mismatch: expected i32, found i64 (in function 0, `f`)",
                "m.wat:1:42\n      |\n    1 | (module (func (export \"f\") (result i32) (i32.add (i64.const 1)\n      \
                 |                                          ^"
            ),
            (
                "type mismatch: expected i32 but nothing on stack (in function 1)",
                "m.wat:2:3\n      |\n    2 |  (func (result i32)))\n      |   ^"
            ),
            (
                "type mismatch: expected i32, found i64 (in global 0)",
                "m.wat:2:3\n      |\n    2 |  (global i32 (i64.const 1)))\n      |   ^"
            ),
            (
                "duplicate export name `a` already defined (in export 1)",
                "m.wat:3:3\n      |\n    3 |  (export \"a\" (func $f)))\n      |   ^"
            ),
            (
                "memory size must be at most 0x10000 65536-byte pages (in memory 1)",
                "m.wat:1:21\n      |\n    1 | (module (memory 1) (memory 70000\n      |                     ^"
            ),
        ]
        .map(|(why, place)| format!(
            "`assets/m.wat`: validate: {why}\n     --> assets/{place}\n  {mend}"
        ))
    );
    // The binary format has no lines.
    let wasm = wat::parse_str("(module (func $sum (result i32) (i64.const 1)))").unwrap();
    let project = Project::with(&[("m.wasm", wasm.as_slice())]);
    assert_eq!(
        shown(&project, failure(&project.import()).to_string()),
        "`assets/m.wasm`: validate: type mismatch: expected i32, found i64 (in function 0, `sum`, at offset 0x1a)\n  \
         help: the file is damaged or incomplete, or uses a proposal that Wasmtime 48 does not know"
    );
    // `inspect` has the same message.
    project.write("n.wat", "(module\n  (func (result i32)))");
    let error = wasmport_build::inspect(&project.assets().join("n.wat"), RequiredFeatures::NONE);
    assert_eq!(
        shown(&project, error.unwrap_err().to_string()),
        format!(
            "`assets/n.wat`: validate: type mismatch: expected i32 but nothing on stack (in function 0)\n     --> \
             assets/n.wat:2:4\n      |\n    2 |   (func (result i32)))\n      |    ^\n  {mend}"
        )
    );
}

#[test]
fn structs_derive_what_their_fields_have() {
    let text = "[[asset]]\nmatch = \"m.wat\"\nderives = [\"PartialEq\", \"Default\"]\napi = '''\n\
                struct Field { start: u32, range: [f64; 2] }\n\
                struct Row { field: Field, own: crate::Own }\n\
                #[derive(Debug)] struct Cell { x: u32 }\n'''\n";
    let project = Project::with(&[("m.wat", MODULE.as_bytes())]);
    let report = project.import_with(text);
    assert_eq!(report.assets[0].error, None);
    let source = project.wrapper("m");
    for (derives, name) in [
        ("#[derive(PartialEq, Default, Debug)]", "pub struct Field"),
        ("#[derive(PartialEq, Default)]", "pub struct Row"),
        ("#[derive(PartialEq, Default)]", "pub struct Cell"),
    ] {
        let item = &source[..source.find(name).unwrap()];
        assert!(
            item[item.rfind("#[derive(Partial").unwrap()..].starts_with(derives),
            "{name}: {item}"
        );
    }
}

#[test]
fn a_skeleton_of_signatures_is_accepted() {
    let text = r#"(module
        (import "env" "log" (func (param i32 i32)))
        (import "wasi:io/a-b" "f'''" (func (result i64)))
        (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (import "js" "length" (func (param externref)))
        (memory (export "memory") 1)
        (func (export "malloc") (param i32) (result i32) (i32.const 0))
        (func (export "add") (param $left i32) (param $right i32) (result i32) (i32.const 0))
        (func (export "call-sum") (param f64))
        (func (export "two") (result i32 i32) (i32.const 0) (i32.const 0)))"#;
    let project = Project::with(&[("m.wat", text.as_bytes())]);
    let everything = wasmport_build::WasmFeature::ALL.iter().copied().collect();
    let api = wasmport_build::inspect(&project.assets().join("m.wat"), everything).unwrap().api();
    let api = api.unwrap();
    assert_eq!(
        api,
        "fn add(left: i32, right: i32) -> i32;\n\
         #[name = \"call-sum\"] fn call_sum(arg0: f64);\n\
         // \"two\": `(func (result i32) (result i32))` has no signature\n\
         \n\
         mod env {\n    fn log(arg0: i32, arg1: i32);\n}\n\
         \n\
         mod \"wasi:io/a-b\" {\n    #[name = \"f'''\"] fn f() -> i64;\n}\n"
    );
    let mut settings = wasmport_build::AssetSettings::matching("m.wat");
    settings.api = Some(api);
    let importer: Importer = project.importer().wasm_feature(wasmport_build::WasmFeature::Gc);
    let report = importer.asset(settings).run(&()).unwrap();
    assert_eq!(report.assets[0].error, None);
    assert!(project.wrapper("m").contains("fn add(&mut self, left: i32, right: i32)"));
    project.write("c.wat", "(component)");
    let component = wasmport_build::inspect(&project.assets().join("c.wat"), everything).unwrap();
    assert_eq!(component.api(), None);
}

#[test]
fn names_of_components_have_a_nearest_one() {
    let component = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/assets/components/shelf.wasm"
    ));
    let project = Project::with(&[("shelf.wasm", &component.unwrap())]);
    let error = |setting: &str| {
        let settings = format!("[[asset]]\nmatch = \"shelf.wasm\"\n{setting}\n");
        shown(&project, failure(&project.import_with(&settings)).to_string())
    };
    assert_eq!(
        error("with = { \"demo:shelf/nett\" = \"crate::Net\" }"),
        "`assets/shelf.wasm`: codegen: `wasmport.toml` line 3, column 10: `with` has `demo:shelf/nett`, which is \
         no interface and no resource that the component imports\n  help: did you mean `demo:shelf/net`?"
    );
    assert_eq!(
        error("trappable-imports = [\"demo:shelf/net\", \"demo:shelf/nte\"]"),
        "`assets/shelf.wasm`: codegen: `wasmport.toml` line 3, column 40: `trappable-imports` has \
         `demo:shelf/nte`, which is no function that the component imports\n  help: did you mean \
         `demo:shelf/net`?"
    );
    assert_eq!(
        error("store-imports = [\"demo:shelf/nte\"]"),
        "`assets/shelf.wasm`: codegen: `wasmport.toml` line 3, column 18: `store-imports` has `demo:shelf/nte`, \
         which is no function that the component imports\n  help: did you mean `demo:shelf/net`?"
    );
}

#[cfg(feature = "preinit")]
#[test]
fn a_missing_initialization_has_a_nearest_name() {
    let module = "(module (func (export \"wizer-initialize\")))";
    let settings = "[[asset]]\nmatch = \"m.wat\"\npreinit.init = \"wizer-initialise\"\n";
    assert_eq!(
        refused(module, settings),
        "`assets/m.wat`: preinit: `wasmport.toml` line 3, column 9: the export `wizer-initialise` cannot \
         initialize the module: there is no export of this name\n  help: did you mean `wizer-initialize`?"
    );
    let settings = "[[asset]]\nmatch = \"m.wat\"\n[asset.preinit]\ninit = \"wizer-initialize\"\n\
                    rename = { run = \"wizer-initialise\" }\n";
    assert_eq!(
        refused(module, settings),
        "`assets/m.wat`: preinit: `wasmport.toml` line 5, column 12: there is no export `wizer-initialise` to take \
         the place of `run`\n  help: did you mean `wizer-initialize`?"
    );
}

#[test]
fn a_missing_world_has_a_nearest_name() {
    let project = Project::with(&[("c.wat", b"(component)")]);
    fs::create_dir(project.path().join("wit")).unwrap();
    let wit = "package demo:app; world plugin {} world tool {}";
    fs::write(project.path().join("wit/world.wit"), wit).unwrap();
    let settings = "[[asset]]\nmatch = \"c.wat\"\nworld = \"wit#plugn\"\n";
    assert_eq!(
        shown(&project, failure(&project.import_with(settings)).to_string()),
        "`assets/c.wat`: world: `wasmport.toml` line 3, column 1: World `plugn` not found in package `demo:app`; did you mean \
         `plugin`?"
    );
}

#[test]
fn many_imported_values_are_said() {
    let globals: String =
        (0..2_001).map(|i| format!("(import \"js\" \"text {i}\" (global externref))")).collect();
    let module = format!("(module {globals})");
    assert_eq!(
        warnings(&[("m.wat", &module)], "[import]\nwasm-features = [\"gc\"]\n"),
        [
            "`m.wat`: it imports 2001 globals, memories, tables and tags: rustc takes long to compile a field \
             for each; lower `limits.max-wrapper-bytes` to define them in the linker instead"
        ]
    );
}
