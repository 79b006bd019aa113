//! Pushes, pulls, adds and updates over a real registry, which is started here: Debian's `docker-registry`, with passwords. It
//! has no list of referrers, so that those who push keep one under a tag.

use crate::files;
use crate::processes::{Servers, accepts, free_port, until};
use crate::remote::servers::{Address, STARTING, Server, Started, pair};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SERVER: Server = Server {
    name: "docker-registry",
    programs: &["docker-registry"],
    packages: "docker-registry",
    start,
};

/// The number of bundles that are pushed at once.
const BUNDLES: u64 = 4;

/// A user with the password `tea`, as `htpasswd -B` writes it.
const USERS: &str = "anna:$2y$05$abcdefghijklmnopqrstuud6G93R2mClriPOkUzylPQG1gEj0ICEq\n";

fn start(folder: &Path) -> Started {
    let (port, at) = (free_port()?, folder.display());
    files::write(&folder.join("users"), USERS)?;
    let settings = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n\
         auth: {{htpasswd: {{realm: tea, path: {at}/users}}}}\nhttp: {{addr: 127.0.0.1:{port}}}\n"
    );
    files::write(&folder.join("settings.yml"), settings)?;
    let mut registry = Command::new("docker-registry");
    let mut servers = Servers::default();
    let _ = servers.start(registry.arg("serve").arg(folder.join("settings.yml")))?;
    until("the registry", STARTING, || accepts(port))?;
    let host = format!("127.0.0.1:{port}");
    let credentials = vec![
        pair("WASMPORT_REGISTRY", &host),
        pair("WASMPORT_REGISTRY_USERNAME", "anna"),
        pair("WASMPORT_REGISTRY_PASSWORD", "tea"),
    ];
    Ok((servers, vec![Address { url: host, credentials }]))
}

pub(crate) fn run() -> crate::Result {
    SERVER.check()?;
    let running = SERVER.start()?;
    let address = running.addresses.first().ok_or("the registry has no address")?;
    let machine = Machine::new(address)?;
    let reference = format!("{}/demo/number:1", address.url);
    machine.shares_bundles(&reference)?;
    machine.adds_and_updates(&reference)?;
    // A registry that stands still costs a bounded time.
    running.processes.stop_last()?;
    let began = Instant::now();
    let added = machine.run(&["pull", &reference, "--source", "--output", "x", "--timeout", "2"]);
    let took = began.elapsed();
    running.processes.continue_last()?;
    expect("a pull from a registry that stands still", &added?, 1)?;
    if took > Duration::from_secs(4) {
        return Err(format!("a pull took {took:.1?} while the registry stood still").into());
    }
    println!("docker-registry: a pull ended after {took:.1?} while it stood still");
    drop(running);
    machine.imports_without_the_network()?;
    println!("registry: {BUNDLES} bundles pushed at once and listed, sources added and updated");
    Ok(())
}

/// A project, and a key.
struct Machine {
    folder: TempDir,
    credentials: Vec<(String, String)>,
    public: String,
}

