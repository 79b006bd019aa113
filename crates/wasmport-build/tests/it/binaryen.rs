//! The stages that run Binaryen, with the real one: whatever it gives is valid, has the same exports
//! and does the same. `WASM_OPT` says where it is.

use crate::project::{Project, wasm};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use wasmport_build::{
    AssetReport, AssetSettings, FastMath, Importer, LegacyExceptions, Optimize, OptimizeLevel,
    Report, RequiredFeatures, Settings, Stage, Status, Target, WasmFeature, inspect, interface,
};
use wasmtime::{Config, Engine, Instance, Module, Store, Val};

/// A module for each feature, which uses it in a way that stays.
const OF_EACH_FEATURE: &[(&str, &str)] = &[
    ("mutable-global", "(global (export \"g\") (mut i32) (i32.const 0))"),
    (
        "saturating-float-to-int",
        "(func (export \"f\") (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))",
    ),
    (
        "sign-extension",
        "(func (export \"f\") (param i32) (result i32) (i32.extend8_s (local.get 0)))",
    ),
    (
        "reference-types",
        "(table (export \"a\") 1 funcref) (table (export \"b\") 1 funcref)
         (func (export \"f\") (result i32) (table.grow 1 (ref.null func) (i32.const 2)))",
    ),
    (
        "multi-value",
        "(func (export \"f\") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))",
    ),
    (
        "bulk-memory",
        "(memory (export \"m\") 1) (data $d \"abc\") (func (export \"f\") (param i32)
            (memory.init $d (local.get 0) (i32.const 0) (i32.const 3))
            (memory.copy (i32.const 9) (local.get 0) (i32.const 3)))",
    ),
    (
        "simd",
        "(func (export \"f\") (param i32) (result i32) (i32x4.extract_lane 2
            (i32x4.add (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4))))",
    ),
    (
        "relaxed-simd",
        "(func (export \"f\") (param f32) (result i32) (i32x4.extract_lane 0
            (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (local.get 0)))))",
    ),
    (
        "threads",
        "(memory (export \"m\") 1 1 shared) (func (export \"f\") (param i32) (result i32)
            (i32.atomic.rmw.add (i32.const 8) (local.get 0)))",
    ),
    (
        "tail-call",
        "(func $f (export \"f\") (param i32 i32) (result i32)
            (if (result i32) (i32.gt_s (local.get 0) (i32.const 0))
                (then (return_call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 0)))
                (else (local.get 1))))",
    ),
    (
        "multi-memory",
        "(memory (export \"a\") 1) (memory (export \"b\") 1)
         (func (export \"f\") (param i32) (i32.store 1 (i32.const 4) (local.get 0)))",
    ),
    (
        "exceptions",
        "(tag $e (export \"e\") (param i32))
         (func $throws (param i32) (throw $e (local.get 0)))
         (func (export \"f\") (param i32) (result i32)
            (block $h (result i32)
                (try_table (catch $e $h) (call $throws (local.get 0))) (i32.const -1)))
         (func (export \"again\") (param i32)
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (call $throws (local.get 0))) (return))
            (throw_ref))",
    ),
    (
        "memory64",
        "(memory (export \"m\") i64 1) (table (export \"t\") i64 1 funcref)
         (func (export \"f\") (param i64) (result i32) (i32.load offset=8 (local.get 0)))",
    ),
    (
        "extended-const",
        "(import \"env\" \"base\" (global $base i32))
         (global (export \"g\") i32 (i32.add (global.get $base) (i32.const 2)))",
    ),
    (
        "function-references",
        "(type $t (func (param i32) (result i32)))
         (table $table (export \"t\") 2 (ref null $t))
         (func $double (type $t) (i32.mul (local.get 0) (i32.const 2)))
         (elem (table $table) (i32.const 0) (ref null $t) (ref.func $double))
         (func (export \"get\") (param i32) (result (ref null $t)) (table.get $table (local.get 0)))
         (func (export \"f\") (param i32) (result i32)
            (call_ref $t (local.get 0) (ref.as_non_null (table.get $table (i32.const 1)))))",
    ),
    (
        "gc",
        "(type $point (sub (struct (field $x (mut i32)) (field i32))))
         (type $named (sub $point (struct (field (mut i32)) (field i32) (field i64))))
         (type $points (array (mut (ref null $point))))
         (global $last (mut (ref null $point)) (ref.null $point))
         (func (export \"make\") (param i32) (result (ref $point))
            (global.set $last (struct.new $named (local.get 0) (i32.const 1) (i64.const 2)))
            (ref.as_non_null (global.get $last)))
         (func (export \"f\") (param i32) (result i32)
            (array.len (array.new_default $points (i32.and (local.get 0) (i32.const 15)))))
         (func (export \"is_named\") (result i32) (ref.test (ref $named) (global.get $last)))",
    ),
    (
        "gc-types",
        "(func (export \"f\") (param externref) (result externref) (local.get 0))
         (table (export \"t\") 1 externref)",
    ),
    (
        "custom-page-sizes",
        "(memory (export \"m\") 100 (pagesize 1)) (func (export \"f\") (result i32) (memory.size))",
    ),
    (
        "wide-arithmetic",
        "(func (export \"f\") (param i64 i64 i64 i64) (result i64 i64)
            (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
    ),
];

/// In the form of before the standard: values out of `try`, `catch_all`, `delegate` and `rethrow`.
const LEGACY: &str = r#"
    (tag $e (param i32))
    (func $throws (param i32)
        (if (local.get 0) (then (throw $e (local.get 0)))))
    (func (export "caught") (param i32) (result i32)
        try (result i32)
            (call $throws (local.get 0)) i32.const -1
        catch $e
            i32.const 1 i32.add
        end)
    (func (export "any") (param i32) (result i32)
        try (result i32)
            (call $throws (local.get 0)) i32.const -1
        catch_all
            i32.const 5
        end)
    (func (export "again") (param i32) (result i32)
        try (result i32)
            try $inner (result i32)
                (call $throws (local.get 0)) i32.const -1
            catch $e
                drop rethrow $inner
            end
        catch $e
            i32.const 2 i32.mul
        end)
    (func (export "past") (param i32) (result i32)
        try $outer (result i32)
            try (result i32)
                try (result i32)
                    (call $throws (local.get 0)) i32.const -1
                delegate $outer
            catch_all
                i32.const 99
            end
        catch $e
            i32.const 3 i32.sub
        end)
"#;

/// Whether there is a Binaryen. On CI there must be one.
fn has_binaryen(test: &str) -> bool {
    let is_there = std::env::var_os("WASM_OPT").is_some();
    if !is_there {
        assert!(std::env::var_os("CI").is_none(), "`WASM_OPT` must say where `wasm-opt` is");
        // Past the harness, which shows what tests print only where they fail.
        let _ = writeln!(std::io::stderr(), "\n*** SKIPPED {test}: `WASM_OPT` is not set ***\n");
    }
    is_there
}

fn everything() -> RequiredFeatures {
    WasmFeature::ALL.iter().copied().collect()
}

/// Imports as wasm, with these choices for all assets.
fn import(importer: Importer, choose: impl FnOnce(&mut AssetSettings)) -> Report {
    let mut settings = AssetSettings::matching("**");
    choose(&mut settings);
    let importer = WasmFeature::ALL.iter().fold(importer, |i, feature| i.wasm_feature(*feature));
    importer.target(Target::SOURCE).asset(settings).run(&()).unwrap()
}

fn optimized(importer: Importer, level: OptimizeLevel, fast_math: FastMath) -> Report {
    let optimize = Optimize::new().level(level).fast_math(fast_math);
    import(importer, |settings| settings.optimize = optimize)
}

/// Where the wasm of an asset is.
fn result(project: &Project, asset: &AssetReport) -> PathBuf {
    project.out().join(&asset.artifacts[0].path)
}

/// The exports by name, with types as text; types of modules are named by their numbers, which may
/// be others.
fn exports(path: &std::path::Path) -> BTreeMap<String, String> {
    let interface = inspect(path, everything()).unwrap().interface;
    let text = |export: &interface::Export| match &export.ty {
        interface::ExternType::Func(func) if !func.nominal => {
            let params: Vec<_> = func.params.iter().map(|param| &param.ty).collect();
            format!("{params:?} -> {:?}", func.results)
        }
        other => format!("{:?}", std::mem::discriminant(other)),
    };
    interface.exports.iter().map(|export| (export.name.clone(), text(export))).collect()
}

/// Every asset was optimized, and has the exports that it had.
fn assert_same_exports(project: &Project, sources: &std::path::Path, report: &Report, what: &str) {
    // Interfaces have no code.
    for asset in report.assets.iter().filter(|asset| !asset.source.contains('#')) {
        assert_eq!(asset.error, None, "{what}: {}", asset.source);
        assert_eq!(asset.status, Status::Imported);
        let stage = asset.stages.iter().find(|stage| stage.stage == Stage::Optimize).unwrap();
        assert!(stage.by.as_deref().is_some_and(|by| by.starts_with("wasm-opt ")), "{stage:?}");
        let before = exports(&sources.join(&asset.source));
        assert_eq!(exports(&result(project, asset)), before, "{what}: {}", asset.source);
    }
}

/// What calls of a module give: traps as their names.
fn calls(wasm: &[u8], calls: &[(&str, &[Val])]) -> Vec<Result<String, String>> {
    let mut config = Config::new();
    config.wasm_exceptions(true);
    let engine = Engine::new(&config).unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, wasm).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let call = |(name, args): &(&str, &[Val])| {
        let func = instance.get_func(&mut store, name).unwrap();
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        func.call(&mut store, args, &mut results)
            .map(|()| format!("{results:?}"))
            .map_err(|e| e.root_cause().to_string())
    };
    calls.iter().map(call).collect()
}

#[test]
fn every_feature_goes_through_every_level() {
    if !has_binaryen("every_feature_goes_through_every_level") {
        return;
    }
    let project = Project::new();
    for (name, text) in OF_EACH_FEATURE {
        project.write(&format!("{name}.wasm"), wasm(text));
    }
    // That each module is what it is said to be. Components have these features in their modules.
    let of_modules = |f: &&WasmFeature| !f.name().starts_with("component-model");
    for feature in WasmFeature::ALL.iter().filter(of_modules) {
        let path = project.assets().join(format!("{feature}.wasm"));
        assert!(inspect(&path, everything()).unwrap().features.contains(*feature), "{feature}");
    }
    for (level, fast_math) in [
        (OptimizeLevel::O1, FastMath::No),
        (OptimizeLevel::O3, FastMath::Force),
        (OptimizeLevel::O4, FastMath::No),
        (OptimizeLevel::Oz, FastMath::No),
    ] {
        let mut report = optimized(project.importer(), level, fast_math);
        if level == OptimizeLevel::O4 {
            let refused = report.assets.iter().position(|asset| asset.error.is_some()).unwrap();
            let refused = report.assets.swap_remove(refused);
            assert_eq!(refused.source, "exceptions.wasm");
            assert!(refused.error.unwrap().to_string().contains("level = \"O3\""));
        }
        assert_same_exports(&project, &project.assets(), &report, &format!("{level:?}"));
    }
}

#[test]
fn fixtures_stay_what_they_are() {
    if !has_binaryen("fixtures_stay_what_they_are") {
        return;
    }
    let fixtures = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    for (level, fast_math) in
        [(OptimizeLevel::O2, FastMath::Force), (OptimizeLevel::Os, FastMath::No)]
    {
        let project = Project::new();
        let mut settings = Settings::from_file(&fixtures.join("wasmport.toml")).unwrap();
        settings.targets = None;
        settings.out_dir = project.out();
        // What it gives is looked at.
        settings.assets.iter_mut().for_each(|choices| choices.compress = None);
        let report = optimized(Importer::new(settings), level, fast_math);
        assert_same_exports(&project, &fixtures.join("assets"), &report, &format!("{level:?}"));
    }
}

#[test]
fn calculations_give_what_they_gave() {
    if !has_binaryen("calculations_give_what_they_gave") {
        return;
    }
    use Val::{I32, I64};
    let float = |value: f64| Val::F64(value.to_bits());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/assets/calc.wat");
    let text = std::fs::read(path).unwrap();
    let wasm = wat::parse_bytes(&text).unwrap();
    let all: &[(&str, &[Val])] = &[
        ("add", &[I32(i32::MAX), I32(2)]),
        ("div", &[I32(-7), I32(2)]),
        ("div", &[I32(1), I32(0)]),
        ("div", &[I32(i32::MIN), I32(-1)]),
        ("divmod", &[I64(-7), I64(2)]),
        ("divmod", &[I64(1), I64(0)]),
        ("mean", &[float(0.1), float(0.2)]),
    ];
    let expected = calls(&wasm, all);
    assert_eq!(expected.iter().filter(|result| result.is_err()).count(), 3);
    let project = Project::with(&[("calc.wat", &text)]);
    use OptimizeLevel as L;
    let math = [FastMath::No, FastMath::Force].into_iter().cycle();
    for (level, fast_math) in [L::O1, L::O2, L::O3, L::O4, L::Os, L::Oz].into_iter().zip(math) {
        let report = optimized(project.importer(), level, fast_math);
        let wasm = std::fs::read(result(&project, &report.assets[0])).unwrap();
        assert_eq!(calls(&wasm, all), expected, "{level:?} {fast_math:?}");
    }
}

#[test]
fn exceptions_of_before_the_standard_are_translated() {
    if !has_binaryen("exceptions_of_before_the_standard_are_translated") {
        return;
    }
    let project = Project::with(&[("legacy.wasm", &wasm(LEGACY))]);
    let report = import(project.importer(), |_| {});
    assert!(report.assets[0].error.is_some(), "they are refused where nothing is said");
    let names = ["caught", "any", "again", "past"];
    let args = [[Val::I32(0)], [Val::I32(7)]];
    let all: Vec<(&str, &[Val])> =
        names.iter().flat_map(|name| args.iter().map(move |args| (*name, &args[..]))).collect();
    let expected = ["-1", "8", "-1", "5", "-1", "14", "-1", "4"];
    let expected = expected.map(|number| Ok(format!("[I32({number})]")));
    for optimize in [Optimize::new(), Optimize::new().level(OptimizeLevel::O3)] {
        let report = import(project.importer(), |settings| {
            settings.legacy_exceptions = Some(LegacyExceptions::Translate);
            settings.optimize = optimize.clone();
        });
        let asset = &report.assets[0];
        assert_eq!(asset.error, None, "{optimize:?}");
        assert!(asset.stages.iter().any(|stage| stage.stage == Stage::Translate));
        let wasm = std::fs::read(result(&project, asset)).unwrap();
        assert_eq!(calls(&wasm, &all), expected, "{optimize:?}");
    }
}

#[test]
fn modules_in_components_are_optimized() {
    if !has_binaryen("modules_in_components_are_optimized") {
        return;
    }
    let project = Project::new();
    let sources =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/assets/components");
    for name in ["shelf.wasm", "command.wasm"] {
        project.write(name, std::fs::read(sources.join(name)).unwrap());
    }
    let report = optimized(project.importer(), OptimizeLevel::Oz, FastMath::No);
    let world = |path: &std::path::Path| {
        let wit = inspect(path, everything()).unwrap().interface.wit.unwrap();
        // Worlds are called after their files.
        wit.split_once('{').unwrap().1.to_string()
    };
    for asset in &report.assets {
        assert_eq!(asset.error, None, "{}", asset.source);
        let stage = asset.stages.iter().find(|stage| stage.stage == Stage::Optimize).unwrap();
        assert!(stage.after < stage.before, "{stage:?}");
        assert_eq!(world(&result(&project, asset)), world(&sources.join(&asset.source)));
    }
}
