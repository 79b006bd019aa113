//! `watch`: what an edit, a mistake and a move lead to, told by the JSON document of each import.

use crate::bounds::slow;
use crate::{CALC, program, project};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

const TWO: &str = r#"(module (func (export "two") (result i32) (i32.const 2)))"#;

/// A `watch` that runs, and ends with the test.
struct Watch {
    process: Child,
    folder: PathBuf,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(from).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
    });
    receiver
}

/// Starts `watch`, and returns it with the lines of its output and of its errors.
pub(crate) fn start(folder: &Path, args: &[&str]) -> (Child, Receiver<String>, Receiver<String>) {
    let mut command = program();
    command.args(["wasmport", "watch"]).args(args).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let output = lines(process.stdout.take().unwrap());
    let errors = lines(process.stderr.take().unwrap());
    (process, output, errors)
}

impl Watch {
    fn start(folder: &Path, args: &[&str]) -> Self {
        let (process, output, errors) = start(folder, args);
        Self { process, folder: folder.into(), output, errors }
    }

    /// With documents, and after the first import.
    fn json(folder: &Path, args: &[&str]) -> (Self, Value) {
        let watch = Self::start(folder, &[args, &["--format", "json"]].concat());
        let report = watch.next();
        (watch, report)
    }

    /// The next import's document.
    fn next(&self) -> Value {
        let line = self.output.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            panic!("no import came; errors: {:?}", self.errors.try_iter().collect::<Vec<_>>())
        });
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"))
    }

    /// The first document of which this is so. What is written in two steps may be imported twice.
    fn until(&self, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let report = self.next();
            if is_so(&report) {
                return report;
            }
        }
    }

    fn until_error(&self, text: &str) {
        loop {
            let line = self.errors.recv_timeout(PATIENCE);
            if line.unwrap_or_else(|_| panic!("no error with `{text}`")).contains(text) {
                return;
            }
        }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).unwrap();
    }

    /// At once, as editors and build tools do: a file beside it is renamed.
    fn replace(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        let new = path.with_extension("tmp");
        fs::write(&new, text).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn wrapper(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join("src/assets").join(path)).unwrap_or_default()
    }
}

/// What became of an asset.
fn status<'a>(report: &'a Value, source: &str) -> &'a str {
    let assets = report["assets"].as_array().unwrap();
    let asset = assets.iter().find(|asset| asset["source"] == source);
    asset.and_then(|asset| asset["status"].as_str()).unwrap_or("gone")
}

fn is(source: &'static str, wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |report| status(report, source) == wanted
}

#[test]
fn an_edit_imports_what_changed_and_nothing_else() {
    for args in [&[][..], &["--poll"], &["--no-helper", "--debounce", "50"]] {
        let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
        let (watch, first) = Watch::json(project.path(), args);
        assert_eq!((status(&first, "a.wat"), status(&first, "b.wat")), ("imported", "imported"));
        for (source, text) in [("a", TWO), ("b", TWO), ("a", CALC)] {
            watch.replace(&format!("assets/{source}.wat"), text);
            let report = watch.next();
            let mut wanted = ["unchanged"; 2];
            wanted[usize::from(source == "b")] = "imported";
            assert_eq!([status(&report, "a.wat"), status(&report, "b.wat")], wanted, "{args:?}");
        }
        assert!(watch.wrapper("b.rs").contains("fn two"));
        watch.write("assets/a.wat", TWO);
        watch.until(|_| watch.wrapper("a.rs").contains("fn two"));
        watch.write("assets/c.wat", CALC);
        watch.until(is("c.wat", "imported"));
    }
}

#[test]
fn a_mistake_is_shown_and_mending_it_imports() {
    let project = project(&[("assets/a.wat", CALC)]);
    let (watch, _) = Watch::json(project.path(), &[]);
    watch.replace("assets/a.wat", "(modul)");
    let report = watch.until(is("a.wat", "failed"));
    assert!(report["assets"][0]["error"].as_str().unwrap().contains("a.wat:1:2"), "{report}");
    watch.until_error("a.wat:1:2");
    assert!(watch.wrapper("a.rs").contains("fn one"), "what there was stays");
    watch.replace("assets/a.wat", TWO);
    watch.until(is("a.wat", "imported"));
    assert!(watch.wrapper("a.rs").contains("fn two"));
}

#[test]
fn what_changes_during_an_import_is_imported_after_it() {
    let project = project(&[
        ("assets/a.wat", CALC),
        ("assets/slow.wat", &slow(900)),
        ("wasmport.toml", "[[asset]]\nmatch = \"slow.wat\"\nlimits.max-seconds = 3\n"),
    ]);
    let watch = Watch::start(project.path(), &["--format", "json"]);
    let start = Instant::now();
    while watch.wrapper("a.rs").is_empty() && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    watch.replace("assets/a.wat", TWO);
    assert_eq!(status(&watch.next(), "slow.wat"), "failed");
    watch.until(is("a.wat", "imported"));
    assert!(watch.wrapper("a.rs").contains("fn two"));
}

