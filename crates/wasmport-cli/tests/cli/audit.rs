//! Audits by the command: kinds of files, exit codes, formats, and databases.

use crate::{CALC, code, json, program, project};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;
use wasmport::engine::wasmtime_version;

/// An advisory of the tests.
struct Advisory {
    id: &'static str,
    package: &'static str,
    /// Other lines of its table.
    lines: &'static str,
    versions: String,
}

impl Advisory {
    fn new(id: &'static str, package: &'static str, versions: String) -> Self {
        Self { id, package, lines: "", versions }
    }

    /// An advisory about the release of this build, with a later one that is patched.
    fn about_this(id: &'static str) -> Self {
        let patched = format!("patched = [\">= {}.7777.1\"]", major());
        Self::new(id, "wasmtime", patched)
    }

    fn with(self, lines: &'static str) -> Self {
        Self { lines, ..self }
    }

    fn write(&self, database: &Path) {
        let Self { id, package, lines, versions } = self;
        let folder = database.join("crates").join(package);
        fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-01-02\"\n{lines}\n\n\
             [versions]\n{versions}\n```\n\n# The fault {id}\n\nText.\n"
        );
        fs::write(folder.join(format!("{id}.md")), text).unwrap();
    }
}

fn major() -> u64 {
    wasmtime_version().split('.').next().unwrap().parse().unwrap()
}

fn database(advisories: &[Advisory]) -> TempDir {
    let database = tempfile::tempdir().unwrap();
    fs::create_dir(database.path().join("crates")).unwrap();
    advisories.iter().for_each(|advisory| advisory.write(database.path()));
    database
}

/// A project with two imported assets, one of them compressed, and a bundle.
fn imported() -> TempDir {
    let project = project(&[
        ("assets/calc.wat", CALC),
        ("assets/packed.wat", "(module (func (export \"two\") (result i32) (i32.const 2)))"),
        ("wasmport.toml", "[[asset]]\nmatch = \"packed.wat\"\ncompress = { \"*\" = 3 }\n"),
    ]);
    let run = |args: &[&str]| {
        let output = program().args(args).current_dir(project.path()).output().unwrap();
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["import"]);
    run(&["key", "new", "key"]);
    run(&["bundle", "--output", "bundle", "--key", "key"]);
    project
}

fn audit(folder: &Path, database: &Path, args: &[&dyn AsRef<OsStr>]) -> Output {
    let mut audit = program();
    audit.args(["wasmport", "audit", "--db"]).arg(database).args(args.iter().map(AsRef::as_ref));
    audit.current_dir(folder).output().unwrap()
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_kind_of_file_is_recognised_by_its_content() {
    let project = imported();
    let artifacts = project.path().join("src/assets/artifacts");
    let artifact = |start: &str| -> PathBuf {
        let mut entries = fs::read_dir(&artifacts).unwrap().map(|entry| entry.unwrap().path());
        entries.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).unwrap()
    };
    let database = database(&[Advisory::about_this("RUSTSEC-2026-0901")]);
    let clean = self::database(&[Advisory::new(
        "RUSTSEC-2026-0901",
        "wasmtime",
        format!("patched = [\">= {}\"]", wasmtime_version()),
    )]);
    let release = wasmtime_version();
    let major = major().to_string();
    for (file, kind, names, wasmtime) in [
        ("wasmport.lock".into(), "lock", vec!["calc.wat", "packed.wat"], release),
        ("src/assets/wasmport.json".into(), "manifest", vec!["calc", "packed"], release),
        ("bundle".into(), "bundle", vec!["calc", "packed"], release),
        (artifact("calc"), "artifact", vec![""], major.as_str()),
        (artifact("packed"), "artifact", vec![""], major.as_str()),
    ] {
        // Its name does not matter.
        let other = project.path().join("other.bin");
        fs::copy(project.path().join(&file), &other).unwrap();
        for path in [&file, &other] {
            let output = audit(project.path(), database.path(), &[path, &"--format", &"json"]);
            assert_eq!(code(&output), 3, "{}: {:?}", path.display(), text(&output));
            let report = json(&output);
            let file = &report["files"][0];
            assert_eq!(file["kind"], kind, "{report}");
            let signature =
                if kind == "bundle" { "not-verified".into() } else { serde_json::Value::Null };
            assert_eq!(file["signature"], signature);
            let assets = file["assets"].as_array().unwrap();
            let found = assets.iter().map(|asset| asset["name"].as_str().unwrap_or_default());
            assert_eq!(found.collect::<Vec<_>>(), names, "{report}");
            for asset in assets {
                assert_eq!(
                    (&asset["status"], &asset["wasmtime"]),
                    (&"affected".into(), &wasmtime.into())
                );
                assert_eq!(asset["exact"], kind != "artifact");
                assert_eq!(asset["rebuild_with"], format!("{major}.7777.1"));
                assert_eq!(asset["advisories"][0], "RUSTSEC-2026-0901");
                assert_eq!(asset["artifacts"][0]["blake3"].as_str().unwrap().len(), 64);
            }
        }
        // The release is patched; of a major version some release is not.
        let expected = if kind == "artifact" && !release.ends_with(".0.0") { 3 } else { 0 };
        let output = audit(project.path(), clean.path(), &[&file]);
        assert_eq!(code(&output), expected, "{}: {:?}", file.display(), text(&output));
    }
    // No path: the project's lock file. A folder: all files, of which the manifest describes the artifacts.
    let output = audit(project.path(), database.path(), &[]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).0.contains("`wasmport.lock` (lock file): 2 assets\n"), "{output:?}");
    let output = audit(project.path(), database.path(), &[&"src"]);
    assert_eq!(code(&output), 3);
    assert!(text(&output).0.contains(" 2 assets, 2 affected\n"), "{output:?}");
}

