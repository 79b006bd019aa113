//! Results of a cache, local and remote: a machine fills both, another reads from the remote one.

use super::process::{BYTES, Process, Took};
use crate::files;
use crate::remote::machine::Keys;
use crate::remote::servers::{Address, SERVERS};
use std::path::Path;
use std::process::Command;

/// The counters of a Redis server.
#[derive(Clone, Copy, Default)]
struct Counters {
    commands: u64,
    received: u64,
    sent: u64,
    memory: u64,
}

pub(super) fn measure(numbers: &[u64]) -> crate::Result {
    println!("Results of {BYTES} bytes each; the remote store is Redis on this machine.\n");
    println!(
        "| results | what | s | ms a result | peak MB | requests a result | bytes up | bytes down |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    numbers.iter().try_for_each(|number| measure_one(*number))
}

fn measure_one(number: u64) -> crate::Result {
    let redis = SERVERS.iter().find(|server| server.name == "redis").ok_or("there is no Redis")?;
    redis.check()?;
    let running = redis.start()?;
    let address = running.addresses.first().ok_or("the server has no address")?;
    let keys = Keys::create()?;
    let (writer, reader) = (project(address, &keys)?, project(address, &keys)?);
    let mut environment = address.credentials.clone();
    let mut before = Counters::read(address)?;
    let mut print = |what: &str, took: &Took| -> crate::Result {
        let now = Counters::read(address)?;
        let of = |count: u64| count as f64 / number as f64;
        println!(
            "| {number} | {what} | {:.1} | {:.3} | {} | {:.2} | {:.0} | {:.0} |",
            took.seconds,
            took.seconds * 1000.0 / number as f64,
            took.peak / 1024,
            of(now.commands - before.commands),
            of(now.received - before.received),
            of(now.sent - before.sent),
        );
        before = now;
        Ok(())
    };
    let read = Process::Results(number);
    let mut upload = environment.clone();
    upload.extend(keys.environment());
    print("computed, stored and uploaded", &expect(read.start(writer.path(), &upload)?, 0)?)?;
    print("found in the remote store", &expect(read.start(reader.path(), &environment)?, number)?)?;
    environment.push(("WASMPORT_REMOTE_MODE".into(), "off".into()));
    print("found in the local store", &expect(read.start(reader.path(), &environment)?, number)?)?;
    // Records and blobs.
    let half = Process::Prune.start(reader.path(), &environment)?;
    if half.found < number {
        return Err(format!("{} entries of {number} results were removed", half.found).into());
    }
    print("the older half removed", &half)?;
    eprintln!("{number} results take {} MB of Redis", before.memory >> 20);
    Ok(())
}

/// A project without assets, whose cache has a remote store.
fn project(address: &Address, keys: &Keys) -> crate::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let (url, key) = (&address.url, keys.public());
    // The measurement waits for all uploads.
    let settings = format!(
        "[cache.remote]\nurl = \"{url}\"\ntrusted-keys = [\"{key}\"]\nupload-seconds = 3600\nmax-seconds = 36000\n"
    );
    files::write(&folder.path().join("wasmport.toml"), settings)?;
    files::write(&folder.path().join("assets/none"), "")?;
    Ok(folder)
}

fn expect(took: Took, found: u64) -> crate::Result<Took> {
    if took.found == found && took.warnings.is_empty() {
        return Ok(took);
    }
    Err(format!("{} results were found, not {found}: {:?}", took.found, took.warnings).into())
}

impl Counters {
    fn read(address: &Address) -> crate::Result<Self> {
        let rest = address.url.strip_prefix("redis://").ok_or("the server is no Redis")?;
        let port = rest.split([':', '/']).nth(1).ok_or("the server has no port")?;
        let password = address.credentials.first().map(|(_, password)| password.as_str());
        let mut client = Command::new("redis-cli");
        client.args([
            "-p",
            port,
            "--no-auth-warning",
            "-a",
            password.unwrap_or_default(),
            "info",
            "all",
        ]);
        let output = client.current_dir(Path::new("/")).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |name: &str| -> crate::Result<u64> {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            Ok(value.ok_or_else(|| format!("Redis does not tell `{name}`"))?.trim().parse()?)
        };
        Ok(Self {
            commands: value("total_commands_processed")?,
            received: value("total_net_input_bytes")?,
            sent: value("total_net_output_bytes")?,
            memory: value("used_memory")?,
        })
    }
}
