//! Files that are not what they should be: each is its own error, and harms no other.

use crate::project::{CALC, Project, failure, failure_of, statuses, wasm};
use wasmport_build::{AssetError, Kind, Stage, Status, WasmFeature};

/// The message without the path of the folder.
fn said(error: &AssetError) -> String {
    let folder = error.path.parent().unwrap();
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn fault_01_empty_file() {
    for name in ["empty.wasm", "empty.wat"] {
        let error = failure_of(name, b"");
        assert_eq!(error.stage, Stage::Read);
        assert_eq!(
            said(&error),
            format!(
                "`{name}`: read: the file is empty (0 bytes)\n  help: write the module again: its toolchain did \
                 not finish"
            )
        );
    }
}

#[test]
fn fault_02_truncated_wasm_at_every_byte() {
    let whole = wasm(CALC);
    let project = Project::new();
    for len in 1..whole.len() {
        project.write(&format!("cut{len:03}.wasm"), &whole[..len]);
    }
    let report = project.import();
    for asset in &report.assets {
        // Cut between sections the bytes are a smaller valid module.
        let valid =
            wasmparser::validate(&whole[..asset.name[3..].parse::<usize>().unwrap()]).is_ok();
        let expected = if valid { Status::Imported } else { Status::Failed };
        assert_eq!(asset.status, expected, "{:?}", asset.error);
        if let Some(error) = &asset.error {
            let says_where =
                error.message.contains("offset") || error.message.contains("magic number");
            assert!(says_where, "{error}");
            assert!(!project.out().join(format!("{}.rs", asset.name)).exists());
            assert!(asset.artifacts.is_empty());
        }
    }
    assert!(report.count(Status::Failed) > 10);
}

#[test]
fn fault_03_invalid_text_has_line_column_and_caret() {
    let error = failure_of("bad.wat", b"(module\n  (func i32.ad))\n");
    assert_eq!(error.stage, Stage::Read);
    assert_eq!(
        said(&error),
        "`bad.wat`: read: unknown operator or unexpected token\n     --> bad.wat:2:9\n      |\n    2 |   (func \
         i32.ad))\n      |         ^"
    );
}

#[test]
fn fault_03_text_that_is_not_utf_8() {
    let error = failure_of("latin.wat", b"(module (; caf\xe9 ;))");
    assert_eq!(
        said(&error),
        "`latin.wat`: read: the file is text in another encoding than UTF-8 (not UTF-8 from byte 14 on: line 1, \
         column 15)\n  help: save it as UTF-8, such as with `iconv --from-code latin1 --to-code utf-8`"
    );
}

#[test]
fn fault_03_deeply_nested_text_is_an_error() {
    let error = failure_of("deep.wat", "(".repeat(200_000).as_bytes());
    assert_eq!(error.stage, Stage::Read);
}

#[test]
fn byte_order_mark_before_text_is_accepted() {
    let project = Project::with(&[("bom.wat", format!("\u{feff}{CALC}").as_bytes())]);
    assert_eq!(statuses(&project.import()), [("bom.wat", Status::Imported)]);
}

#[test]
fn fault_04_the_content_decides_not_the_extension() {
    let binary = wasm(CALC);
    let project = Project::with(&[("binary.wat", &binary), ("text.wasm", CALC.as_bytes())]);
    let report = project.import();
    assert_eq!(report.count(Status::Imported), 2, "{:?}", report.assets);
}

#[test]
fn fault_05_component() {
    // What a file is, its bytes say, and choices for the other kind are errors.
    let text = "(component (core module))";
    for (name, bytes) in [("a.wasm", wasm(text)), ("a.wat", text.into())] {
        let project = Project::with(&[(name, &bytes)]);
        let report = project.import();
        assert_eq!(
            (report.assets[0].kind, report.assets[0].status),
            (Kind::Component, Status::Imported)
        );
    }
    for (choice, stage, message) in [
        (
            "world = \"none.wit\"",
            Stage::World,
            "world: the file is a core module, and only components implement worlds\n  help: leave `world` out for the asset",
        ),
        (
            "compose = { \"a:b/c\" = \"none.wasm\" }",
            Stage::Compose,
            "compose: the file is a core module, and only components are composed\n  help: leave `compose` out for the asset",
        ),
    ] {
        let project = Project::with(&[("a.wat", b"(module)")]);
        let text = format!("import.roots = [\"assets\"]\n[defaults]\n{choice}");
        let report = project.import_with(&text);
        let error = failure(&report);
        assert_eq!(error.stage, stage, "{error}");
        assert_eq!(said(error), format!("`a.wat`: {message}"));
    }
    let project = Project::with(&[("a.wat", b"(component)")]);
    let report =
        project.import_with("import.roots = [\"assets\"]\n[defaults]\npreinit.init = \"init\"");
    assert_eq!(failure(&report).stage, Stage::Preinit);
}

#[test]
fn fault_06_precompiled_or_other_elf_is_refused() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let report = project.import();
    let artifact = project.out().join(&report.assets[0].artifacts[0].path);
    let artifact = std::fs::read(artifact).unwrap();
    for name in ["renamed.wasm", "renamed.wat"] {
        let error = failure_of(name, &artifact);
        assert_eq!(
            said(&error),
            format!(
                "`{name}`: read: the file is a precompiled module or another ELF file, not WebAssembly\n  help: \
                 import the `.wasm` it was made from; precompiled code is never loaded unverified"
            )
        );
    }
}

