//! Registries: pushed, pulled, added, fetched and updated, over a registry that fails in every way.

use crate::registry::{Lie, Registry};
use crate::{CALC, code, json, program, project};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmport::registry::{Credentials, Reference, RegistryOptions, Sha256};
use wasmport::signature::TrustedKeys;
use wasmport::{Bundle, EngineConfig, Error, Runtime};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A module that wants files and a function of the program.
const GREEDY: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "env" "log" (func (param i32)))
    (memory (export "memory") 1)
    (func (export "one") (result i32) (i32.const 1)))"#;

/// A component that imports and exports something.
const PART: &str = r#"(component
    (import "demo:app/log@1.0.0" (instance (export "print" (func))))
    (import "run" (func $run))
    (export "go" (func $run)))"#;

/// Two components, of which one imports what the other exports.
const DOUBLE: &str = r#"(component
    (import "demo:math/add@0.1.0" (instance $add
        (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
    (core func $add (canon lower (func $add "add")))
    (core module $m (import "add" "add" (func $add (param i32 i32) (result i32)))
        (func (export "double") (param i32) (result i32)
            (call $add (local.get 0) (local.get 0))))
    (core instance $imports (export "add" (func $add)))
    (core instance $i (instantiate $m (with "add" (instance $imports))))
    (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double"))))"#;

const ADDER: &str = r#"(component
    (core module $m (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
    (instance $exports (export "add" (func $add)))
    (export "demo:math/add@0.1.0" (instance $exports)))"#;

/// A project, keys and sources beside it, and a registry.
struct Bench {
    registry: Registry,
    project: TempDir,
    files: TempDir,
}

impl Bench {
    fn new(has_referrers: bool) -> Self {
        let (registry, project) =
            (Registry::start(has_referrers), project(&[("assets/.keep", "")]));
        let files = tempfile::tempdir().unwrap();
        let sources = [("calc", CALC), ("greedy", GREEDY), ("part", PART), ("empty", "(module)")];
        for (name, text) in sources {
            let path = files.path().join(format!("{name}.wasm"));
            fs::write(path, wat::parse_str(text).unwrap()).unwrap();
        }
        Self { registry, project, files }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program();
        command.args(args).current_dir(self.project.path());
        // Nobody's credentials.
        command.env("DOCKER_CONFIG", self.files.path()).env_remove("WASMPORT_REGISTRY");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that succeeds, and returns what it prints.
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(code(&output), 0, "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that fails with a code, and returns what it says.
    fn fails(&self, expected: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(code(&output), expected, "{args:?}: {}", errors(&output));
        let text = errors(&output);
        assert!(text.contains("\n  help: "), "{text}");
        text
    }

    /// Pushes a source, and returns the result.
    fn push(&self, name: &str, file: &str) -> Value {
        let path = self.file(file);
        let reference = self.registry.reference(name);
        let args = ["push", &reference, path.to_str().unwrap(), "--format", "json"];
        serde_json::from_str(&self.done(&args)).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.project.path().join(path)
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.path("wasmport.lock")).unwrap_or_default()
    }

    fn key(&self, name: &str) -> String {
        let path = self.file(name);
        if !path.exists() {
            assert_eq!(code(&program().args(["key", "new"]).arg(&path).output().unwrap()), 0);
        }
        let public = fs::read_to_string(path.with_extension("pub")).unwrap();
        public.lines().last().unwrap().to_owned()
    }

    /// Imports `calc.wasm`, and pushes a bundle of it. Returns the result.
    fn push_bundle(&self, name: &str, key: &str, args: &[&str]) -> Value {
        let _ = self.key(key);
        let _ = fs::copy(self.file("calc.wasm"), self.path("assets/calc.wasm")).unwrap();
        self.done(&["import"]);
        let (bundle, key) = (self.file("out.wasmbundle"), self.file(key));
        let fixed =
            ["bundle", "--output", bundle.to_str().unwrap(), "--key", key.to_str().unwrap()];
        self.done(&[&fixed, args].concat());
        self.push(name, "out.wasmbundle")
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Calls the function `one` of a module in a bundle.
fn call(bundle: &Bundle) -> i32 {
    let runtime = Runtime::new(&EngineConfig::new()).unwrap();
    let module = runtime.load_bundled::<wasmport::wasmtime::Module>(bundle, "calc").unwrap();
    let mut store = module.runtime().store(());
    let instance = wasmport::wasmtime::Instance::new(&mut store, module.module(), &[]).unwrap();
    let function = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
    function.call(&mut store, ()).unwrap()
}

/// Opens a bundle like a program.
fn open(reference: &str, key: &str, generation: u64) -> wasmport::Result<Bundle> {
    open_with(reference, key, generation, Credentials::Anonymous)
}

fn open_with(
    reference: &str,
    key: &str,
    generation: u64,
    credentials: Credentials,
) -> wasmport::Result<Bundle> {
    let reference: Reference = reference.parse().unwrap();
    let keys = TrustedKeys::new([key]).unwrap().minimum_generation(generation);
    let options = RegistryOptions::new().credentials(credentials).timeout(Duration::from_secs(10));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Bundle::from_oci(&reference, &keys, &options))
}

#[test]
fn sources_have_the_layout_of_the_cncf_and_the_same_bytes_each_time() {
    let bench = Bench::new(true);
    let pushed = bench.push("demo/calc:1", "calc.wasm");
    let manifest = bench.registry.manifest("demo/calc/1").unwrap();
    let calc = fs::read(bench.file("calc.wasm")).unwrap();
    assert_eq!(manifest["mediaType"], MANIFEST);
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0]["mediaType"], "application/wasm");
    assert_eq!(layers[0]["digest"], Sha256::of(&calc).to_string());
    assert_eq!(layers[0]["size"], calc.len());
    let config = |manifest: &Value, repository: &str| -> Value {
        let digest = manifest["config"]["digest"].as_str().unwrap();
        serde_json::from_slice(&bench.registry.blob(&format!("{repository}/{digest}"))).unwrap()
    };
    let expected = json!({
        "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip1",
        "layerDigests": [Sha256::of(&calc).to_string()],
    });
    assert_eq!(config(&manifest, "demo/calc"), expected);
    assert_eq!(bench.push("demo/calc:2", "calc.wasm")["manifest"], pushed["manifest"]);
    // A time that somebody wants, and none that is none.
    let (reference, calc) = (bench.registry.reference("demo/calc:3"), bench.file("calc.wasm"));
    let args = ["push", &reference, calc.to_str().unwrap(), "--created"];
    bench.done(&[&args[..], &["2026-01-02T03:04:05Z"]].concat());
    let dated = config(&bench.registry.manifest("demo/calc/3").unwrap(), "demo/calc");
    assert_eq!(dated["created"], "2026-01-02T03:04:05Z");
    assert!(bench.fails(2, &[&args[..], &["yesterday"]].concat()).contains("no time"));
    // A component names what it imports and exports.
    bench.push("demo/part:1", "part.wasm");
    let part = config(&bench.registry.manifest("demo/part/1").unwrap(), "demo/part");
    assert_eq!(part["os"], "wasip2");
    assert_eq!(
        part["component"],
        json!({ "exports": ["go"], "imports": ["demo:app/log@1.0.0", "run"] })
    );
    // The way back.
    let (reference, out) = (bench.registry.reference("demo/part:1"), bench.file("back.wasm"));
    bench.done(&["pull", &reference, "--source", "--output", out.to_str().unwrap()]);
    assert_eq!(fs::read(out).unwrap(), fs::read(bench.file("part.wasm")).unwrap());
}

#[test]
fn other_files_are_not_pushed() {
    let bench = Bench::new(true);
    let reference = bench.registry.reference("demo/calc:1");
    for (text, expected) in [
        ("(module)", "text format"),
        ("", "neither WebAssembly nor a bundle"),
        ("\0asm\x01", "push a valid module"),
    ] {
        let path = bench.file("other");
        fs::write(&path, text).unwrap();
        let said = bench.fails(2, &["push", &reference, path.to_str().unwrap()]);
        assert!(said.contains(expected), "{said}");
    }
    let fixed = bench.registry.reference(&format!("demo/calc@{}", Sha256::of(b"")));
    let calc = bench.file("calc.wasm");
    assert!(bench.fails(2, &["push", &fixed, calc.to_str().unwrap()]).contains("push to a tag"));
    let output = bench.run(&["push", "no-host", calc.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(errors(&output).contains("no host"), "{}", errors(&output));
    let missing = bench.run(&["push", &reference, "/nowhere/file"]);
    assert_eq!(code(&missing), 1);
    assert_eq!(bench.registry.requests(), 0, "nothing of it reaches the registry");
}

#[test]
fn bundles_refer_to_their_source_and_the_newest_that_counts_is_taken() {
    for has_referrers in [true, false] {
        let bench = Bench::new(has_referrers);
        let source = bench.push("demo/calc:1", "calc.wasm");
        let subject = source["manifest"].as_str().unwrap();
        let mut newest = Value::Null;
        for generation in ["3", "12", "5"] {
            let pushed = bench.push_bundle("demo/calc:1", "ours", &["--generation", generation]);
            assert_eq!(pushed["subject"], subject);
            assert_eq!(pushed["listed_by"], if has_referrers { "registry" } else { "tag" });
            if generation == "12" {
                newest = pushed["manifest"].clone();
            }
        }
        let manifest = bench.registry.manifest(&format!("demo/calc/{}", newest.as_str().unwrap()));
        let manifest = manifest.unwrap();
        assert_eq!(manifest["artifactType"], "application/vnd.wasmport.bundle.v1");
        assert_eq!(manifest["subject"]["digest"], subject);
        assert_eq!(manifest["subject"]["mediaType"], MANIFEST);
        assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.empty.v1+json");
        let annotations = &manifest["annotations"];
        assert_eq!(annotations["io.github.wasmport.bundle.generation"], "12");
        assert!(
            annotations["io.github.wasmport.bundle.wasmtime"].as_str().unwrap().starts_with("48.")
        );
        // The tag lists the bundles if the registry does not, once each.
        let again = bench.push("demo/calc:1", "out.wasmbundle");
        let tag = bench.registry.manifest(&format!("demo/calc/{}", subject.replace(':', "-")));
        assert_eq!(tag.is_none(), has_referrers);
        if let Some(index) = tag {
            assert_eq!(index["mediaType"], INDEX);
            let listed = index["manifests"].as_array().unwrap();
            assert_eq!(listed.len(), 3);
            let of = |digest: &Value| listed.iter().filter(|m| m["digest"] == *digest).count();
            assert_eq!((of(&newest), of(&again["manifest"])), (1, 1));
            let entry = listed.iter().find(|m| m["digest"] == newest).unwrap();
            assert_eq!(entry["artifactType"], manifest["artifactType"]);
            assert_eq!(entry["annotations"], manifest["annotations"]);
        }
        // A stranger, and one whose time is over, have higher numbers.
        bench.push_bundle("demo/calc:1", "stranger", &["--generation", "99"]);
        bench.push_bundle("demo/calc:1", "ours", &["--generation", "98", "--days", "0"]);
        let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
        let out = bench.file("in.wasmbundle");
        let pull = ["pull", &reference, "--output", out.to_str().unwrap(), "--format", "json"];
        let with_key = [&pull[..], &["--trusted-key", &key]].concat();
        let pulled: Value = serde_json::from_str(&bench.done(&with_key)).unwrap();
        assert_eq!((&pulled["manifest"], &pulled["generation"]), (&newest, &json!(12)));
        assert_eq!(pulled["subject"], subject);
        let keys = TrustedKeys::new([&key]).unwrap();
        assert_eq!(call(&Bundle::open(&out, &keys).unwrap()), 1);
        // The same for a program, by tag and by digest.
        let by_digest = bench.registry.reference(&format!("demo/calc@{subject}"));
        for reference in [&reference, &by_digest] {
            let bundle = open(reference, &key, 0).unwrap();
            assert_eq!((bundle.generation(), call(&bundle)), (12, 1));
        }
        // Keys of the settings, which have to be some.
        fs::remove_file(&out).unwrap();
        assert!(bench.fails(2, &pull).contains("no key is trusted"));
        let settings = format!("[cache.remote]\ntrusted-keys = [\"{key}\"]\n");
        fs::write(bench.path("wasmport.toml"), settings).unwrap();
        bench.done(&pull);
        // Bundles that do not count, each with its reason.
        let said = bench.fails(1, &[&with_key[..], &["--minimum-generation", "13"]].concat());
        for reason in ["which is not trusted", "has expired", "13 is the lowest"] {
            assert!(said.contains(reason), "{reason}: {said}");
        }
        let said = bench.fails(1, &[&with_key[..], &["--wasmtime", "47"]].concat());
        assert!(said.contains("counts for Wasmtime 47"), "{said}");
        let refused = open(&reference, &key, 13).unwrap_err();
        assert!(
            matches!(refused, Error::Registry(_))
                && refused.to_string().contains("13 is the lowest")
        );
    }
}

#[test]
fn a_list_that_lies_about_bundles_does_not_choose_them() {
    let bench = Bench::new(false);
    let source = bench.push("demo/calc:1", "calc.wasm");
    let tag = source["manifest"].as_str().unwrap().replace(':', "-");
    for generation in ["3", "4"] {
        bench.push_bundle("demo/calc:1", "ours", &["--generation", generation]);
    }
    let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
    // Somebody who may write the list says that the old one is the newest.
    let mut index = bench.registry.manifest(&format!("demo/calc/{tag}")).unwrap();
    index["manifests"][0]["annotations"]["io.github.wasmport.bundle.generation"] = json!("9");
    bench.registry.place("demo/calc", &tag, &index);
    assert_eq!(open(&reference, &key, 0).unwrap().generation(), 4);
    // Bundles of another source do not count here.
    bench.push("demo/calc:2", "empty.wasm");
    let other = bench.registry.digest("demo/calc/2").to_string().replace(':', "-");
    bench.registry.place("demo/calc", &other, &index);
    let refused = open(&bench.registry.reference("demo/calc:2"), &key, 0).unwrap_err().to_string();
    assert!(
        refused.contains("refers to another manifest") || refused.contains("no manifest"),
        "{refused}"
    );
    // Who pushes does not replace what is no list.
    let no_list = bench.registry.manifest("demo/calc/1").unwrap();
    bench.registry.place("demo/calc", &tag, &no_list);
    let bundle = bench.file("out.wasmbundle");
    let said = bench.fails(1, &["push", &reference, bundle.to_str().unwrap()]);
    assert!(said.contains("not an index"), "{said}");
    assert_eq!(bench.registry.manifest(&format!("demo/calc/{tag}")).unwrap(), no_list);
}

#[test]
fn bundles_of_other_sources_do_not_count() {
    let bench = Bench::new(false);
    let source = bench.push("demo/calc:1", "calc.wasm");
    bench.push_bundle("demo/calc:1", "ours", &["--generation", "3"]);
    let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
    // Another source of the same producer, imported by the same name.
    fs::copy(bench.file("greedy.wasm"), bench.file("calc.wasm")).unwrap();
    bench.push("demo/other:1", "greedy.wasm");
    let other = bench.push_bundle("demo/other:1", "ours", &["--generation", "99"]);
    let manifest = format!("demo/other/{}", other["manifest"].as_str().unwrap());
    let mut manifest = bench.registry.manifest(&manifest).unwrap();
    let bundle = fs::read(bench.file("out.wasmbundle")).unwrap();
    bench.registry.place_blob("demo/calc", &bundle);
    // Who controls the registry says that it refers to the first.
    manifest["subject"]["digest"] = source["manifest"].clone();
    let placed = bench.registry.place("demo/calc", "placed", &manifest);
    let tag = source["manifest"].as_str().unwrap().replace(':', "-");
    let mut index = bench.registry.manifest(&format!("demo/calc/{tag}")).unwrap();
    let mut entry = index["manifests"][0].clone();
    entry["digest"] = json!(placed.to_string());
    entry["annotations"] = manifest["annotations"].clone();
    index["manifests"].as_array_mut().unwrap().push(entry);
    bench.registry.place("demo/calc", &tag, &index);
    assert_eq!(open(&reference, &key, 0).unwrap().generation(), 3);
    let refused = open(&reference, &key, 4).unwrap_err().to_string();
    assert!(refused.contains("no asset of it was compiled from"), "{refused}");
    // Nor is it pushed there.
    let bundle = bench.file("out.wasmbundle");
    let said = bench.fails(1, &["push", &reference, bundle.to_str().unwrap()]);
    assert!(said.contains("no asset of the bundle was compiled from"), "{said}");
}

#[test]
fn junk_and_missing_generations_do_not_hide_the_newest_bundle() {
    let bench = Bench::new(false);
    let source = bench.push("demo/calc:1", "calc.wasm");
    for generation in ["3", "12", "5"] {
        bench.push_bundle("demo/calc:1", "ours", &["--generation", generation]);
    }
    let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
    let tag = source["manifest"].as_str().unwrap().replace(':', "-");
    let good = bench.registry.manifest(&format!("demo/calc/{tag}")).unwrap();
    let generation = "io.github.wasmport.bundle.generation";
    // The list does not say the generation of all, of all but the oldest, or of the newest.
    for unnamed in [0..3, 1..3, 1..2] {
        let mut index = good.clone();
        for entry in &mut index["manifests"].as_array_mut().unwrap()[unnamed.clone()] {
            entry["annotations"].as_object_mut().unwrap().remove(generation);
        }
        bench.registry.place("demo/calc", &tag, &index);
        assert_eq!(open(&reference, &key, 0).unwrap().generation(), 12, "{unnamed:?}");
    }
    // Others that do not exist, are malformed, or are what their digest does not name.
    let junk = |number: usize| {
        let digest = match number % 3 {
            0 => Sha256::of(&number.to_le_bytes()),
            1 => bench.registry.place(
                "demo/calc",
                "junk",
                &json!({ "mediaType": MANIFEST, "n": number }),
            ),
            _ => {
                let layer = json!({
                    "mediaType": "application/vnd.wasmport.bundle.v1.tar", "size": 1_u64 << 60,
                    "digest": Sha256::of(&number.to_le_bytes()).to_string(),
                });
                bench.registry.place("demo/calc", "junk", &json!({
                    "schemaVersion": 2, "mediaType": MANIFEST, "layers": [&layer], "config": &layer,
                    "subject": { "mediaType": MANIFEST, "size": 1, "digest": source["manifest"] },
                }))
            }
        };
        let mut entry = good["manifests"][0].clone();
        entry["digest"] = json!(digest.to_string());
        entry["annotations"][generation] = json!((100 + number).to_string());
        entry
    };
    for (count, counts) in [(20, true), (70, false)] {
        let mut index = good.clone();
        index["manifests"].as_array_mut().unwrap().splice(0..0, (0..count).map(junk));
        bench.registry.place("demo/calc", &tag, &index);
        let opened = open(&reference, &key, 0);
        match counts {
            true => assert_eq!(opened.unwrap().generation(), 12),
            // What hides it is said.
            false => {
                assert!(opened.unwrap_err().to_string().contains("9 others, which may be newer"))
            }
        }
    }
    // A registry that does not answer ends it.
    bench.registry.lie(Lie::Status(403));
    assert!(open(&reference, &key, 0).unwrap_err().to_string().contains("403"));
}

#[test]
fn a_registry_that_lies_costs_a_bounded_time_and_nothing_else() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    bench.push_bundle("demo/calc:1", "ours", &[]);
    fs::remove_file(bench.path("assets/calc.wasm")).unwrap();
    let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
    let by_digest = bench.registry.digest("demo/calc/1");
    let by_digest = bench.registry.reference(&format!("demo/calc@{by_digest}"));
    let out = bench.file("in");
    let out = out.to_str().unwrap();
    for (lie, expected) in [
        (Lie::Silence, "did not answer within 2 s"),
        (Lie::Trickle, "did not answer within 2 s"),
        (Lie::Page, "of the type `text/html`"),
        (Lie::Status(500), "the status 500: {\"errors\": \"an error\"}"),
        (Lie::Status(403), "refuses the access (403)"),
        (Lie::Status(404), "has no manifest"),
        (Lie::Blob, "its digest is wrong"),
        (Lie::Manifest, "its digest is wrong"),
        (Lie::EndlessManifest, "larger than 4194304 bytes"),
        (Lie::EndlessBlob, "it is larger than"),
        (Lie::LargeManifest, "larger than 4194304 bytes"),
        (Lie::Type, "and the registry says `application/vnd.docker."),
        (Lie::Loop, "too many redirects"),
        (Lie::Token, "its server of tokens sends none"),
    ] {
        bench.registry.lie(lie);
        let bundle = ["pull", &reference, "--output", out, "--trusted-key", &key, "--timeout", "2"];
        let source = ["pull", &by_digest, "--source", "--output", out, "--timeout", "2"];
        let add = ["add", &reference, "--yes", "--timeout", "2"];
        for args in [&bundle[..], &source, &add] {
            let start = Instant::now();
            let said = bench.fails(1, args);
            assert!(said.contains(expected), "{lie:?} {args:?}: {said}");
            assert!(said.contains("127.0.0.1") && said.len() < 1_000, "{said}");
            assert!(start.elapsed() < Duration::from_secs(5), "{lie:?} {:?}", start.elapsed());
        }
        assert!(!Path::new(out).exists() && !bench.path("assets/calc.wasm").exists(), "{lie:?}");
        assert!(!bench.lock().contains("pin"), "{lie:?}");
    }
    bench.registry.lie(Lie::None);
    // What is larger than the arguments allow is not even asked for.
    let said =
        bench.fails(1, &["pull", &big(&bench), "--source", "--output", out, "--max-mib", "1"]);
    assert!(said.contains("larger than 1048576 bytes"), "{said}");
    bench.done(&["pull", &reference, "--source", "--output", out]);
}

/// Names a source that says that it is large.
fn big(bench: &Bench) -> String {
    let mut manifest = bench.registry.manifest("demo/calc/1").unwrap();
    manifest["layers"][0]["size"] = json!(2 << 20);
    bench.registry.place("demo/calc", "big", &manifest);
    bench.registry.reference("demo/calc:big")
}

#[test]
fn what_is_added_is_listed_pinned_and_imported_without_the_network() {
    let mut bench = Bench::new(true);
    let pushed = bench.push("demo/greedy:1", "greedy.wasm");
    let reference = bench.registry.reference("demo/greedy:1");
    // Nobody accepts it: it is listed, and nothing is written.
    let output = bench.run(&["add", &reference]);
    assert_eq!(code(&output), 2);
    assert!(errors(&output).contains("--yes"), "{}", errors(&output));
    let listed = String::from_utf8(output.stdout).unwrap();
    for line in [
        "  files: reads and writes in folders that the program opens for it (path_open)",
        "  the program: functions of \"env\" (env)",
        "  \"env\" \"log\": (func (param i32))",
        "  \"one\": (func (result i32))",
        pushed["layer"].as_str().unwrap(),
    ] {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    assert!(!bench.path("assets/greedy.wasm").exists() && bench.lock().is_empty());
    let added: Value =
        serde_json::from_str(&bench.done(&["add", &reference, "--yes", "--format", "json"]))
            .unwrap();
    assert_eq!((&added["added"], &added["file"]), (&json!(true), &json!("assets/greedy.wasm")));
    let kinds: Vec<&Value> =
        added["contents"]["capabilities"].as_array().unwrap().iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, [&json!("files"), &json!({ "host": "env" })]);
    let bytes = fs::read(bench.file("greedy.wasm")).unwrap();
    assert_eq!(fs::read(bench.path("assets/greedy.wasm")).unwrap(), bytes);
    let pin = format!(
        "\n[[pin]]\nfile = \"assets/greedy.wasm\"\nreference = \"{reference}\"\nmanifest = {}\nlayer = {}\nblake3 = \"{}\"\n",
        pushed["manifest"],
        pushed["layer"],
        wasmport::Digest::of(&bytes)
    );
    assert!(bench.lock().ends_with(&pin), "{}", bench.lock());
    // Without the network: imports keep the pin, and do not touch the file again.
    let requests = bench.registry.requests();
    bench.registry.stop();
    bench.done(&["import"]);
    let locked = bench.lock();
    assert!(
        locked.contains("[[asset]]\nsource = \"greedy.wasm\"") && locked.ends_with(&pin),
        "{locked}"
    );
    bench.done(&["import", "--locked"]);
    bench.done(&["check", "--locked"]);
    assert_eq!(bench.lock(), locked);
    // Changed by hand.
    fs::write(bench.path("assets/greedy.wasm"), wat::parse_str("(module)").unwrap()).unwrap();
    let found = wasmport::Digest::of(&wat::parse_str("(module)").unwrap()).to_string();
    for args in [&["import"][..], &["check"], &["import", "--locked"], &["fetch"]] {
        let said = bench.fails(1, args);
        let digests = [found.clone(), wasmport::Digest::of(&bytes).to_string()];
        assert!(digests.iter().all(|digest| said.contains(digest)), "{args:?}: {said}");
    }
    // Missing: the import says what to do, and the cache has it.
    fs::remove_file(bench.path("assets/greedy.wasm")).unwrap();
    for command in ["import", "check"] {
        assert!(bench.fails(1, &[command]).contains("run `cargo wasmport fetch`"));
    }
    assert_eq!(bench.lock(), locked);
    assert_eq!(bench.done(&["fetch"]), "assets/greedy.wasm: from the cache\n");
    assert_eq!(bench.done(&["fetch"]), "assets/greedy.wasm: verified\n");
    bench.done(&["check", "--locked"]);
    // Neither has it. What came from a registry counts in the cache, and is pruned.
    let stats = || -> Value {
        serde_json::from_str(&bench.done(&["cache", "stats", "--format", "json"])).unwrap()
    };
    let (full, len) = (stats(), bytes.len() as u64);
    assert!(full["downloads"] == 1 && full["bytes"].as_u64().unwrap() > len, "{full}");
    bench.done(&["cache", "prune", "--max-mib", "0"]);
    let empty = stats();
    assert_eq!((&empty["downloads"], &empty["bytes"]), (&json!(0), &json!(0)));
    fs::remove_file(bench.path("assets/greedy.wasm")).unwrap();
    bench.done(&["cache", "clear"]);
    assert!(bench.fails(1, &["fetch"]).contains("127.0.0.1"));
    assert_eq!(bench.registry.requests(), requests);
}

#[test]
fn what_cannot_be_added_is_refused() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    let reference = bench.registry.reference("demo/calc:1");
    fs::write(bench.path("assets/calc.wasm"), "mine").unwrap();
    let add = |args: &[&str]| bench.fails(2, &[&["add", &reference, "--yes"], args].concat());
    assert!(add(&[]).contains("is in the way"));
    assert_eq!(fs::read(bench.path("assets/calc.wasm")).unwrap(), b"mine");
    assert!(add(&["--to", "other/calc.wasm"]).contains("below no import root"));
    assert!(add(&["--to", "../calc.wasm"]).contains("not below the folder of the lock file"));
    assert!(add(&["--to", "assets/calc.txt"]).contains("does not end with `.wasm`"));
    bench.done(&["add", &reference, "--yes", "--to", "assets/more/"]);
    assert!(bench.path("assets/more/calc.wasm").exists());
    assert!(add(&["--to", "assets/more/calc.wasm"]).contains("is pinned already"));
    // What is no WebAssembly, or not valid.
    let junk: [&[u8]; 2] = [b"<html>", b"\0asm\x01\0\0\0\x01\x01\x7f"];
    for (index, bytes) in junk.into_iter().enumerate() {
        let mut manifest = bench.registry.manifest("demo/calc/1").unwrap();
        manifest["layers"][0]["digest"] =
            json!(bench.registry.place_blob("demo/calc", bytes).to_string());
        manifest["layers"][0]["size"] = json!(bytes.len());
        bench.registry.place("demo/calc", "junk", &manifest);
        let to = format!("assets/junk{index}.wasm");
        bench.fails(1, &["add", &bench.registry.reference("demo/calc:junk"), "--yes", "--to", &to]);
        assert!(!bench.path(&to).exists());
    }
    // A bundle is no source.
    let mut manifest = bench.registry.manifest("demo/calc/1").unwrap();
    manifest["layers"][0]["mediaType"] = json!("application/x-tar");
    bench.registry.place("demo/calc", "tar", &manifest);
    let said = bench.fails(
        1,
        &["add", &bench.registry.reference("demo/calc:tar"), "--yes", "--to", "assets/t.wasm"],
    );
    assert!(said.contains("`application/x-tar`, not a layer of WebAssembly"), "{said}");
}

#[test]
fn older_layouts_and_images_for_several_platforms_are_understood() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    let calc = fs::read(bench.file("calc.wasm")).unwrap();
    let pull = |tag: &str| {
        let (reference, out) =
            (bench.registry.reference(&format!("demo/calc:{tag}")), bench.file("in"));
        let output =
            bench.run(&["pull", &reference, "--source", "--output", out.to_str().unwrap()]);
        (code(&output), errors(&output), fs::read(out).ok())
    };
    let mut manifest = bench.registry.manifest("demo/calc/1").unwrap();
    manifest["layers"][0]["mediaType"] = json!("application/vnd.wasm.content.layer.v1+wasm");
    manifest["config"]["mediaType"] = json!("application/vnd.wasm.config.v1+json");
    let old = bench.registry.place("demo/calc", "old", &manifest);
    assert_eq!(pull("old").2, Some(calc.clone()));
    let entry = |digest: Sha256, architecture: &str| {
        json!({
            "mediaType": MANIFEST, "digest": digest.to_string(), "size": 1,
            "platform": { "architecture": architecture, "os": "wasip1" },
        })
    };
    let index =
        |entries: &[Value]| json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let other = Sha256::of(b"another");
    bench.registry.place(
        "demo/calc",
        "index",
        &index(&[entry(other, "amd64"), entry(old, "wasm")]),
    );
    assert_eq!(pull("index").2, Some(calc));
    for (entries, expected) in [
        (vec![entry(other, "amd64"), entry(old, "arm64")], "no manifest"),
        (vec![entry(other, "wasm"), entry(old, "wasm")], "several manifests"),
    ] {
        bench.registry.place("demo/calc", "none", &index(&entries));
        let (code, said, _) = pull("none");
        assert!(code == 1 && said.contains(expected), "{said}");
    }
}

#[test]
fn cached_files_are_ignored_by_git_and_fetched_whatever_the_tag_names() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    let reference = bench.registry.reference("demo/calc:1");
    fs::write(bench.path("assets/.gitignore"), "*.tmp").unwrap();
    bench.done(&["add", &reference, "--yes", "--cached"]);
    assert_eq!(fs::read_to_string(bench.path("assets/.gitignore")).unwrap(), "*.tmp\n/calc.wasm\n");
    assert!(bench.lock().ends_with("cached = true\n"), "{}", bench.lock());
    bench.done(&["import"]);
    bench.push("demo/calc:1", "empty.wasm");
    // Somebody else's copy has what git has.
    let clone = project(&[("assets/.gitignore", ""), ("wasmport.lock", &bench.lock())]);
    let run = |args: &[&str]| {
        let mut command = bench.command(args);
        command.current_dir(clone.path()).output().unwrap()
    };
    assert!(errors(&run(&["import", "--locked"])).contains("run `cargo wasmport fetch`"));
    let fetched = run(&["fetch", "--format", "json"]);
    assert_eq!(json(&fetched), json!([{ "file": "assets/calc.wasm", "from": "registry" }]));
    assert_eq!(code(&run(&["import", "--locked"])), 0);
    let calc = fs::read(clone.path().join("assets/calc.wasm")).unwrap();
    assert_eq!(calc, fs::read(bench.file("calc.wasm")).unwrap());
    // Without a cache there is nothing to keep it in.
    fs::write(bench.path("wasmport.toml"), "[cache]\nenabled = false\n").unwrap();
    bench.push("demo/other:1", "calc.wasm");
    let other = bench.registry.reference("demo/other:1");
    assert!(bench.fails(2, &["add", &other, "--yes", "--cached"]).contains("no cache"));
}

#[test]
fn a_tag_that_moved_is_shown_and_pinned_anew() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    let reference = bench.registry.reference("demo/calc:1");
    let digest = bench.registry.digest("demo/calc/1");
    bench.done(&["add", &reference, "--yes"]);
    let fixed = bench.registry.reference(&format!("demo/calc@{digest}"));
    bench.done(&["add", &fixed, "--yes", "--to", "assets/fixed.wasm"]);
    bench.done(&["import"]);
    assert_eq!(
        bench.done(&["update", "--check"]),
        "assets/calc.wasm: current\nassets/fixed.wasm: pinned by digest\n"
    );
    let moved = bench.push("demo/calc:1", "greedy.wasm");
    let before = bench.lock();
    let check = bench.run(&["update", "--check", "--format", "json"]);
    assert_eq!(code(&check), 3);
    let check = json(&check);
    assert_eq!((&check[0]["state"], &check[1]["state"]), (&json!("newer"), &json!("fixed")));
    let newer = &check[0]["newer"];
    assert_eq!(newer["capabilities"]["gained"][0]["kind"], "files");
    assert_eq!((&newer["compatibility"], &newer["level"]), (&json!("breaks"), &json!("major")));
    let changes = newer["interface"].as_array().unwrap();
    let import = json!({
        "direction": "import", "of": "env", "name": "log", "before": null, "after": "(func (param i32))",
        "compatibility": "breaks", "level": "major", "reason": "the host must provide it",
    });
    assert!(changes.contains(&import), "{changes:?}");
    assert!(
        changes.iter().any(|c| c["direction"] == "export" && c["name"] == "memory"),
        "{changes:?}"
    );
    // Nobody accepts it.
    let shown = bench.run(&["update"]);
    let text = String::from_utf8(shown.stdout.clone()).unwrap();
    assert_eq!(code(&shown), 2);
    let places =
        ["NOW WANTS", "+ import env \"log\"", "+ export \"memory\""].map(|t| text.find(t).unwrap());
    assert!(places.is_sorted(), "capabilities come first: {text}");
    assert_eq!(bench.lock(), before);
    bench.done(&["check", "--locked"]);
    assert!(bench.fails(2, &["update", "calk"]).contains("no file `calk` is pinned"));
    bench.done(&["update", "calc", "--yes"]);
    let lock = bench.lock();
    assert!(lock.contains(moved["manifest"].as_str().unwrap()), "{lock}");
    assert!(lock.contains(&digest.to_string()), "the other pin stays: {lock}");
    assert_eq!(
        fs::read(bench.path("assets/calc.wasm")).unwrap(),
        fs::read(bench.file("greedy.wasm")).unwrap()
    );
    assert_eq!(bench.done(&["update", "--check", "calc"]), "assets/calc.wasm: current\n");
    // The import is a step of its own, and a binding lock file refuses the new file.
    assert_eq!(code(&bench.run(&["import", "--locked"])), 1);
    bench.done(&["import"]);
    bench.done(&["check", "--locked"]);
    // A file that was changed by hand is not replaced.
    bench.push("demo/calc:1", "empty.wasm");
    fs::write(bench.path("assets/calc.wasm"), wat::parse_str("(module (memory 1))").unwrap())
        .unwrap();
    assert!(bench.fails(1, &["update", "--yes"]).contains("pinned "));
}

#[test]
fn what_is_composed_is_what_is_pinned() {
    let bench = Bench::new(true);
    fs::write(bench.file("adder.wasm"), wat::parse_str(ADDER).unwrap()).unwrap();
    bench.push("demo/adder:1", "adder.wasm");
    // The component is below the import root, and no asset.
    let settings = "import.exclude = [\"deps/*\"]\n\
        defaults.compose = { \"demo:math/add@0.1.0\" = \"assets/deps/adder.wasm\" }\n";
    fs::write(bench.path("wasmport.toml"), settings).unwrap();
    fs::write(bench.path("assets/double.wat"), DOUBLE).unwrap();
    let reference = bench.registry.reference("demo/adder:1");
    bench.done(&["add", &reference, "--yes", "--to", "assets/deps/"]);
    bench.done(&["import"]);
    let pinned = fs::read(bench.path("assets/deps/adder.wasm")).unwrap();
    let section = [&pinned[..], &[0, 2, 1, b'x']].concat();
    fs::write(bench.path("assets/deps/adder.wasm"), section).unwrap();
    for args in [&["import"][..], &["import", "--no-helper"]] {
        let said = bench.fails(1, args);
        assert!(said.contains("it is not what") && said.contains("adder.wasm"), "{said}");
    }
    fs::write(bench.path("assets/deps/adder.wasm"), pinned).unwrap();
    bench.done(&["import"]);
}

#[test]
fn a_lock_file_of_a_stranger_leads_nowhere_else() {
    let bench = Bench::new(true);
    bench.push("demo/calc:1", "calc.wasm");
    bench.done(&["add", &bench.registry.reference("demo/calc:1"), "--yes"]);
    let good = bench.lock();
    let at = |file: &str| good.replace("assets/calc.wasm", file);
    for file in ["../calc.wasm", "/tmp/calc.wasm", "assets/../../calc.wasm", "C:calc.wasm"] {
        fs::write(bench.path("wasmport.lock"), at(file)).unwrap();
        for args in [&["fetch"][..], &["import"], &["check"]] {
            let said = bench.fails(2, args);
            assert!(said.contains("no path below the folder of the lock file"), "{said}");
        }
    }
    for (file, expected) in [
        ("assets//calc.wasm", "no path below"),
        ("assets/./calc.wasm", "no path below"),
        (".cargo/config.toml", "does not end with `.wasm`"),
    ] {
        fs::write(bench.path("wasmport.lock"), at(file)).unwrap();
        let said = bench.fails(2, &["fetch"]);
        assert!(said.contains(expected), "{said}");
    }
    fs::write(bench.path("wasmport.lock"), at("elsewhere/calc.wasm")).unwrap();
    assert!(bench.fails(1, &["fetch"]).contains("is below no import root"));
    assert!(!bench.path("elsewhere").exists());
    // However a pin is written, it counts.
    let table = good.split_once("[[pin]]\n").unwrap();
    let inline = table.1.trim().replace('\n', ", ");
    let pins =
        [good.replace("[[pin]]", "[[ pin ]]"), format!("{}pin = [{{ {inline} }}]\n", table.0)];
    let calc = fs::read(bench.path("assets/calc.wasm")).unwrap();
    fs::write(bench.path("assets/calc.wasm"), wat::parse_str("(module)").unwrap()).unwrap();
    for pins in pins {
        fs::write(bench.path("wasmport.lock"), pins).unwrap();
        let said = bench.fails(1, &["import"]);
        assert!(said.contains("it is not what"), "{said}");
    }
    fs::write(bench.path("assets/calc.wasm"), calc).unwrap();
    for (from, to) in [
        ("layer = \"sha256:", "layer = \"sha512:"),
        ("cached", "cashed"),
        ("[[pin]]\n", "[[pin]]\nmore = 1\n"),
    ] {
        let text = format!("{good}cached = true\n").replace(from, to);
        fs::write(bench.path("wasmport.lock"), text).unwrap();
        let _ = bench.fails(2, &["fetch"]);
    }
    let twice = format!("{good}\n[[pin]]{}", good.split("[[pin]]").nth(1).unwrap());
    fs::write(bench.path("wasmport.lock"), twice).unwrap();
    assert!(bench.fails(2, &["fetch"]).contains("is pinned twice"));
    #[cfg(unix)]
    {
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), bench.path("assets/link")).unwrap();
        fs::write(bench.path("wasmport.lock"), at("assets/link/calc.wasm")).unwrap();
        assert!(bench.fails(1, &["import"]).contains("assets/link"));
        let fetched = bench.run(&["fetch"]);
        assert!(errors(&fetched).contains("a link out of the folder"), "{}", errors(&fetched));
        assert_eq!((code(&fetched), fs::read_dir(elsewhere.path()).unwrap().count()), (1, 0));
    }
    // Its digests contradict each other.
    let other = format!("sha256:{}", "0".repeat(64));
    let layer = good.lines().find_map(|line| line.strip_prefix("layer = ")).unwrap();
    fs::write(bench.path("wasmport.lock"), good.replace(layer, &format!("\"{other}\""))).unwrap();
    fs::remove_file(bench.path("assets/calc.wasm")).unwrap();
    let said = bench.fails(1, &["fetch"]);
    assert!(said.contains(&other) && said.contains(layer.trim_matches('"')), "{said}");
}

