//! What artifacts keep for debuggers and backtraces, where the engine configuration asks for it.

use crate::project::{Project, asset};
use wasmport::engine::{RequiredFeatures, wasmtime_version};
use wasmport::wasmtime::{Instance, Store, WasmBacktrace};
use wasmport::{Asset, EngineConfig, Error, Folder, Pooling, Runtime, RuntimeOptions, support};
use wasmport_build::Target;

const FAULTY: &[u8] = include_bytes!("../../../../fixtures/assets/guests/faulty.wasm");

/// The only asset of a project, imported with this configuration for this machine.
#[expect(unsafe_code, reason = "the importer made the artifacts, in this test")]
fn import(project: &Project, source: &'static str, engine: EngineConfig) -> Asset {
    let report = project.importer().engine(engine).run(&()).unwrap();
    let report = asset(&report, source);
    let artifact = &report.artifacts[0];
    let (target, path) = (artifact.target.to_string().leak(), artifact.path.clone().leak());
    let artifacts = vec![support::file(target, artifact.bytes, artifact.blake3, path)];
    let digest = wasmport::Digest::of(source.as_bytes());
    let (version, features) = (wasmtime_version(), RequiredFeatures::NONE);
    // SAFETY: the importer has just reported the digests of its output.
    unsafe { support::asset("asset", source, digest, version, engine, features, artifacts.leak()) }
}

fn faulty(engine: EngineConfig) -> (Project, Asset) {
    let project = Project::with(&[("faulty.wasm", FAULTY)]);
    let asset = import(&project, "faulty.wasm", engine);
    (project, asset)
}

/// What a trap of the asset says.
fn backtrace(engine: EngineConfig) -> (WasmBacktrace, String) {
    let (project, asset) = faulty(engine);
    let source = Folder::new(project.out());
    let runtime = Runtime::builder(&engine).source(source).build().unwrap();
    let module = runtime.load(&asset).unwrap();
    let mut store = Store::new(runtime.engine(), ());
    let instance = Instance::new(&mut store, module.module(), &[]).unwrap();
    let ration = instance.get_typed_func::<(i32, i32), i32>(&mut store, "ration").unwrap();
    let error = ration.call(&mut store, (7, 0)).unwrap_err();
    let text = format!("{error:?}");
    (error.downcast::<WasmBacktrace>().unwrap(), text)
}

#[test]
fn backtraces_have_files_and_lines_where_the_artifact_keeps_them() {
    let (backtrace, text) = backtrace(EngineConfig::new().backtrace_details(true));
    let symbols: Vec<_> = backtrace.frames().iter().flat_map(|frame| frame.symbols()).collect();
    let found: Vec<_> = symbols
        .iter()
        .map(|symbol| (symbol.name().unwrap(), symbol.file().unwrap(), symbol.line().unwrap()))
        .collect();
    // As they stand in `fixtures/sources/c/faulty.c`.
    let expected = [("_ZN5guest5shareEii", "./faulty.c", 11), ("ration", "./faulty.c", 15)];
    assert_eq!(found, expected);
    assert!(text.contains("guest::share(int, int)\n"), "{text}");
    assert!(text.contains("at ./faulty.c:11:"), "{text}");
}

#[test]
fn without_lines_there_are_names() {
    let (backtrace, text) = backtrace(EngineConfig::new());
    assert!(backtrace.frames().iter().all(|frame| frame.symbols().is_empty()), "{text}");
    assert!(text.contains("!guest::share(int, int)") && text.contains("!ration"), "{text}");
}

#[test]
fn debuggers_find_dwarf_in_the_artifact() {
    let sections = |engine| {
        let (project, asset) = faulty(engine);
        let target = asset.artifacts()[0].target();
        let bytes = std::fs::read(project.out().join(format!("artifacts/faulty.{target}.cwasm")));
        let bytes = bytes.unwrap();
        let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
        [has(b".debug_info\0"), has(b".debug_line\0")]
    };
    assert_eq!(sections(EngineConfig::new().debug_info(true)), [true, true]);
    assert_eq!(sections(EngineConfig::new()), [false, false]);
}