#[test]
fn files_come_and_go_in_new_folders() {
    let project = project(&[("assets/a.wat", CALC)]);
    let (watch, _) = Watch::json(project.path(), &[]);
    fs::create_dir_all(watch.folder.join("assets/new/deep")).unwrap();
    watch.write("assets/new/deep/b.wat", CALC);
    watch.until(is("new/deep/b.wat", "imported"));
    watch.replace("assets/new/deep/b.wat", TWO);
    watch.until(is("new/deep/b.wat", "imported"));
    assert!(watch.wrapper("new/deep/b.rs").contains("fn two"));

    fs::remove_file(watch.folder.join("assets/new/deep/b.wat")).unwrap();
    let report = watch.until(is("new/deep/b.wat", "gone"));
    assert_eq!(status(&report, "a.wat"), "unchanged");
    assert_eq!(watch.wrapper("new/deep/b.rs"), "");

    fs::rename(watch.folder.join("assets/new"), watch.folder.join("assets/other")).unwrap();
    watch.write("assets/other/deep/c.wat", CALC);
    watch.until(is("other/deep/c.wat", "imported"));
    // Replaced and gone: none of it may hide the other.
    watch.replace("assets/other/deep/c.wat", TWO);
    fs::remove_file(watch.folder.join("assets/other/deep/c.wat")).unwrap();
    watch.until(is("other/deep/c.wat", "gone"));
}

#[test]
fn settings_apply_when_they_change_and_their_mistakes_are_shown() {
    let project = project(&[("assets/a.wat", CALC), ("more/b.wat", CALC)]);
    let (watch, _) = Watch::json(project.path(), &[]);
    watch.write("wasmport.toml", "[import]\nroots = [\"assets\", \"more\"]\n");
    watch.until(is("b.wat", "imported"));
    watch.replace("wasmport.toml", "[imp");
    watch.until_error("wasmport.toml");
    // What was watched before still is, but no import can be made of it.
    watch.replace("assets/a.wat", TWO);
    watch.until_error("wasmport.toml");
    watch.replace("wasmport.toml", "[import]\nroots = [\"more\", \"assets\"]\n");
    watch.until(is("a.wat", "imported"));
    watch.replace("more/b.wat", TWO);
    watch.until(is("b.wat", "imported"));
    fs::remove_file(watch.folder.join("wasmport.toml")).unwrap();
    watch.until(is("b.wat", "gone"));
}

#[test]
fn settings_that_are_wrong_from_the_start_are_waited_for() {
    let project = project(&[("assets/a.wat", CALC), ("wasmport.toml", "[imp")]);
    let watch = Watch::start(project.path(), &["--format", "json"]);
    watch.until_error("wasmport.toml");
    watch.replace("wasmport.toml", "[import]\n");
    watch.until(is("a.wat", "imported"));
}

#[test]
fn output_below_a_root_leads_to_no_import() {
    let settings = "[import]\nroots = [\"assets\"]\nout-dir = \"assets/out\"\n";
    let project = project(&[("assets/a.wat", CALC), ("wasmport.toml", settings)]);
    let (watch, _) = Watch::json(project.path(), &[]);
    let mut imports = 0;
    for text in [TWO, CALC, TWO] {
        watch.write("assets/out/stray.wat", text);
        watch.write("assets/notes.txt", text);
        // So that what may not lead to an import would have led to one.
        std::thread::sleep(Duration::from_secs(2));
        // Made elsewhere: two steps could be two imports.
        watch.write("a.tmp", text);
        fs::rename(watch.folder.join("a.tmp"), watch.folder.join("assets/a.wat")).unwrap();
        watch.until(|report| {
            imports += 1;
            status(report, "a.wat") == "imported"
        });
    }
    assert_eq!(imports, 3);
}

#[test]
fn a_root_may_go_and_come_back() {
    for args in [&[][..], &["--poll"]] {
        let project = project(&[("games/one/assets/a.wat", CALC)]);
        let args = [args, &["games/one/assets", "--out-dir", "src/assets"]].concat();
        let (watch, _) = Watch::json(project.path(), &args);
        for text in [TWO, CALC] {
            fs::remove_dir_all(watch.folder.join("games/one/assets")).unwrap();
            watch.until_error("cannot find `");
            assert!(watch.wrapper("a.rs").contains("fn "), "what there was stays");
            fs::create_dir(watch.folder.join("games/one/assets")).unwrap();
            watch.replace("games/one/assets/a.wat", text);
            watch.until(is("a.wat", "imported"));
        }
        // Of what happens to the folder above there are no events.
        fs::rename(watch.folder.join("games/one"), watch.folder.join("games/two")).unwrap();
        watch.until_error("cannot find `");
        watch.write("games/two/assets/a.wat", TWO);
        fs::rename(watch.folder.join("games/two"), watch.folder.join("games/one")).unwrap();
        watch.until(is("a.wat", "imported"));
        watch.replace("games/one/assets/a.wat", CALC);
        watch.until(is("a.wat", "imported"));
    }
}