#[test]
fn people_read_what_to_do() {
    let project = imported();
    let advisory = Advisory::about_this("RUSTSEC-2026-0902")
        .with("url = \"https://example.com/fault\"\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H\"");
    let database = database(&[advisory]);
    let output = audit(project.path(), database.path(), &[&"bundle"]);
    let (stdout, stderr) = text(&output);
    let (major, release) = (major(), wasmtime_version());
    let target = wasmport::engine::Target::host();
    assert_eq!(
        stdout,
        format!(
            "`bundle` (bundle, signature not verified): 2 assets\n \
             affected calc: Wasmtime {release} for {target}\n          RUSTSEC-2026-0902\n          \
             import again with Wasmtime {major}.7777.1 or newer\n \
             affected packed: Wasmtime {release} for {target}\n          RUSTSEC-2026-0902\n          \
             import again with Wasmtime {major}.7777.1 or newer\n\
             RUSTSEC-2026-0902 (critical, unranked): The fault RUSTSEC-2026-0902\n          \
             `wasmtime`, of 2026-01-02, patched in >={major}.7777.1\n          https://example.com/fault\n\
             audit: 1 file, 2 assets, 2 affected\n"
        )
    );
    assert_eq!(
        stderr,
        format!(
            "error: 2 assets were compiled by a Wasmtime with advisories\n  help: update wasmport to Wasmtime \
             {major}.7777.1 or newer (this command has {release}), and import again; build and bundle again what has \
             them; `RuntimeOptions::minimum_wasmtime` refuses the old artifacts\n"
        )
    );
    let quiet = audit(project.path(), database.path(), &[&"bundle", &"--quiet"]);
    assert_eq!((code(&quiet), text(&quiet)), (3, (String::new(), stderr)));
    // Nothing to do.
    fs::write(project.path().join("text"), "nothing").unwrap();
    let output = audit(project.path(), database.path(), &[&"text", &"-v"]);
    assert_eq!(code(&output), 0);
    let (stdout, stderr) = text(&output);
    assert!(stdout.contains("with 1 file of advisories, the newest of 2026-01-02\n"), "{stdout}");
    assert!(
        stdout.ends_with("`text` (program): no artifacts\naudit: 1 file, 0 assets, 0 affected\n"),
        "{stdout}"
    );
    assert_eq!(stderr, "");
}

#[test]
fn withdrawn_informational_and_other_advisories_do_not_fail() {
    let project = imported();
    let this = Advisory::about_this;
    let other = Advisory { package: "wasmtime-wasi", ..this("RUSTSEC-2026-0911") };
    let patched_cranelift = format!("patched = [\">= 0.{}.0\"]", major() + 87);
    let database = database(&[
        this("RUSTSEC-2026-0910").with("withdrawn = \"2026-02-03\""),
        other,
        this("RUSTSEC-2026-0912").with("informational = \"unsound\""),
        Advisory::new("RUSTSEC-2026-0913", "cranelift-codegen", patched_cranelift),
    ]);
    let output = audit(project.path(), database.path(), &[&"--format", &"json"]);
    assert_eq!(code(&output), 0);
    let report = json(&output);
    let advisories = report["advisories"].as_array().unwrap();
    assert_eq!(advisories.len(), 1, "{report}");
    assert_eq!(
        (&advisories[0]["id"], &advisories[0]["informational"]),
        (&"RUSTSEC-2026-0912".into(), &"unsound".into())
    );
    let asset = &report["files"][0]["assets"][0];
    assert_eq!(
        (&asset["status"], &asset["rebuild_with"]),
        (&"informed".into(), &serde_json::Value::Null)
    );
    let shown = text(&audit(project.path(), database.path(), &[])).0;
    assert!(shown.contains("RUSTSEC-2026-0912 (unsound, unranked): "), "{shown}");

    // Cranelift's advisories are about the release of Wasmtime with that version.
    let patched = format!("patched = [\">= 0.{}.4444\"]", major() + 87);
    Advisory::new("RUSTSEC-2026-0914", "cranelift-codegen", patched).write(database.path());
    let output = audit(project.path(), database.path(), &[&"--format", &"json"]);
    assert_eq!(code(&output), 3);
    let report = json(&output);
    assert_eq!(report["advisories"][1]["rank"], "generated-code");
    assert_eq!(report["files"][0]["assets"][0]["rebuild_with"], format!("{}.0.4444", major()));
    // No release is patched.
    Advisory::new("RUSTSEC-2026-0915", "wasmtime", "patched = []".into()).write(database.path());
    let output = audit(project.path(), database.path(), &[]);
    let (stdout, stderr) = text(&output);
    assert!(stdout.contains("no release without these advisories is known"), "{stdout}");
    assert!(stderr.contains("help: see the advisories for what to do"), "{stderr}");
}