#[test]
fn credentials_come_from_docker_or_the_environment_and_stay_secret() {
    let bench = Bench::new(true);
    // `me:secret-word` in Base64.
    let (basic, secret) = ("bWU6c2VjcmV0LXdvcmQ=", "secret-word");
    bench.registry.want(&format!("Basic {basic}"));
    let reference = bench.registry.reference("demo/calc:1");
    let calc = bench.file("calc.wasm");
    let push = ["push", &reference, calc.to_str().unwrap()];
    let said = bench.fails(1, &push);
    assert!(said.contains("refuses the access (401)") && said.contains("docker login"), "{said}");
    let config = |auth: &str| {
        let config = json!({ "auths": { bench.registry.host(): { "auth": auth } } }).to_string();
        fs::write(bench.file("config.json"), config).unwrap();
    };
    config(basic);
    bench.done(&push);
    bench.done(&["add", &reference, "--yes"]);
    let bundle =
        bench.fails(1, &["pull", &reference, "--output", "b", "--trusted-key", &bench.key("ours")]);
    assert!(bundle.contains("no bundle of it counts"), "{bundle}");
    // Wrong ones: no message has them. `me:wrong-word` in Base64.
    config("bWU6d3Jvbmctd29yZA==");
    let said = bench.fails(1, &push);
    assert!(
        said.contains("401") && !said.contains("wrong-word") && !said.contains("bWU6"),
        "{said}"
    );
    fs::write(bench.file("config.json"), "{").unwrap();
    assert!(bench.fails(1, &push).contains("docker's `config.json` cannot be read"));
    fs::remove_file(bench.file("config.json")).unwrap();
    // Of the environment, for one host alone.
    let with = |host: &str, password: &str| {
        let mut command = bench.command(&push);
        command.env("WASMPORT_REGISTRY", host).env("WASMPORT_REGISTRY_USERNAME", "me");
        command.env("WASMPORT_REGISTRY_PASSWORD", password).output().unwrap()
    };
    assert_eq!(code(&with(&bench.registry.host(), secret)), 0);
    assert_eq!(code(&with("ghcr.io", secret)), 1);
    let wrong = with(&bench.registry.host(), "wrong-word");
    assert!(code(&wrong) == 1 && !errors(&wrong).contains("wrong-word"));
    let mut token = bench.command(&push);
    token.env("WASMPORT_REGISTRY", bench.registry.host()).env("WASMPORT_REGISTRY_TOKEN", "a-token");
    assert_eq!(code(&token.output().unwrap()), 0);
    // Nothing of it is in the project.
    assert!(!bench.lock().contains("me:") && !bench.lock().contains(secret));
}

