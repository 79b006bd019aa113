//! Processes that import for others: the helper of a command line, and a build script. Both are this
//! test program again, which prints lines of its own on standard output besides.

use crate::project::{CALC, Project, asset, failure, statuses};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use wasmport_build::{AssetSettings, Importer, Pass, Report, Status, configure};

/// Much more than anything here takes, however busy the machine is, and much less than forever.
const SOON: Duration = Duration::from_secs(600);

/// A small file that Cranelift is busy with for minutes: many variables in many loops.
fn slow(size: usize) -> String {
    let touch = |index| format!("local.get {index} local.get 0 i32.add local.set {index}\n");
    format!(
        "(module (func (param i32) (local {}) {} {} {}))",
        "i32 ".repeat(size),
        "loop ".repeat(size),
        (1..=size).map(touch).collect::<String>(),
        "local.get 0 br_if 0 end ".repeat(size)
    )
}

/// Where the project is that a child process is for.
const PROJECT: &str = "WASMPORT_TEST_PROJECT";

/// What the child process prints first.
const STRAY: &str = "WASMPORT_TEST_STRAY";

/// A process that runs one test of this program.
fn child(test: &str, project: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", &format!("bounds::{test}"), "--nocapture"]).env(PROJECT, project);
    Ok(command)
}

/// As the name of the source says.
struct Crash;

impl Pass for Crash {
    fn name(&self) -> &str {
        "crash"
    }

    fn version(&self) -> &str {
        "1"
    }

    fn run(
        &self,
        source: &str,
        _: &[u8],
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        println!("half a line about {source}");
        print!("and one without an end");
        if source.contains("crash") {
            std::process::abort();
        }
        if source.contains("forge") {
            println!("\n{}\n0 {0}", forged(source));
        }
        Ok(None)
    }
}