/// The pooling allocator's own words, where the module does not tell what it needs.
#[test]
fn shared_memories_have_no_place_in_a_pool() {
    let engine = EngineConfig::new();
    let project = Project::with(&[("shared.wat", b"(module (memory 1 2 shared))")]);
    let asset = import(&project, "shared.wat", engine);
    let load = |pooling: Option<Pooling>| {
        let mut options = RuntimeOptions::default();
        options.pooling = pooling;
        options.target = Some(Target::host());
        let builder = Runtime::builder(&engine).options(options);
        builder.source(Folder::new(project.out())).build().unwrap().load(&asset)
    };
    load(None).unwrap();
    let error = load(Some(Pooling::default())).unwrap_err();
    assert!(matches!(&error, Error::Pooling { misfits, .. } if misfits.is_empty()), "{error:?}");
    assert!(error.to_string().contains("memory is shared"), "{error}");
    assert!(error.help().unwrap().contains("without pooling"), "{error:?}");
}

/// A module with damaged debug information, and what else tools leave behind in custom sections.
const DAMAGED: &str = r#"(module
  (func (export "f") (result i32) (i32.const 1))
  (@custom ".debug_abbrev" (after last) "\01\11\01\25\08\00\00\00")
  (@custom ".debug_info" (after last) "\0c\00\00\00\04\00\00\00\00\00\04\01\ff\ff\ff\ff")
  (@custom ".debug_line" (after last) "\ff\ff\ff\ff")
  (@custom ".debug_str" (after last) "no end"))"#;

/// A second name section that is none, one with a subsection that nobody knows, and no DWARF.
const ODD: &str = r#"(module
  (func $one (@name "same name") (export "a") (param $x (@name "it's") i32) (result i32) (local.get 0))
  (func $two (@name "same name") (export "b") (param $y (@name "it's") i32) (param $z (@name "") i32)
    (result i32) (local.get 1))
  (@custom "name" (after last) "\01\ff\ff\ff\ff\0f")
  (@custom "name" (after last) "\63\02\00\00")
  (@custom "producers" (after last) "\ff")
  (@custom ".debug_info" (after last) "\00\01\02")
  (@custom "dylink.0" (before first) "\01\04\00\00\00\00"))"#;

fn with_debug_info() -> EngineConfig {
    EngineConfig::new().debug_info(true).backtrace_details(true)
}

#[test]
fn damaged_debug_information_is_left_out_with_a_warning() {
    let engine = with_debug_info();
    let project = Project::with(&[("damaged.wat", DAMAGED.as_bytes())]);
    let report = project.importer().engine(engine).run(&()).unwrap();
    asset(&report, "damaged.wat");
    assert_eq!(
        report.warnings,
        [format!(
            "`damaged.wat`: its debug information is damaged and was left out: for {}: failed to emit DWARF \
             debug information: unexpected end of input\n  help: build the file again; `strip = \
             [\".debug_*\"]` leaves out these custom sections without a warning: \".debug_abbrev\", \
             \".debug_info\", \".debug_line\", \".debug_str\"",
            Target::host()
        )]
    );
    let imported = import(&project, "damaged.wat", engine);
    let source = Folder::new(project.out());
    let runtime = Runtime::builder(&engine).source(source).build().unwrap();
    let mut store = Store::new(runtime.engine(), ());
    let module = runtime.load(&imported).unwrap();
    let instance = Instance::new(&mut store, module.module(), &[]).unwrap();
    let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 1);

    let strip = "import.roots = [\"assets\"]\n[engine]\ndebug-info = true\n[defaults]\nstrip = \
                 [\".debug_*\"]";
    assert_eq!(project.import_with(strip).warnings, Vec::<String>::new());
    let without = "import.roots = [\"assets\"]";
    assert_eq!(project.import_with(without).warnings, Vec::<String>::new());
}

#[test]
fn odd_custom_sections_never_fail_an_import() {
    let component =
        format!("(component (core module $m {}", DAMAGED.replacen("(module", "", 1) + ")");
    let project = Project::with(&[
        ("component.wat", component.as_bytes()),
        ("empty.wat", b"(component)"),
        ("odd.wat", ODD.as_bytes()),
        ("plain.wat", br#"(module (func (export "g") (result i32) (i32.const 2)))"#),
    ]);
    for engine in [EngineConfig::new(), with_debug_info()] {
        let report = project.importer().engine(engine).run(&()).unwrap();
        assert_eq!(report.failures().count(), 0, "{:?}", report.assets);
        let warned =
            |source: &str| report.warnings.iter().any(|w| w.starts_with(&format!("`{source}`")));
        assert_eq!(warned("odd.wat"), engine.debug_info);
        assert_eq!(warned("component.wat"), engine.debug_info);
        assert!(!warned("plain.wat") && !warned("empty.wat"), "{:?}", report.warnings);
    }
    assert!(project.wrapper("odd").contains("it_s: i32"), "{}", project.wrapper("odd"));
}
