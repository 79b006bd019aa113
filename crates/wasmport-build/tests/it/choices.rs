//! What may be chosen for each asset, in code and in `wasmport.toml`.

use crate::project::{PLUGIN, Project, failure, shown, statuses};
use std::fs;
use wasmport_build::{
    AssetSettings, ExternKind, Importer, Report, RequiredFeatures, Settings, Status, Visibility,
};

fn plugin() -> Project {
    Project::with(&[("mods/plugin.wat", PLUGIN.as_bytes())])
}

/// The wrapper with these choices.
fn wrapper(settings: AssetSettings) -> String {
    let project = plugin();
    let report = project.importer().asset(settings).run(&()).unwrap();
    assert_eq!(report.assets[0].error, None);
    project.wrapper("mods/plugin")
}

#[test]
fn exports_are_chosen_by_name_and_kind() {
    let mut settings = AssetSettings::matching("mods/*.wat");
    settings.exports = Some(vec!["get_*".into(), "h*".into()]);
    settings.exclude_exports = Some(vec!["*_b".into()]);
    settings.kinds = Some(vec![ExternKind::Func, ExternKind::Memory]);
    let source = wrapper(settings);
    assert!(source.contains("pub fn get_a("));
    for absent in ["fn get_b(", "fn other(", "fn heap(", "fn memory("] {
        assert!(!source.contains(absent), "{absent}");
    }
    assert!(source.contains("# Exports without a method") && source.contains("`\"get_b\"`"));
}

#[test]
fn names_and_visibility_are_chosen() {
    let mut settings = AssetSettings::matching("**/plugin.wat");
    settings.type_name = Some("Mod".into());
    settings.prefix = Some("raw_".into());
    settings.visibility = Some(Visibility::Crate);
    let source = wrapper(settings);
    for present in [
        "pub(crate) struct Mod ",
        "asset: pub(crate) Mod {",
        "pub(crate) struct ModSession<",
        "pub fn raw_get_a(",
        "pub(crate) mod env",
        "pub(crate) static ASSET",
        "pub(crate) static INTERFACE",
    ] {
        assert!(source.contains(present), "{present}");
    }
}

#[test]
fn later_rules_win_and_add_to_earlier_ones() {
    let project = plugin();
    project.write("top.wat", "(module (func (export \"f\")))");
    let text = r#"
        [defaults]
        prefix = "d_"
        [[asset]]
        match = "mods/**"
        type-name = "First"
        prefix = "m_"
        [[asset]]
        match = "mods/plugin.wat"
        type-name = "Second"
    "#;
    let path = project.path().join("wasmport.toml");
    fs::write(&path, text).unwrap();
    let mut settings = Settings::from_file(&path).unwrap();
    settings.out_dir = project.out();
    Importer::new(settings).run(&()).unwrap();
    let plugin = project.wrapper("mods/plugin");
    assert!(plugin.contains("pub struct Second ") && plugin.contains("fn m_get_a("));
    let top = project.wrapper("top");
    assert!(top.contains("pub struct Top ") && top.contains("fn d_f("));
}

#[test]
fn a_choice_that_changes_imports_again_and_only_there() {
    let project = plugin();
    project.write("top.wat", "(module)");
    project.import();
    let mut settings = AssetSettings::matching("mods/**");
    settings.prefix = Some("x_".into());
    let report = project.importer().asset(settings).run(&()).unwrap();
    assert_eq!(
        statuses(&report),
        [("mods/plugin.wat", Status::Imported), ("top.wat", Status::Unchanged)]
    );
}

#[test]
fn hosts_fail_trap_and_wait_as_chosen() {
    let mut settings = AssetSettings::matching("**");
    settings.infallible_imports = Some(vec!["env/*".into()]);
    assert!(wrapper(settings).contains("fn now(host: &mut __rt::Access<'_, T, Self>) -> f64;"));
    let mut settings = AssetSettings::matching("**");
    settings.trap_imports = Some(vec!["*".into()]);
    assert!(wrapper(settings).contains("__rt::not_implemented(\"env\", \"now\")"));
    let mut settings = AssetSettings::matching("**");
    settings.async_imports = Some(vec!["env/now".into()]);
    let source = wrapper(settings);
    assert!(source.contains("pub async fn get_a(") && source.contains("__require_async!"));
    assert!(source.contains("impl __rt::Future<"));
}