/// A result that no import has.
fn forged(source: &str) -> String {
    let error = r#"{"path": "x", "stage": "compile", "kind": "compiler", "message": "forged", "help": null}"#;
    let result = format!(
        r#"{{"kind": "module", "result": {{"Err": {error}}}, "stages": [], "warnings": [], "missing": []}}"#
    );
    format!(r#"{{"Done": ["{source}", {result}]}}"#)
}

fn importer(project: &Path) -> Importer {
    let mut limits = AssetSettings::matching("slow.wat");
    limits.limits.max_seconds = Some(1);
    let mut memory = AssetSettings::matching("large.wat");
    memory.limits.max_memory_mib = Some(300);
    configure()
        .no_cache()
        .root(project.join("assets"))
        .out_dir(project.join("out"))
        .asset(limits)
        .asset(memory)
        .pass(Crash)
}

/// The helper's side, where this program is one.
#[test]
fn helper() {
    let Some(project) = std::env::var_os(PROJECT) else { return };
    if std::env::var_os(STRAY).is_some() {
        std::io::stdout().write_all(b"{\"Done\": nonsense\n\xff\xfe\n\"half").unwrap();
    }
    importer(&PathBuf::from(project)).serve().unwrap();
}

fn run(project: &Project, stray: bool) -> Report {
    let command = || {
        let mut command = child("helper", project.path())?;
        if stray {
            command.env(STRAY, "1");
        }
        Ok(command)
    };
    importer(project.path()).run_in_helper(&(), command).unwrap()
}

#[test]
fn a_helper_imports_what_the_process_itself_would() {
    let files = [("a.wat", CALC), ("b/c.wat", "(module)"), ("bad.wat", "(modul)")];
    let files = files.map(|(name, text)| (name, text.as_bytes()));
    for stray in [false, true] {
        let (one, two) = (Project::with(&files), Project::with(&files));
        let helped = run(&one, stray);
        let alone = importer(two.path()).run(&()).unwrap();
        assert_eq!(statuses(&helped), statuses(&alone));
        assert_eq!(one.outputs(), two.outputs());
        let (a, b) = (failure(&helped), failure(&alone));
        let [ours, theirs] = [&one, &two].map(|project| project.path().to_str().unwrap());
        assert_eq!((a.stage, &a.message), (b.stage, &b.message.replace(theirs, ours)));
        let stages = |report: &Report| {
            let stages = asset(report, "a.wat").stages.iter();
            stages.map(|s| (s.stage, s.before, s.after)).collect::<Vec<_>>()
        };
        assert_eq!(stages(&helped), stages(&alone));
        assert_eq!(run(&one, stray).count(Status::Unchanged), 2);
    }
}

#[cfg(unix)]
#[test]
fn fault_08_what_takes_too_long_or_crashes_is_ended_and_blamed_alone() {
    let project = Project::with(&[("slow.wat", slow(600).as_bytes()), ("crash.wat", b"(module)")]);
    let good: Vec<String> = (0..10).map(|index| format!("good{index}.wat")).collect();
    good.iter().for_each(|name| project.write(name, CALC));
    let start = Instant::now();
    let report = run(&project, true);
    assert!(start.elapsed() < SOON);
    assert_eq!(report.count(Status::Failed), 2, "{:?}", report.assets);
    for (asset, error) in report.failures() {
        let (message, help) = (&error.message, error.help.as_ref().unwrap());
        assert!(error.path.ends_with(&asset.source));
        match asset.source.as_str() {
            "slow.wat" => {
                assert!(message.contains("took longer than 1 s"), "{error}");
                assert!(help.contains("limits.max-seconds"), "{error}");
            }
            "crash.wat" => {
                assert!(
                    message.contains("the helper process that imported it died (signal: 6"),
                    "{error}"
                );
                assert!(help.contains("report it"), "{error}");
            }
            other => panic!("{other}: {error}"),
        }
    }
    for name in &good {
        asset(&report, name);
    }
    let again = run(&project, true);
    assert_eq!(again.count(Status::Unchanged), good.len(), "they are in the manifest");
    assert_eq!(again.count(Status::Failed), 2);
}

#[test]
fn fault_08_what_takes_too_much_memory_is_ended_and_blamed_alone() {
    let project = Project::with(&[("large.wat", slow(900).as_bytes())]);
    project.write("good.wat", CALC);
    let report = run(&project, false);
    let error = failure(&report);
    assert!(error.path.ends_with("large.wat"), "{error}");
    assert!(error.message.contains("took more than 300 MiB of memory"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("limits.max-memory-mib"), "{error}");
    asset(&report, "good.wat");
}

#[cfg(unix)]
#[test]
fn a_helper_that_does_nothing_is_an_error_of_the_run() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    for (program, expected) in
        [("exit 3", "ended before it began (exit status: 3)"), ("echo nonsense", "exit status: 0")]
    {
        let command = || {
            let mut command = Command::new("sh");
            command.args(["-c", program]);
            Ok(command)
        };
        let error = project.importer().run_in_helper(&(), command).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("--no-helper"), "{error}");
    }
    let missing = || Ok(Command::new("/nowhere/helper"));
    let error = project.importer().run_in_helper(&(), missing).unwrap_err().to_string();
    assert!(error.contains("cannot be started"), "{error}");
}

/// A helper that is a shell script.
#[cfg(unix)]
fn spoken(project: &Project, script: &str) -> Report {
    let command = || {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Ok(command)
    };
    importer(project.path()).run_in_helper(&(), command).unwrap()
}