#[test]
fn fault_07_disabled_feature_is_named_with_its_setting() {
    let text = "(module (memory 1 (pagesize 1)))";
    let error = failure_of("pages.wat", text.as_bytes());
    assert_eq!(error.stage, Stage::Validate);
    assert_eq!(
        said(&error),
        "`pages.wat`: validate: the module is valid but uses features that are not enabled: custom-page-sizes (the \
         custom page sizes proposal must be enabled to customize a memory's page size (in memory 0, line 1))\n  \
         help: enable it with `wasm-features = [\"custom-page-sizes\"]` under `[import]` in wasmport.toml, \
         `--wasm-feature custom-page-sizes`, or `wasm_feature` of the builder"
    );

    let project = Project::with(&[("pages.wat", text.as_bytes())]);
    let report = project.importer().wasm_feature(WasmFeature::CustomPageSizes).run(&()).unwrap();
    assert_eq!(report.count(Status::Imported), 1, "{:?}", report.assets);
}

#[test]
fn legacy_exceptions_are_named_with_the_way_out() {
    let text = "(module (func try nop catch_all nop end))";
    let error = failure_of("old.wat", text.as_bytes());
    assert_eq!(
        said(&error),
        "`old.wat`: validate: the module uses legacy exceptions, which Wasmtime does not run (legacy_exceptions \
         feature required for try instruction (in function 0, line 1))\n  help: set `legacy-exceptions = \
         \"translate\"` for the asset in wasmport.toml, which runs Binaryen's `wasm-opt`; or build it with \
         `-fwasm-exceptions -sWASM_LEGACY_EXCEPTIONS=0` (Emscripten)"
    );
}

#[test]
fn invalid_module_says_where() {
    let error = failure_of("type.wat", b"(module (func (result i32) i64.const 0))");
    assert_eq!(error.stage, Stage::Validate);
    assert_eq!(
        said(&error),
        "`type.wat`: validate: type mismatch: expected i32, found i64 (in function 0)\n     --> type.wat:1:10\n      \
         |\n    1 | (module (func (result i32) i64.const 0))\n      |          ^\n  help: correct the text, or \
         the tool that wrote it"
    );
}

#[test]
fn all_failures_of_a_run_are_collected() {
    let project = Project::with(&[
        ("a.wasm", b""),
        ("b.wat", b"(modul)"),
        ("c.wasm", b"\0asmjunk"),
        ("d.wat", CALC.as_bytes()),
    ]);
    let report = project.import();
    assert_eq!(report.count(Status::Failed), 3);
    assert_eq!(report.count(Status::Imported), 1);
}

#[test]
fn what_was_imported_before_survives_a_failure() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    project.import();
    let before = project.outputs();
    project.write("calc.wat", "(module (func i32.ad))");
    assert_eq!(project.import().count(Status::Failed), 1);
    assert_eq!(project.outputs(), before);
    project.write("calc.wat", CALC);
    assert_eq!(statuses(&project.import()), [("calc.wat", Status::Unchanged)]);
}