#[test]
fn a_root_that_is_not_there_yet_is_waited_for() {
    let project = project(&[]);
    let watch = Watch::start(project.path(), &["--format", "json"]);
    watch.until_error("cannot find `");
    fs::create_dir(watch.folder.join("assets")).unwrap();
    watch.write("assets/a.wat", CALC);
    watch.until(is("a.wat", "imported"));
}

#[test]
fn selected_files_alone_are_watched() {
    let project = project(&[("assets/a.wat", CALC), ("assets/b.wat", CALC)]);
    let (watch, _) = Watch::json(project.path(), &["assets/a.wat"]);
    watch.replace("assets/b.wat", TWO);
    watch.replace("assets/a.wat", TWO);
    let report = watch.until(is("a.wat", "imported"));
    assert_eq!(status(&report, "b.wat"), "gone", "not a part of it");
    // It is another file now.
    watch.replace("assets/a.wat", CALC);
    watch.until(is("a.wat", "imported"));
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    let project = project(&[("shared/one/a.wat", CALC), ("shared/two/a.wat", TWO)]);
    let link = |to: &str| {
        std::os::unix::fs::symlink(to, project.path().join("new")).unwrap();
        fs::rename(project.path().join("new"), project.path().join("assets")).unwrap();
    };
    link("shared/one");
    let (watch, _) = Watch::json(project.path(), &[]);
    watch.replace("shared/one/a.wat", "(module)");
    watch.until(is("a.wat", "imported"));
    link("shared/two");
    watch.until(is("a.wat", "imported"));
    assert!(watch.wrapper("a.rs").contains("fn two"));
    watch.replace("shared/two/a.wat", CALC);
    watch.until(is("a.wat", "imported"));
}

/// Mounted volumes are swapped as a whole, by one link between a file's name and its content.
#[cfg(unix)]
#[test]
fn a_swap_of_a_volume_is_seen() {
    use std::os::unix::fs::symlink;
    for args in [&[][..], &["--poll"]] {
        let project = project(&[("assets/..one/a.wat", CALC), ("assets/..two/a.wat", TWO)]);
        let path = |name: &str| project.path().join("assets").join(name);
        symlink("..one", path("..data")).unwrap();
        symlink("..data/a.wat", path("a.wat")).unwrap();
        let (watch, first) = Watch::json(project.path(), args);
        assert_eq!(first["assets"].as_array().unwrap().len(), 1, "{first}");
        symlink("..two", path("..tmp")).unwrap();
        fs::rename(path("..tmp"), path("..data")).unwrap();
        let report = watch.until(is("a.wat", "imported"));
        assert_eq!(report["assets"].as_array().unwrap().len(), 1, "{report}");
        assert!(watch.wrapper("a.rs").contains("fn two"));
    }
}

#[cfg(feature = "preinit")]
#[test]
fn what_initializing_an_asset_reads_is_watched() {
    let module = r#"(module (memory (export "memory") 1) (func (export "wizer-initialize")))"#;
    let settings = "[[asset]]\nmatch = \"a.wat\"\npreinit = { init = \"wizer-initialize\", dirs = { \"/\" = \"data\" } }\n";
    let project = project(&[
        ("assets/a.wat", module),
        ("assets/b.wat", CALC),
        ("data/deep/x", "1"),
        ("wasmport.toml", settings),
    ]);
    let (watch, first) = Watch::json(project.path(), &[]);
    assert_eq!(status(&first, "a.wat"), "imported", "{first}");
    watch.replace("data/deep/x", "2");
    let report = watch.until(is("a.wat", "imported"));
    assert_eq!(status(&report, "b.wat"), "unchanged");
    watch.write("data/y", "3");
    watch.until(is("a.wat", "imported"));
}

#[test]
fn people_read_what_import_prints_and_what_is_watched() {
    let project = project(&[("assets/a.wat", CALC)]);
    let watch = Watch::start(project.path(), &[]);
    let mut watching = 0;
    let mut until = |text: &str| loop {
        let line = watch.output.recv_timeout(PATIENCE).unwrap();
        watching += usize::from(line.contains("watching"));
        if line.contains(text) {
            return line;
        }
    };
    until("import: 1 imported");
    assert_eq!(until("watching"), "watching 2 folders; press Ctrl-C to stop");
    watch.replace("assets/a.wat", TWO);
    until("import: 1 imported");
    watch.replace("assets/a.wat", CALC);
    until("import: 1 imported");
    assert_eq!(watching, 1);
}

#[test]
fn quiet_prints_errors_only_and_waiting_needs_a_folder() {
    let folder = project(&[("assets/a.wat", "(")]);
    let watch = Watch::start(folder.path(), &["-q"]);
    watch.until_error("a.wat");
    watch.replace("assets/a.wat", CALC);
    watch.replace("assets/b.wat", "(");
    watch.until_error("b.wat");
    assert_eq!(watch.output.try_iter().count(), 0);

    let mut nothing = Watch::start(folder.path(), &["--config", "nowhere/wasmport.toml"]);
    nothing.until_error("nowhere");
    assert_eq!(nothing.process.wait().unwrap().code(), Some(2));
    let mut usage = Watch::start(folder.path(), &["--debounce", "soon"]);
    assert_eq!(usage.process.wait().unwrap().code(), Some(2));
}