#[cfg(unix)]
#[test]
fn a_helper_that_ends_between_two_assets_is_followed_by_another() {
    let project = Project::with(&[("a.wat", CALC.as_bytes()), ("b.wat", CALC.as_bytes())]);
    let script = r#"read -r token; read -r concurrency; read -r task
        source=${task#*:}; source=${source%%,*}
        error='{"path": "x", "stage": "compile", "kind": "compiler", "message": "so it is", "help": null}'
        done="{\"kind\": \"module\", \"result\": {\"Err\": $error}, \"stages\": [], \"warnings\": [], \"missing\": []}"
        printf '%s {"Begun": %s}\n%s {"Done": [%s, %s]}\n' "$token" "$source" "$token" "$source" "$done"
        exit 1"#;
    let report = spoken(&project, script);
    let errors: Vec<_> = report.failures().map(|(_, error)| error.message.as_str()).collect();
    assert_eq!(errors, ["so it is", "so it is"]);
}

#[cfg(unix)]
#[test]
fn fault_08_a_helper_that_cannot_end_itself_is_ended() {
    let project = Project::with(&[("slow.wat", CALC.as_bytes())]);
    let start = Instant::now();
    let report = spoken(
        &project,
        "read -r token; read -r concurrency; read -r task; source=${task#*:}; source=${source%%,*}
        echo \"$token {\\\"Begun\\\": $source}\"; exec sleep 600",
    );
    let error = failure(&report);
    assert!(error.message.contains("did not end within 1 s"), "{error}");
    assert!(error.help.as_ref().unwrap().contains("limits.max-seconds"), "{error}");
    assert!(start.elapsed() < SOON);
}

/// An asset that is removed between finding and importing it.
#[cfg(unix)]
#[test]
fn what_the_helper_does_not_find_is_that_assets_error() {
    let project = Project::with(&[("gone.wat", CALC.as_bytes()), ("good.wat", CALC.as_bytes())]);
    let command = || {
        let _ = std::fs::remove_file(project.assets().join("gone.wat"));
        child("helper", project.path())
    };
    let report = importer(project.path()).run_in_helper(&(), command).unwrap();
    let error = failure(&report);
    assert_eq!(error.stage, wasmport_build::Stage::Discover);
    assert!(error.message.contains("the file was removed"), "{error}");
    asset(&report, "good.wat");
}

#[test]
fn fault_72_what_a_pass_prints_is_no_result() {
    let project = Project::with(&[("forge.wat", CALC.as_bytes())]);
    assert_eq!(statuses(&run(&project, false)), [("forge.wat", Status::Imported)]);
    // The text is that of a result: with the token it is believed.
    #[cfg(unix)]
    {
        let project = Project::with(&[("forge.wat", CALC.as_bytes())]);
        let forged = forged("forge.wat");
        let report = spoken(&project, &format!("read -r token; echo \"$token\" '{forged}'"));
        assert_eq!(failure(&report).message, "forged");
    }
}

#[test]
fn fault_74_a_build_script_that_dies_names_the_assets_the_next_time() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes()), ("crash.wat", b"(module)")]);
    // Those beside it may be named too.
    let note = "cargo::warning=an earlier import ended early while it imported ";
    let is_note = |line: &String| line.starts_with(note) && line.contains("`crash.wat`");
    let says = |said: &[String]| said.iter().any(is_note);
    let (success, said) = built(&project);
    assert!(!success && !says(&said), "{said:#?}");
    // Before it dies again.
    let (success, said) = built(&project);
    assert!(!success && says(&said), "{said:#?}");
    std::fs::remove_file(project.assets().join("crash.wat")).unwrap();
    for is_first in [true, false] {
        let (success, said) = built(&project);
        assert!(success && says(&said) == is_first, "{said:#?}");
    }
    #[cfg(unix)]
    assert!(!project.out().join("wasmport/.wasmport-import").exists());
}

/// The build script, where this program is one.
#[test]
fn build_script() {
    let Some(project) = std::env::var_os(PROJECT) else { return };
    match importer(&PathBuf::from(project)).import() {
        Ok(report) => println!("\nimported {}", report.count(Status::Imported)),
        Err(error) => panic!("{error}"),
    }
}

/// Whether a build script succeeds, and what it tells cargo.
fn built(project: &Project) -> (bool, Vec<String>) {
    let mut command = child("build_script", project.path()).unwrap();
    let command = command.env("OUT_DIR", project.out()).env("TARGET", "x86_64-unknown-linux-gnu");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    (output.status.success(), said.lines().map(Into::into).collect())
}

