//! A cache that machines share, over a store that fails in every way.

use crate::server::{Mishap, Server};
use crate::{CALC, code, json, program, project};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// The longest time of an operation in these tests, in milliseconds.
const TIMEOUT: u32 = 500;

/// Machines that share a store, each with a cache of its own.
struct Fleet {
    server: Server,
    keys: TempDir,
}

impl Fleet {
    fn new() -> Self {
        let keys = tempfile::tempdir().unwrap();
        for name in ["ours", "stranger"] {
            let output = program().args(["key", "new"]).arg(keys.path().join(name)).output();
            assert_eq!(code(&output.unwrap()), 0);
        }
        Self { server: Server::start(), keys }
    }

    fn public(&self, name: &str) -> String {
        let file = fs::read_to_string(self.keys.path().join(format!("{name}.pub"))).unwrap();
        file.lines().last().unwrap().to_owned()
    }

    /// A machine that trusts a key.
    fn machine(&self, trusts: &str) -> TempDir {
        let settings = format!(
            "[cache.remote]\nurl = \"webdav://{}/cache\"\ntrusted-keys = [\"{}\"]\ntimeout-ms = {TIMEOUT}\n",
            self.server.address(),
            self.public(trusts)
        );
        project(&[
            ("assets/calc.wat", CALC),
            ("assets/two.wat", "(module (func (export \"two\") (result i32) (i32.const 2)))"),
            ("wasmport.toml", &settings),
        ])
    }

    /// Imports, and uploads with a key if one is named.
    fn import(&self, machine: &Path, signs: Option<&str>) -> Output {
        let mut import = program();
        import.args(["import", "--format", "json"]).current_dir(machine);
        if let Some(name) = signs {
            import.env("WASMPORT_REMOTE_MODE", "read-write");
            import.env("WASMPORT_SIGNING_KEY_FILE", self.keys.path().join(name));
        }
        let output = import.output().unwrap();
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// A store that one machine has filled.
    fn filled() -> Self {
        let fleet = Self::new();
        let first = fleet.machine("ours");
        let output = fleet.import(first.path(), Some("ours"));
        assert_eq!((cached(&output), warnings(&output)), (0, Vec::new()));
        fleet
    }

    /// Imports on a new machine that only reads, and returns how many artifacts it did not compile, and the warnings.
    fn reads(&self, trusts: &str) -> (usize, Vec<String>) {
        let machine = self.machine(trusts);
        let output = self.import(machine.path(), None);
        assert_eq!(outputs(machine.path()), alone(), "the store never changes a result");
        (cached(&output), warnings(&output))
    }
}

/// The outputs of a machine.
fn outputs(machine: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![machine.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.path().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let path = entry.path();
                    let relative = path.strip_prefix(machine).unwrap().to_owned();
                    drop(files.insert(relative, fs::read(path).unwrap()));
                }
            }
        }
    }
    files
}

/// The outputs of a machine that has no store.
fn alone() -> BTreeMap<PathBuf, Vec<u8>> {
    let machine = project(&[
        ("assets/calc.wat", CALC),
        ("assets/two.wat", "(module (func (export \"two\") (result i32) (i32.const 2)))"),
    ]);
    let import = program().args(["import", "--no-cache"]).current_dir(machine.path()).output();
    assert_eq!(code(&import.unwrap()), 0);
    outputs(machine.path())
}

/// Returns how many artifacts were not compiled.
fn cached(output: &Output) -> usize {
    let report = json(output);
    let assets = report["assets"].as_array().unwrap();
    let stages = assets.iter().flat_map(|asset| asset["stages"].as_array().unwrap());
    stages.filter(|stage| stage["stage"] == "compile" && stage["cached"] == true).count()
}