#[test]
fn damaged_files_are_errors_that_name_them() {
    let project = imported();
    let database = database(&[Advisory::about_this("RUSTSEC-2026-0920")]);
    for (file, message) in [
        ("wasmport.lock", "`cut`: TOML parse error"),
        ("src/assets/wasmport.json", "`cut`: the manifest is broken"),
        ("bundle", "`cut`: the bundle is broken"),
    ] {
        let bytes = fs::read(project.path().join(file)).unwrap();
        let cut = project.path().join("cut");
        let len = if file == "bundle" { 700 } else { bytes.len() - 20 };
        fs::write(&cut, &bytes[..len]).unwrap();
        let output = audit(project.path(), database.path(), &[&"cut", &"bundle"]);
        let (stdout, stderr) = text(&output);
        // The other file is audited too.
        assert_eq!(code(&output), 1, "{file}: {stderr}");
        assert!(stderr.starts_with(&format!("error: {message}")), "{file}: {stderr}");
        assert!(stderr.contains("\n  help: ") && stdout.contains("`bundle` (bundle"), "{stderr}");
    }
    let output = audit(project.path(), database.path(), &[&"missing"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output).1.starts_with("error: cannot read `missing`: "), "{output:?}");
    let conflict =
        audit(project.path(), database.path(), &[&"bundle", &"--config", &"wasmport.toml"]);
    assert_eq!(code(&conflict), 2);
    let empty = tempfile::tempdir().unwrap();
    let output = audit(empty.path(), database.path(), &[]);
    assert_eq!(code(&output), 2);
    assert!(text(&output).1.contains("the project has no lock file"), "{output:?}");
}

#[test]
fn text_of_strangers_is_escaped() {
    let database = database(&[Advisory::about_this("RUSTSEC-2026-0930")]);
    let release = wasmtime_version();
    let digest = "0".repeat(64);
    let manifest = |name: &str, wasmtime: &str| {
        format!(
            "{{\"format\": 2, \"assets\": {{\"{name}\": {{\"wasmtime\": \"{wasmtime}\", \"artifacts\": \
             [{{\"target\": \"\\u001b[1mx\", \"blake3\": \"{digest}\"}}]}}}}}}"
        )
    };
    let evil = "\\u001b[2J\\u202eevil\\nline";
    let folder = project(&[("one", &manifest(evil, release)), ("two", &manifest("name", evil))]);
    for format in ["human", "json"] {
        let output = audit(folder.path(), database.path(), &[&".", &"--format", &format]);
        assert_eq!(code(&output), 1);
        let (stdout, stderr) = text(&output);
        assert!(!stderr.contains("\nline") && stderr.contains("which is no version"), "{stderr}");
        for printed in [stdout, stderr] {
            // Programs read JSON, and see no marks of direction.
            let is_shown = |c| c == '\u{1b}' || c == '\u{202e}' && format == "human";
            assert!(!printed.contains(is_shown), "{printed:?}");
        }
    }
}

#[test]
fn the_database_is_found_where_cargo_has_it() {
    let project = imported();
    let home = tempfile::tempdir().unwrap();
    let run = || {
        let mut audit = program();
        audit.args(["wasmport", "audit", "--format", "json"]).env("CARGO_HOME", home.path());
        audit.current_dir(project.path()).output().unwrap()
    };
    let output = run();
    assert_eq!(code(&output), 1);
    let (stdout, stderr) = text(&output);
    assert_eq!(stdout, "");
    assert!(stderr.contains("there is no database of advisories: not in `"), "{stderr}");
    assert!(
        stderr.contains("help: run `git clone https://github.com/RustSec/advisory-db`"),
        "{stderr}"
    );
    let fetched = |place: &str| {
        let folder = home.path().join(place);
        Advisory::about_this("RUSTSEC-2026-0940").write(&folder);
        let output = run();
        assert_eq!(code(&output), 3, "{place}");
        let report = json(&output);
        assert_eq!(report["database"]["path"], folder.to_str().unwrap());
        assert_eq!(report["database"]["advisories"], 1);
    };
    fetched("advisory-dbs/advisory-db-3157b0e258782691");
    // The newer one counts.
    std::thread::sleep(std::time::Duration::from_millis(20));
    fetched("advisory-db");
    // Another folder is no database, and an advisory may be broken.
    let output = audit(project.path(), project.path(), &[]);
    assert_eq!(code(&output), 1);
    assert!(
        text(&output).1.contains("is no database of advisories that can be read"),
        "{output:?}"
    );
    let broken = database(&[Advisory::new("RUSTSEC-2026-0941", "wasmtime", "patched = 3".into())]);
    assert_eq!(code(&audit(project.path(), broken.path(), &[])), 1);
}