#[test]
fn fault_08_a_build_script_ends_the_build_and_names_the_asset() {
    let project = Project::with(&[("calc.wat", CALC.as_bytes())]);
    let (success, said) = built(&project);
    assert!(success, "{said:#?}");
    let says = |said: &[String], text: &str| said.iter().any(|line| line.contains(text));
    assert!(says(&said, "imported 1"), "{said:#?}");
    // What there is to be said is said.
    assert!(
        says(&said, "cargo::warning=`[[asset]] match = \"slow.wat\"` matches no source file"),
        "{said:#?}"
    );
    assert!(says(&said, "cargo::rerun-if-changed=") && !says(&said, "cargo::error="), "{said:#?}");

    project.write("slow.wat", slow(600));
    let start = Instant::now();
    let (success, said) = built(&project);
    assert!(!success && start.elapsed() < SOON);
    let errors: Vec<&String> = said.iter().filter(|line| line.contains("cargo::error=")).collect();
    let [error] = errors.as_slice() else { panic!("{said:#?}") };
    assert!(
        error.starts_with("cargo::error=`slow.wat`: the import took longer than 1 s; "),
        "{error}"
    );
    assert!(error.contains("raise `limits.max-seconds` for it"), "{error}");
    // What was imported is there for the next build.
    assert!(project.out().join("wasmport/calc.rs").exists());

    let project = Project::with(&[("large.wat", slow(900).as_bytes())]);
    let (success, said) = built(&project);
    assert!(!success);
    let expected = "cargo::error=`large.wat`: the import took more than 300 MiB of memory; raise `limits.max-memory-mib`";
    assert!(said.iter().any(|line| line.starts_with(expected)), "{said:#?}");
}

/// The shortest build script, where this program is one.
#[test]
fn build_script_of_a_project() {
    if std::env::var_os(PROJECT).is_some() {
        wasmport_build::import("assets").unwrap();
    }
}

#[test]
fn the_target_of_the_build_decides() {
    let calc: &[(&str, &[u8])] = &[("calc.wat", CALC.as_bytes())];
    let linux = "x86_64-unknown-linux-gnu";
    for (targets, build, expected) in [
        ("", linux, vec![linux]),
        ("", "x86_64-unknown-linux-musl", vec![linux]),
        (
            "\"LINUX+v3\", \"LINUX\", \"aarch64-apple-darwin\", \"portable\"",
            linux,
            vec!["LINUX+v3", linux, "portable"],
        ),
        ("\"aarch64-apple-darwin\", \"portable\"", linux, vec!["portable", linux]),
        ("\"portable\", \"source\"", linux, vec!["portable", "source"]),
        ("\"portable\"", "powerpc64le-unknown-linux-gnu", vec!["portable"]),
        ("\"portable\", \"source\"", "armv7-unknown-linux-gnueabihf", vec!["source"]),
    ] {
        let project = Project::with(calc);
        let settings = match targets {
            "" => String::new(),
            list => format!("targets = [{}]\n", list.replace("LINUX", linux)),
        };
        std::fs::write(project.path().join("wasmport.toml"), settings + "[engine]\nfuel = true\n")
            .unwrap();
        let mut command = child("build_script_of_a_project", project.path()).unwrap();
        command.current_dir(project.path()).env("OUT_DIR", project.out()).env("TARGET", build);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let manifest = std::fs::read(project.out().join("wasmport/wasmport.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["engine"]["fuel"], true, "the settings file is read");
        let artifacts = manifest["assets"]["calc"]["artifacts"].as_array().unwrap();
        let made: Vec<&str> = artifacts.iter().map(|a| a["target"].as_str().unwrap()).collect();
        let expected: Vec<String> = expected.iter().map(|t| t.replace("LINUX", linux)).collect();
        assert_eq!(made, expected, "{targets} for {build}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("cargo::rerun-if-changed=wasmport.toml"), "{said}");
    }
}