#[test]
fn other_hosts_get_no_credentials() {
    let bench = Bench::new(true);
    let (reference, key) = (bench.registry.reference("demo/calc:1"), bench.key("ours"));
    let (password, identity) = (
        Credentials::Password { username: "me".into(), password: "secret-word".into() },
        Credentials::Identity("secret-token".into()),
    );
    for lie in [Lie::Elsewhere, Lie::TokenElsewhere] {
        for credentials in
            [password.clone(), identity.clone(), Credentials::Bearer("secret-token".into())]
        {
            let other = Registry::start(true);
            other.want("Basic bWU6c2VjcmV0LXdvcmQ=");
            let lie = lie(other.address());
            bench.registry.lie(lie);
            let refused = open_with(&reference, &key, 0, credentials.clone()).unwrap_err();
            assert!(matches!(refused, Error::Registry(_)), "{refused}");
            let is_asked = matches!(lie, Lie::Elsewhere(_));
            assert_eq!(other.requests() > 0, is_asked, "{lie:?} {credentials:?}");
            assert_eq!(other.secrets(), [""; 0], "{lie:?} {credentials:?}");
        }
    }
    bench.registry.lie(Lie::PlainToken);
    for credentials in [password, identity] {
        let refused = open_with(&reference, &key, 0, credentials).unwrap_err().to_string();
        assert!(refused.contains("its server of tokens has no TLS"), "{refused}");
    }
}

#[test]
fn programs_without_tokio_or_with_the_longest_time_get_errors() {
    let bench = Bench::new(true);
    let reference: Reference = bench.registry.reference("demo/calc:1").parse().unwrap();
    let keys = TrustedKeys::new([bench.key("ours")]).unwrap();
    let options = RegistryOptions::new().credentials(Credentials::Anonymous).timeout(Duration::MAX);
    let mut opening = std::pin::pin!(Bundle::from_oci(&reference, &keys, &options));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match opening.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => {
            assert!(error.to_string().contains("tokio"), "{error}")
        }
        other => panic!("{other:?}"),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let missing = runtime.block_on(Bundle::from_oci(&reference, &keys, &options)).unwrap_err();
    assert!(missing.to_string().contains("has no manifest `1`"), "{missing}");
}