const COMMAND: &str = r#"(module
    (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")))"#;

#[test]
fn wasi_is_given_unless_the_program_implements_it() {
    let project = Project::with(&[("it.wat", COMMAND.as_bytes())]);
    let import = |choose: fn(&mut AssetSettings)| {
        let mut settings = AssetSettings::matching("**");
        choose(&mut settings);
        project.importer().asset(settings).run(&()).unwrap()
    };
    import(|_| {});
    let given = project.wrapper("it");
    assert!(given.contains("__require_wasi!") && given.contains("Needs [WASI]"));
    assert!(!given.contains("trait Host") && given.contains("wasi: __rt::Wasi"));
    assert!(given.contains("::wasmport::Result<(__rt::Exit, T)>"));
    assert_eq!(
        wasmport_build::inspect(&project.assets().join("it.wat"), RequiredFeatures::NONE)
            .unwrap()
            .needs,
        ["wasi"]
    );
    import(|settings| settings.asynchronous = Some(true));
    assert!(project.wrapper("it").contains("wasi.link_async(linker, store)?"));
    import(|settings| settings.wasi = Some(false));
    let own = project.wrapper("it");
    assert!(!own.contains("__require_wasi!") && !own.contains("WASI"));
    assert!(own.contains("fn sched_yield(") && own.contains("::wasmport::Result<T>"));
    for contradiction in [
        |settings: &mut AssetSettings| {
            settings.api = Some("mod wasi_snapshot_preview1 { fn sched_yield() -> u32; }".into());
        },
        |settings: &mut AssetSettings| {
            settings.with = Some([("wasi_snapshot_preview1".into(), "a::b".into())].into());
        },
    ] {
        let report = import(contradiction);
        let error = failure(&report).to_string();
        assert_eq!(
            shown(&project, error),
            "`assets/it.wat`: codegen: WASI gives it `sched_yield`: say `wasi = false` to implement it in the program"
        );
    }
}

#[test]
fn more_exports_than_asked_for_are_reached_by_name_and_said() {
    let exports: String = (0..100).map(|i| format!("(export \"f{i}\" (func 0))")).collect();
    let project = Project::with(&[(
        "big.wat",
        format!("(module (func) {exports} (memory (export \"memory\") 1))").as_bytes(),
    )]);
    let mut settings = AssetSettings::matching("big.wat");
    settings.max_exports = Some(10);
    let report = project.importer().asset(settings).run(&()).unwrap();
    let warning = warning(&report);
    assert_eq!(
        warning,
        "`big.wat`: it has 101 exports: methods are generated for 10, functions last, and the program reaches the \
         others by name; choose exports with `exports`, or raise `max-exports` and `limits.max-wrapper-bytes`"
    );
    let source = project.wrapper("big");
    assert!(source.contains("fn f8(") && !source.contains("fn f9("));
    assert!(source.contains("fn memory("), "whatever else has none");
    assert!(source.contains("- `\"f99\"`: `(func)`"));
}

#[test]
fn a_small_file_makes_no_huge_wrapper() {
    // One function of 1,000 parameters under 900 names is a few kilobytes.
    let params = "i32 ".repeat(1000);
    let exports: String = (0..900).map(|i| format!("(export \"f{i}\" (func 0))")).collect();
    let text = format!("(module (func (param {params})) {exports})");
    let project = Project::with(&[("wide.wat", text.as_bytes())]);
    let report = project.import();
    assert_eq!(report.assets[0].error, None);
    let (before, after) = warning(&report).split_once(" generated for ").unwrap();
    assert_eq!(before, "`wide.wat`: it has 900 exports: methods are");
    // As many as fit.
    let (count, rest) = after.split_once(", ").unwrap();
    assert!(count.parse::<u32>().is_ok(), "{count}");
    assert_eq!(
        rest,
        "functions last, and the program reaches the others by name; choose exports with `exports`, or raise \
         `max-exports` and `limits.max-wrapper-bytes`"
    );
    assert!(project.wrapper("wide").len() < 20_000_000);
}

fn warning(report: &Report) -> &str {
    match report.warnings.as_slice() {
        [warning] => warning,
        others => panic!("expected one warning: {others:?}"),
    }
}

#[test]
fn fault_14_a_method_that_comes_to_call_another_export_is_said() {
    let project = Project::with(&[("m.wat", br#"(module (func (export "getX")))"#)]);
    assert!(project.import().warnings.is_empty());
    project.write("m.wat", r#"(module (func (export "getX")) (func (export "get_x")))"#);
    let report = project.import();
    let warning = warning(&report);
    assert_eq!(
        warning,
        "`m.wat`: the method `get_x` called the export \"getX\" and now calls \"get_x\""
    );
    project.write("m.wat", r#"(module (func (export "get_x")) (func (export "more")))"#);
    assert!(project.import().warnings.is_empty());
}

#[test]
fn the_signatures_of_a_module_may_stand_in_several_places() {
    let project = Project::with(&[(
        "m.wat",
        br#"(module (import "env" "a" (func (param i32))) (import "env" "b" (func (param i32))))"#,
    )]);
    let mut settings = AssetSettings::matching("m.wat");
    settings.api = Some("mod env { fn a(x: u32); } mod env { fn b(x: u32); }".into());
    let report = project.importer().asset(settings).run(&()).unwrap();
    assert_eq!(report.assets[0].error, None);
    assert_eq!(project.wrapper("m").matches("x: u32").count(), 2);
}

#[test]
fn choices_for_no_asset_are_said() {
    let project = plugin();
    let report = project.importer().asset(AssetSettings::matching("mod/**")).run(&()).unwrap();
    assert_eq!(warning(&report), "`[[asset]] match = \"mod/**\"` matches no source file");
}