fn warnings(output: &Output) -> Vec<String> {
    let report = json(output);
    let texts = report["warnings"].as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The only warning of an import that compiled everything itself.
fn only(result: (usize, Vec<String>)) -> String {
    let (cached, warnings) = result;
    assert_eq!((cached, warnings.len()), (0, 1), "{warnings:?}");
    warnings[0].clone()
}

#[test]
fn what_one_machine_compiles_others_do_not() {
    let fleet = Fleet::filled();
    assert_eq!(fleet.reads("ours"), (2, Vec::new()));
    // What it has read is in its own cache.
    let machine = fleet.machine("ours");
    fleet.import(machine.path(), None);
    let requests = fleet.server.requests();
    fs::remove_dir_all(machine.path().join("src")).unwrap();
    let output = fleet.import(machine.path(), None);
    assert_eq!((cached(&output), fleet.server.requests()), (2, requests));
}

#[test]
fn a_machine_that_only_reads_writes_nothing() {
    let fleet = Fleet::new();
    assert_eq!(fleet.reads("ours"), (0, Vec::new()));
    assert_eq!(fleet.server.files().len(), 0);
}

#[test]
fn fault_36_results_of_strangers_are_computed_again() {
    let fleet = Fleet::filled();
    let warning = only(fleet.reads("stranger"));
    assert!(
        warning.starts_with("2 results of the remote store do not count: it is signed by the key ")
            && warning.contains("which is not trusted"),
        "{warning}"
    );
}

#[test]
fn fault_39_a_store_that_is_not_there_costs_a_warning() {
    let mut fleet = Fleet::filled();
    fleet.server.stop();
    let warning = only(fleet.reads("ours"));
    assert!(warning.starts_with("2 operations of the remote store failed: "), "{warning}");
}

#[test]
fn fault_40_and_41_a_store_that_is_silent_or_slow_is_asked_once() {
    let fleet = Fleet::filled();
    for mishap in [Mishap::Silence, Mishap::Trickle] {
        fleet.server.suffer(mishap);
        let warning = only(fleet.reads("ours"));
        assert!(warning.ends_with("it did not answer within 500.0ms"), "{mishap:?}: {warning}");
    }
}

#[test]
fn fault_42_and_43_short_and_strange_answers_do_not_count() {
    let fleet = Fleet::filled();
    for mishap in [Mishap::Short, Mishap::Page] {
        fleet.server.suffer(mishap);
        let (cached, warnings) = fleet.reads("ours");
        assert_eq!((cached, warnings.len()), (0, 1), "{mishap:?}: {warnings:?}");
    }
    fleet.server.suffer(Mishap::None);
    assert_eq!(fleet.reads("ours"), (2, Vec::new()));
}

#[test]
fn fault_44_errors_of_the_store_are_asked_a_few_times() {
    let fleet = Fleet::filled();
    for status in [500, 503, 429] {
        fleet.server.suffer(Mishap::Status(status));
        let before = fleet.server.requests();
        let (cached, warnings) = fleet.reads("ours");
        assert!(cached == 0 && warnings.len() <= 1, "{status}: {warnings:?}");
        assert!(fleet.server.requests() - before <= 8, "{status}");
    }
}

#[test]
fn fault_45_refused_credentials_are_said_once_and_not_tried_again() {
    let fleet = Fleet::filled();
    for status in [401, 403] {
        fleet.server.suffer(Mishap::Status(status));
        let before = fleet.server.requests();
        let warning = only(fleet.reads("ours"));
        assert!(warning.contains("it refuses the credentials"), "{status}: {warning}");
        // The two assets are imported at once.
        assert!(fleet.server.requests() - before <= 2, "{status}");
    }
}

#[test]
fn fault_46_a_store_without_conditional_writes_is_enough() {
    let fleet = Fleet::new();
    fleet.server.suffer(Mishap::NoConditions);
    let machine = fleet.machine("ours");
    assert_eq!(warnings(&fleet.import(machine.path(), Some("ours"))), Vec::<String>::new());
    assert_eq!(fleet.reads("ours"), (2, Vec::new()));
}

#[test]
fn fault_47_an_answer_without_end_is_cut() {
    let fleet = Fleet::filled();
    fleet.server.suffer(Mishap::Endless);
    let warning = only(fleet.reads("ours"));
    assert!(warning.contains("larger"), "{warning}");
}

#[test]
fn fault_49_an_upload_that_ends_half_way_is_never_seen() {
    let fleet = Fleet::new();
    fleet.server.suffer(Mishap::HalfWrites);
    let machine = fleet.machine("ours");
    let output = fleet.import(machine.path(), Some("ours"));
    assert_eq!(warnings(&output).len(), 1);
    let files = fleet.server.files();
    assert!(!files.is_empty() && files.keys().all(|path| !path.contains("/records/")), "{files:?}");
    fleet.server.suffer(Mishap::None);
    assert_eq!(fleet.reads("ours"), (0, Vec::new()));
    // The halves are no obstacle.
    let again = fleet.machine("ours");
    assert_eq!(warnings(&fleet.import(again.path(), Some("ours"))), Vec::<String>::new());
    assert_eq!(fleet.reads("ours"), (2, Vec::new()));
}

#[test]
fn settings_that_cannot_be_used_are_one_warning_with_what_to_do() {
    let key = "trusted-keys = [\"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"]";
    let cases = [
        ("url = \"ftp://host\"", "is no address of a remote store"),
        ("url = \"redis://me:secret@host\"", "`WASMPORT_REMOTE_PASSWORD`"),
        ("url = \"s3://bucket\"", "`cache.remote.trusted-keys`"),
        ("url = \"s3://bucket\"\ntrusted-keys = [\"x\"]", "`cargo wasmport key show`"),
        (&format!("url = \"http://host\"\nmode = \"read-write\"\n{key}"), "mode = \"read\""),
        (
            &format!("url = \"s3://bucket\"\nmode = \"read-write\"\n{key}"),
            "`cargo wasmport key new FILE`",
        ),
    ];
    for (text, expected) in cases {
        let settings = format!("[cache.remote]\n{text}\n");
        let project = project(&[("assets/calc.wat", CALC), ("wasmport.toml", &settings)]);
        let import =
            program().args(["import", "--format", "json"]).current_dir(project.path()).output();
        let output = import.unwrap();
        assert_eq!(code(&output), 0);
        let warnings = warnings(&output);
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{text}: {warnings:?}");
    }
}

#[test]
fn keys_are_created_for_this_user_alone_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let new = || program().args(["key", "new"]).arg(&file).output().unwrap();
    let created = new();
    assert_eq!(code(&created), 0);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions())
            & 0o777,
        0o600
    );
    let shown = program().args(["key", "show"]).arg(&file).output().unwrap();
    assert_eq!(shown.stdout, created.stdout);
    let public = fs::read_to_string(folder.path().join("key.pub")).unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains(public.lines().last().unwrap()));
    let again = new();
    assert_eq!(code(&again), 1);
    assert!(String::from_utf8_lossy(&again.stderr).contains("name a file that does not exist"));
    assert_eq!(code(&program().args(["key", "show"]).output().unwrap()), 1);
    // With a password, which is needed again.
    let sealed = folder.path().join("sealed");
    let with = |password: &str, command: &str| {
        let mut key = program();
        key.args(["key", command]).arg(&sealed).env("WASMPORT_SIGNING_KEY_PASSWORD", password);
        code(&key.output().unwrap())
    };
    assert_eq!((with("tea", "new"), with("tea", "show"), with("coffee", "show")), (0, 0, 1));
    let without = program().args(["key", "show"]).arg(&sealed).output().unwrap();
    assert!(String::from_utf8_lossy(&without.stderr).contains("WASMPORT_SIGNING_KEY_PASSWORD"));
}