impl Machine {
    fn new(address: &Address) -> crate::Result<Self> {
        let folder = tempfile::tempdir()?;
        let credentials = address.credentials.clone();
        let mut machine = Self { folder, credentials, public: String::new() };
        files::write(&machine.path("wasmport.toml"), "")?;
        for number in [1, 2] {
            let wants = if number == 1 { "" } else { "(import \"env\" \"log\" (func))" };
            let text = format!(
                "(module {wants} (func (export \"number\") (result i32) (i32.const {number})))"
            );
            files::write(&machine.path(&format!("number{number}.wasm")), wat::parse_str(text)?)?;
        }
        let source = files::read_bytes(&machine.path("number1.wasm"))?;
        files::write(&machine.path("assets/number.wasm"), source)?;
        let made = machine.done(&["key", "new", "key"])?;
        machine.public = made.lines().last().unwrap_or_default().to_owned();
        Ok(machine)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// This program, which has the importer's commands.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap_or_default());
        command.args(args).current_dir(self.folder.path()).env("WASMPORT_CACHE_DIR", "cache");
        command.envs(self.credentials.iter().cloned()).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> crate::Result<Output> {
        Ok(self.command(args).output()?)
    }

    fn done(&self, args: &[&str]) -> crate::Result<String> {
        let output = self.run(args)?;
        expect(&args.join(" "), &output, 0)?;
        Ok(String::from_utf8(output.stdout)?)
    }

    fn json(&self, args: &[&str]) -> crate::Result<Value> {
        Ok(serde_json::from_str(&self.done(&[args, &["--format", "json"]].concat())?)?)
    }

    /// Pushes a source, and bundles of it at once; a pull takes the newest.
    fn shares_bundles(&self, reference: &str) -> crate::Result {
        let first = self.json(&["push", reference, "number1.wasm"])?;
        let again = self.json(&["push", reference, "number1.wasm"])?;
        if first["manifest"] != again["manifest"] {
            return Err("the same source has two manifests".into());
        }
        let _ = self.done(&["import", "--config", "wasmport.toml"])?;
        let mut pushes = Vec::new();
        for number in 1..=BUNDLES {
            let (file, generation) = (format!("{number}.wasmbundle"), number.to_string());
            let _ = self.done(&[
                "bundle",
                "--output",
                &file,
                "--key",
                "key",
                "--generation",
                &generation,
                "--config",
                "wasmport.toml",
            ])?;
            let mut push = self.command(&["push", reference, &file, "--format", "json"]);
            pushes.push(push.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?);
        }
        for push in pushes {
            let output = push.wait_with_output()?;
            expect("a push of a bundle", &output, 0)?;
            let pushed: Value = serde_json::from_slice(&output.stdout)?;
            if pushed["listed_by"] != "tag" || pushed["subject"] != first["manifest"] {
                return Err(format!("the bundle is not listed under the tag: {pushed}").into());
            }
        }
        for most in 1..=BUNDLES {
            // Each of them is listed: without those that are newer, it is the newest.
            let minimum = most.to_string();
            let pull = ["pull", reference, "--output", "pulled", "--trusted-key", &self.public];
            let pulled = self.json(
                &[&pull[..], &["--minimum-generation", &minimum, "--config", "wasmport.toml"]]
                    .concat(),
            )?;
            if pulled["generation"] != BUNDLES {
                return Err(format!("the pull took another bundle: {pulled}").into());
            }
        }
        let newest = files::read_bytes(&self.path(&format!("{BUNDLES}.wasmbundle")))?;
        if files::read_bytes(&self.path("pulled"))? != newest {
            return Err("the pull changed the bundle".into());
        }
        // A stranger's key does not count, and the reasons name every bundle that is listed.
        let _ = self.done(&["key", "new", "stranger"])?;
        let stranger = files::read(&self.path("stranger.pub"))?;
        let stranger = stranger.lines().last().unwrap_or_default().to_owned();
        let refused = self.run(&[
            "pull",
            reference,
            "--output",
            "none",
            "--trusted-key",
            &stranger,
            "--config",
            "wasmport.toml",
        ])?;
        expect("a pull for a stranger's key", &refused, 1)?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        let listed = said.matches("which is not trusted").count() as u64;
        if listed != BUNDLES {
            return Err(format!("{listed} of {BUNDLES} bundles are listed: {said}").into());
        }
        println!(
            "docker-registry: {BUNDLES} bundles were pushed at once, and are listed under a tag"
        );
        Ok(())
    }

    /// Adds a source, and updates it when its tag moves.
    fn adds_and_updates(&self, reference: &str) -> crate::Result {
        let _ = self.done(&[
            "add",
            reference,
            "--yes",
            "--to",
            "assets/added.wasm",
            "--config",
            "wasmport.toml",
        ])?;
        let _ = self.done(&["update", "--check", "--config", "wasmport.toml"])?;
        let _ = self.done(&["push", reference, "number2.wasm"])?;
        let moved = self.run(&["update", "--check", "--config", "wasmport.toml"])?;
        expect("a check of a tag that moved", &moved, 3)?;
        if !String::from_utf8_lossy(&moved.stdout).contains("NOW WANTS") {
            return Err("the check does not name the new capability".into());
        }
        let _ = self.done(&["update", "--yes", "--config", "wasmport.toml"])?;
        let updated = files::read_bytes(&self.path("assets/added.wasm"))?;
        if updated != files::read_bytes(&self.path("number2.wasm"))? {
            return Err("the update wrote another file".into());
        }
        // Without the password there is nothing.
        let mut refused = self.command(&["pull", reference, "--source", "--output", "none"]);
        let refused = refused.env("WASMPORT_REGISTRY_PASSWORD", "coffee").output()?;
        expect("a pull with another password", &refused, 1)?;
        if String::from_utf8_lossy(&refused.stderr).contains("coffee") {
            return Err("a message has the password".into());
        }
        println!("docker-registry: a source was added and updated");
        Ok(())
    }

    /// Imports, loses a file, and has it back from the cache.
    fn imports_without_the_network(&self) -> crate::Result {
        let _ = self.done(&["import", "--config", "wasmport.toml"])?;
        files::remove(&self.path("assets/added.wasm"));
        let lost = self.run(&["import", "--config", "wasmport.toml"])?;
        expect("an import without a pinned file", &lost, 1)?;
        let _ = self.done(&["fetch", "--config", "wasmport.toml"])?;
        let _ = self.done(&["check", "--locked", "--config", "wasmport.toml"])?;
        println!("docker-registry: imports and the cache do without it");
        Ok(())
    }
}

/// Fails if a command ended with another exit code.
fn expect(what: &str, output: &Output, code: i32) -> crate::Result {
    if output.status.code() == Some(code) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{what}: {} instead of the exit code {code}: {said}", output.status).into())
}
